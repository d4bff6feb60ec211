#include "worker/output.h"

#include <fcntl.h>
#include <unistd.h>

#include "worker/rider.h"

static void write_line(struct cq_output *output)
{
    struct cq_rider *rider = output->rider;
    const struct cq_buf *id = rider->job_id;
    cq_log_output(rider->process->log, rider->name, id->len ? id->data : "-", output->stream,
                  cq_buf_view(&output->line));
    if (rider->tail)
        cq_tail_add(rider->tail, cq_buf_view(&output->line));
    cq_buf_clear(&output->line);
}

static void take(struct cq_output *output, const char *data, size_t len)
{
    for (size_t start = 0; start < len;) {
        const char *end = memchr(data + start, '\n', len - start);
        size_t part = end ? (size_t)(end - (data + start)) : len - start;
        size_t room = CQ_OUTPUT_LINE_MAX - output->line.len;
        bool whole = end && part <= room;
        if (part > room)
            part = room;
        cq_buf_append(&output->line, data + start, part);
        start += part + (whole ? 1 : 0);
        if (whole || output->line.len == CQ_OUTPUT_LINE_MAX)
            write_line(output);
    }
}

void cq_output_drain(struct cq_output *output, bool job_ended)
{
    char piece[16 * 1024];
    if (output->fd < 0)
        return;
    /* A job that writes without end must not hold the loop: some now, the rest when the loop comes round. */
    for (int rounds = 0; rounds < 64; rounds++) {
        ssize_t n = read(output->fd, piece, sizeof(piece));
        if (n <= 0)
            break;
        take(output, piece, (size_t)n);
        if ((size_t)n < sizeof(piece))
            break;
    }
    if (job_ended && output->line.len)
        write_line(output);
}

static void on_readable(struct ev_loop *loop, ev_io *watcher, int events)
{
    (void)loop, (void)events;
    cq_output_drain(watcher->data, false);
}

bool cq_output_open(struct cq_output *output, struct cq_rider *rider, const char *stream, int *ret_write_fd)
{
    int ends[2];
    *output = (struct cq_output){
        .rider = rider, .stream = stream, .fd = -1, .line = CQ_BUF_INIT(CQ_OUTPUT_LINE_MAX)};
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    /* Only our end: a job that finds its standard output non-blocking loses lines. */
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    output->fd = ends[0];
    ev_io_init(&output->reader, on_readable, output->fd, EV_READ);
    output->reader.data = output;
    ev_io_start(rider->process->loop, &output->reader);
    *ret_write_fd = ends[1];
    return true;
}

void cq_output_close(struct cq_output *output)
{
    if (output->fd < 0)
        return;
    cq_output_drain(output, true);
    ev_io_stop(output->rider->process->loop, &output->reader);
    close(output->fd);
    output->fd = -1;
    cq_buf_release(&output->line);
}
