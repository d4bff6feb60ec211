#include "worker/rider.h"

#include <fcntl.h>
#include <unistd.h>

bool cq_rider_open_output(struct cq_rider *rider)
{
    static const char *const streams[2] = {"stdout", "stderr"};
    rider->output[0].fd = rider->output[1].fd = rider->pipes[0] = rider->pipes[1] = -1;
    if (rider->process->options->job_output == CQ_OUTPUT_PASS)
        return true;
    for (int i = 0; i < 2; i++) {
        if (rider->process->options->job_output == CQ_OUTPUT_DISCARD)
            rider->pipes[i] = open("/dev/null", O_WRONLY | O_CLOEXEC);
        else if (!cq_output_open(&rider->output[i], rider, streams[i], &rider->pipes[i]))
            return false;
        if (rider->pipes[i] < 0)
            return false;
    }
    return true;
}

void cq_rider_close_output(struct cq_rider *rider)
{
    for (int i = 0; i < 2; i++) {
        cq_output_close(&rider->output[i]);
        if (rider->pipes[i] >= 0)
            close(rider->pipes[i]);
        rider->pipes[i] = -1;
    }
}

void cq_rider_drain(struct cq_rider *rider)
{
    for (int i = 0; i < 2; i++)
        cq_output_drain(&rider->output[i], true);
}

void cq_rider_log(struct cq_log *log, const char *worker, const char *job_id, struct cq_tail *tail,
                  const struct cq_frame *frame)
{
    enum cq_log_level level = CQ_LOG_INFO;
    char name[16] = "";
    struct cq_str word = cq_frame_get_str(frame, "level");
    struct cq_str text = cq_frame_get_str(frame, "text");
    if (word.len < sizeof(name)) {
        memcpy(name, word.data ? word.data : "", word.len);
        name[word.len] = '\0';
        cq_log_parse_level(name, &level);
    }
    while (text.len && text.data[text.len - 1] == '\n')
        text.len--;
    if (tail && cq_log_enabled(log, level) && cq_frame_get_bool(frame, "kept", true))
        cq_tail_add(tail, text);
    cq_log_lines(log, level, worker, job_id, text);
}
