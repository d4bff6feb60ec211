#include "cmd/enqueue/prepare.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "cmd/line/arguments.h"
#include "job/keys.h"
#include "queue/queue.h"
#include "serializers/serializer.h"

enum {
    DESCRIPTION_MAX = 1024 * 1024, /* bytes; a longer call is described with its arguments cut, as job functions are */
    FUNCTION_MAX = 1024,           /* bytes of a dotted path */
};

void cq_enqueue_work_init(struct cq_enqueue_work *work, const struct cq_enqueue_options *options)
{
    *work = (struct cq_enqueue_work){
        .options = options,
        .arena = CQ_ARENA_INIT,
        .call_text = CQ_BUF_INIT(DESCRIPTION_MAX),
        .data = CQ_BUF_INIT(CQ_PAYLOAD_MAX),
        .retry_intervals = CQ_BUF_INIT(DESCRIPTION_MAX),
    };
}

void cq_enqueue_work_release(struct cq_enqueue_work *work)
{
    cq_buf_release(&work->retry_intervals);
    cq_buf_release(&work->data);
    cq_buf_release(&work->call_text);
    cq_arena_release(&work->arena);
}

static enum cq_code check_function(const char *function, struct cq_error *err)
{
    size_t len = strlen(function);
    bool printable = cq_utf8_valid(cq_str(function));
    for (size_t i = 0; i < len; i++)
        printable = printable && (unsigned char)function[i] >= ' ' && function[i] != 127;
    if (!len || len > FUNCTION_MAX || !printable)
        return cq_error_set(err, CQ_ERR_USAGE, "'%.80s' cannot be a function's name; give a dotted path such as mail.send",
                            function);
    return CQ_OK;
}

static enum cq_code check_options(const struct cq_enqueue_options *options, struct cq_error *err)
{
    if (options->timeout_s == 0)
        return cq_error_set(err, CQ_ERR_USAGE, "--timeout: 0 timeout is not allowed. Use -1 for infinite timeout");
    if (options->ttl_s == 0 || options->ttl_s == -1)
        return cq_error_set(err, CQ_ERR_USAGE, "--ttl: Job ttl must be greater than 0; leave it out for no limit");
    if (options->job_id && !cq_job_id_valid(cq_str(options->job_id)))
        return cq_error_set(err, CQ_ERR_USAGE,
                            "--job-id: Job ID must only contain letters, numbers, underscores and dashes, at most %d", CQ_NAME_MAX);
    if (options->unique && !options->job_id)
        return cq_error_set(err, CQ_ERR_USAGE, "--unique needs --job-id: a generated id is always unique");
    if (options->wait_timeout_s != CQ_OPTION_UNSET && !options->wait)
        return cq_error_set(err, CQ_ERR_USAGE, "--wait-timeout needs --wait");
    return cq_queue_name_check(cq_str(options->queue), err);
}

/* RQ's Retry(max, intervals): json.dumps of the list. */
static void fill_retry(struct cq_enqueue_work *work)
{
    const struct cq_strv *intervals = &work->options->retry_intervals;
    if (work->options->retry_max == 0)
        return;
    cq_buf_char(&work->retry_intervals, '[');
    cq_strv_join(intervals, ", ", &work->retry_intervals);
    cq_buf_text(&work->retry_intervals, intervals->len ? "]" : "0]");
    work->job.retries_left = work->options->retry_max;
    work->job.retry_intervals = cq_buf_view(&work->retry_intervals);
}

static void fill_job(struct cq_enqueue_work *work, cq_time now)
{
    const struct cq_enqueue_options *options = work->options;
    struct cq_job *job = &work->job;
    cq_job_init(job);
    if (options->job_id) {
        job->id = cq_str(options->job_id);
    } else {
        cq_job_id_generate(work->id);
        job->id = cq_str(work->id);
    }
    job->origin = cq_str(options->queue);
    job->data = cq_buf_view(&work->data);
    job->description = options->description && *options->description ? cq_str(options->description) : cq_buf_view(&work->call_text);
    job->created_at = now;
    job->timeout_s = options->timeout_s == CQ_OPTION_UNSET ? CQ_JOB_TIMEOUT_DEFAULT_S : options->timeout_s;
    job->result_ttl_s = options->result_ttl_s; /* CQ_OPTION_UNSET is CQ_TTL_UNSET */
    job->ttl_s = options->ttl_s;
    job->failure_ttl_s = options->failure_ttl_s;
    fill_retry(work);
}
_Static_assert(CQ_OPTION_UNSET == CQ_TTL_UNSET, "an option that was not given leaves the field out");

enum cq_code cq_enqueue_prepare(struct cq_enqueue_work *work, const struct cq_run *run, enum cq_format format,
                                struct cq_error *err)
{
    enum cq_code code = check_options(work->options, err);
    if (code == CQ_OK)
        code = check_function(run->args[0], err);
    if (code != CQ_OK)
        return code;
    work->call = (struct cq_call){.format = format, .function = cq_str(run->args[0]), .instance = cq_value_none()};
    code = cq_arguments_read(run->args + 1, run->arg_count - 1, &work->arena, &work->call, err);
    if (code == CQ_OK)
        code = cq_call_write(&work->call, &work->data, err);
    if (code != CQ_OK)
        return code;
    cq_arguments_describe(&work->call, &work->call_text);
    fill_job(work, cq_clock_now());
    return CQ_OK;
}
