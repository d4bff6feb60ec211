#include "runtime/context.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "runtime/frame.h"
#include "serializers/json.h"

void cq_context_init(struct cq_context *job, int fd)
{
    *job = (struct cq_context){
        .fd = fd,
        .clock = cq_clock_monotonic,
        .id = "",
        .queue = "",
        .worker = "",
        .function = "",
        .progress_saved_at = CQ_TIME_NEVER,
        .failure_class = "cq.JobFailed",
    };
    cq_arena_init(&job->arena);
    cq_arena_init(&job->meta_arena);
    cq_buf_init(&job->meta_saved, CQ_META_MAX);
    cq_buf_init(&job->failure, CQ_FAILURE_TEXT_MAX);
    cq_buf_init(&job->detail, CQ_FAILURE_TEXT_MAX);
}

void cq_context_release(struct cq_context *job)
{
    cq_arena_release(&job->arena);
    cq_arena_release(&job->meta_arena);
    cq_buf_release(&job->meta_saved);
    cq_buf_release(&job->failure);
    cq_buf_release(&job->detail);
}

/* vprintf into the failure text, cut at its limit. An argument may be the older text itself. */
static void set_failure(struct cq_context *job, const char *failure_class, const char *format, va_list args)
{
    char *text = NULL;
    int len = vasprintf(&text, format, args);
    job->failure_class = failure_class;
    cq_buf_clear(&job->failure);
    if (len > 0)
        cq_buf_append(&job->failure, text,
                      len < CQ_FAILURE_TEXT_MAX ? (size_t)len : (size_t)CQ_FAILURE_TEXT_MAX);
    free(text);
}

int cq_context_fail(struct cq_context *job, const char *failure_class, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set_failure(job, failure_class, format, args);
    va_end(args);
    return CQ_FAILED;
}

int cq_fail(cq_context *job, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set_failure(job, "cq.JobFailed", format, args);
    va_end(args);
    return CQ_FAILED;
}

const char *cq_current_id(const cq_context *job)
{
    return job->id;
}

const char *cq_current_queue(const cq_context *job)
{
    return job->queue;
}

const char *cq_current_worker(const cq_context *job)
{
    return job->worker;
}

const char *cq_current_function(const cq_context *job)
{
    return job->function;
}

int cq_retries_left(const cq_context *job)
{
    return job->retries_left;
}

/* ---- the outcome ---- */

static int set_result(struct cq_context *job, struct cq_value value)
{
    job->result = value;
    job->wants_retry = false;
    return CQ_DONE;
}

int cq_return_none(cq_context *job)
{
    return set_result(job, cq_value_none());
}

int cq_return_bool(cq_context *job, int value)
{
    return set_result(job, cq_value_bool(value != 0));
}

int cq_return_int(cq_context *job, long long value)
{
    return set_result(job, cq_value_int(value));
}

int cq_return_float(cq_context *job, double value)
{
    return set_result(job, cq_value_float(value));
}

int cq_return_str(cq_context *job, const char *text)
{
    if (!text)
        return cq_return_none(job);
    if (!cq_utf8_valid(cq_str(text)))
        return cq_context_fail(job, "cq.ResultError",
                               "the text returned is not UTF-8; return it with cq_return_bytes");
    return set_result(job, cq_value_str(cq_arena_str(&job->arena, cq_str(text))));
}

int cq_return_bytes(cq_context *job, const void *data, size_t size)
{
    if (size > CQ_RESULT_MAX)
        return cq_context_fail(job, "cq.ResultError", "the %zu bytes returned are above the limit of %d",
                               size, CQ_RESULT_MAX);
    struct cq_value value = {.kind = CQ_VALUE_BYTES};
    value.as.text = cq_str_n(cq_arena_strndup(&job->arena, data ? data : "", data ? size : 0),
                             data ? size : 0);
    return set_result(job, value);
}

int cq_return_json(cq_context *job, const char *text)
{
    struct cq_value value;
    struct cq_error err;
    if (!text)
        return cq_return_none(job);
    if (cq_json_read(cq_str(text), &job->arena, &value, &err))
        return cq_context_fail(job, "cq.ResultError", "the JSON returned cannot be read: %s", err.text);
    return set_result(job, value);
}

int cq_retry(cq_context *job, int max, int interval_s)
{
    if (max < 1 || interval_s < 0)
        return cq_context_fail(job, "cq.ResultError",
                               "cq_retry(max %d, interval %d s): max must be above 0, the interval not below",
                               max, interval_s);
    job->wants_retry = true;
    job->retry_max = max;
    job->retry_interval_s = interval_s;
    return CQ_DONE;
}

/* ---- the log ---- */

int cq_message(cq_context *job, cq_level level, const char *format, ...)
{
    static const char *const names[] = {"DEBUG", "INFO", "WARNING", "ERROR"};
    char text[CQ_MESSAGE_TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    struct cq_buf frame = CQ_BUF_INIT(2 * CQ_MESSAGE_TEXT_MAX);
    struct cq_frame_writer writer;
    struct cq_error err;
    cq_frame_start(&writer, &frame, "log");
    cq_frame_add_str(&writer, "level",
                     cq_str(names[(unsigned)level < CQ_ARRAY_LEN(names) ? level : CQ_LEVEL_INFO]));
    cq_frame_add_str(&writer, "text", cq_str(text));
    bool sent = cq_frame_end(&writer) && cq_frame_send(job->fd, cq_buf_view(&frame), NULL, 0, &err) == CQ_OK;
    cq_buf_release(&frame);
    return sent ? CQ_DONE
                : cq_context_fail(job, "cq.WorkerGone", "cannot send a message to the worker: %s", err.text);
}
