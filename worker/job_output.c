#include "worker/job_output.h"

#include <fcntl.h>
#include <unistd.h>

#include "worker/runtimes/log_frame.h"

void cq_output_init(struct cq_output *output, struct cq_worker_context *context, const char *worker,
                    const struct cq_buf *job_id, struct cq_output_tail *tail)
{
    *output = (struct cq_output){
        .context = context,
        .worker = worker,
        .job_id = job_id,
        .tail = tail,
        .streams = {{.fd = -1}, {.fd = -1}},
        .pipes = {-1, -1},
    };
}

static void write_line(struct cq_output_stream *stream)
{
    struct cq_output *output = stream->output;
    const struct cq_buf *id = output->job_id;
    cq_log_output(output->context->log, output->worker, id->len ? id->data : "-", stream->name,
                  cq_buf_view(&stream->line));
    if (output->tail)
        cq_output_tail_add(output->tail, cq_buf_view(&stream->line));
    cq_buf_clear(&stream->line);
}

static void take(struct cq_output_stream *stream, const char *data, size_t len)
{
    for (size_t start = 0; start < len;) {
        const char *end = memchr(data + start, '\n', len - start);
        size_t part = end ? (size_t)(end - (data + start)) : len - start;
        size_t room = CQ_OUTPUT_LINE_MAX - stream->line.len;
        bool whole = end && part <= room;
        if (part > room)
            part = room;
        cq_buf_append(&stream->line, data + start, part);
        start += part + (whole ? 1 : 0);
        if (whole || stream->line.len == CQ_OUTPUT_LINE_MAX)
            write_line(stream);
    }
}

static void read_stream(struct cq_output_stream *stream)
{
    char piece[16 * 1024];
    /* A job that writes without end must not hold the loop: read some now, the rest in a later turn. */
    for (int rounds = 0; rounds < 64; rounds++) {
        ssize_t n = read(stream->fd, piece, sizeof(piece));
        if (n <= 0)
            break;
        take(stream, piece, (size_t)n);
        if ((size_t)n < sizeof(piece))
            break;
    }
}

static void drain(struct cq_output_stream *stream)
{
    if (stream->fd < 0)
        return;
    read_stream(stream);
    if (stream->line.len)
        write_line(stream);
}

static void on_readable(struct ev_loop *loop, ev_io *watcher, int events)
{
    (void)loop, (void)events;
    read_stream(watcher->data);
}

/* *ret_pipe is the horse's end. */
static bool open_stream(struct cq_output *output, struct cq_output_stream *stream, const char *name,
                        int *ret_pipe)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    /* Only our end: a job that finds its standard output non-blocking loses lines. */
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    *stream = (struct cq_output_stream){
        .output = output, .name = name, .fd = ends[0], .line = CQ_BUF_INIT(CQ_OUTPUT_LINE_MAX)};
    ev_io_init(&stream->reader, on_readable, stream->fd, EV_READ);
    stream->reader.data = stream;
    ev_io_start(output->context->loop, &stream->reader);
    *ret_pipe = ends[1];
    return true;
}

bool cq_output_open(struct cq_output *output)
{
    static const char *const names[2] = {"stdout", "stderr"};
    enum cq_job_output kind = output->context->settings->job_output;
    for (int i = 0; kind != CQ_OUTPUT_PASS && i < 2; i++) {
        if (kind == CQ_OUTPUT_DISCARD)
            output->pipes[i] = open("/dev/null", O_WRONLY | O_CLOEXEC);
        else if (!open_stream(output, &output->streams[i], names[i], &output->pipes[i]))
            return false;
        if (output->pipes[i] < 0)
            return false;
    }
    return true;
}

static void close_stream(struct cq_output_stream *stream)
{
    if (stream->fd < 0)
        return;
    drain(stream);
    ev_io_stop(stream->output->context->loop, &stream->reader);
    close(stream->fd);
    stream->fd = -1;
    cq_buf_release(&stream->line);
}

void cq_output_close(struct cq_output *output)
{
    for (int i = 0; i < 2; i++) {
        close_stream(&output->streams[i]);
        if (output->pipes[i] >= 0)
            close(output->pipes[i]);
        output->pipes[i] = -1;
    }
}

void cq_output_drain(struct cq_output *output)
{
    for (int i = 0; i < 2; i++)
        drain(&output->streams[i]);
}

void cq_output_frame(struct cq_output *output, const struct cq_frame *frame)
{
    struct cq_log *log = output->context->log;
    struct cq_log_frame line;
    cq_log_frame_read(frame, &line);
    if (output->tail && line.kept && cq_log_enabled(log, line.level))
        cq_output_tail_add(output->tail, line.text);
    cq_log_lines(log, line.level, output->worker, output->job_id->len ? output->job_id->data : NULL,
                 line.text);
}
