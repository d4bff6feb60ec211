#include "worker/rider.h"

#include <fcntl.h>
#include <unistd.h>

#include "worker/runtimes/log_frame.h"

bool cq_rider_open_output(struct cq_rider *rider)
{
    static const char *const streams[2] = {"stdout", "stderr"};
    rider->output[0].fd = rider->output[1].fd = rider->pipes[0] = rider->pipes[1] = -1;
    if (rider->process->settings->job_output == CQ_OUTPUT_PASS)
        return true;
    for (int i = 0; i < 2; i++) {
        if (rider->process->settings->job_output == CQ_OUTPUT_DISCARD)
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
    struct cq_log_frame line;
    cq_log_frame_read(frame, &line);
    if (tail && line.kept && cq_log_enabled(log, line.level))
        cq_tail_add(tail, line.text);
    cq_log_lines(log, line.level, worker, job_id, line.text);
}
