#include "cmd/enqueue/prepare.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cmd/enqueue/again.h"
#include "cmd/enqueue/follow.h"
#include "cmd/enqueue/when.h"
#include "cmd/line/arguments.h"
#include "job/keys.h"
#include "queue/queue.h"
#include "serializers/serializer.h"

enum {
    DESCRIPTION_MAX =
        1024 * 1024, /* bytes; a longer call is described with its arguments cut, as job functions are */
    INTERVALS_MAX = 64 * 1024 * 1024, /* bytes of JSON */
    /* the first script takes their ids: up to 10 ms of Redis; it is registered with 500 in a call */
    DEPENDENCIES_MAX = 10000,
};

void cq_enqueue_work_init(struct cq_enqueue_work *work, const struct cq_enqueue_options *options)
{
    *work = (struct cq_enqueue_work){
        .options = options,
        .arena = CQ_ARENA_INIT,
        .call_text = CQ_BUF_INIT(DESCRIPTION_MAX),
        .data = CQ_BUF_INIT(CQ_PAYLOAD_MAX),
        .meta = CQ_BUF_INIT(CQ_PAYLOAD_MAX),
        .retry_intervals = CQ_BUF_INIT(INTERVALS_MAX),
        .repeat_intervals = CQ_BUF_INIT(INTERVALS_MAX),
        .webhooks = CQ_BUF_INIT(CQ_PAYLOAD_MAX),
        .ids = CQ_STRV_INIT,
        .due = CQ_TIME_UNSET,
    };
}

void cq_enqueue_work_release(struct cq_enqueue_work *work)
{
    free(work->dependencies);
    cq_strv_release(&work->ids);
    cq_buf_release(&work->webhooks);
    cq_buf_release(&work->repeat_intervals);
    cq_buf_release(&work->retry_intervals);
    cq_buf_release(&work->meta);
    cq_buf_release(&work->data);
    cq_buf_release(&work->call_text);
    cq_arena_release(&work->arena);
}

static enum cq_code check_function(const char *function, struct cq_error *err)
{
    if (cq_enqueue_is_name(cq_str(function), CQ_FUNCTION_MAX))
        return CQ_OK;
    return cq_error_set(err, CQ_ERR_USAGE,
                        "'%.80s' cannot be a function's name; give a dotted path such as mail.send",
                        function);
}

static enum cq_code check_options(const struct cq_enqueue_options *options, struct cq_error *err)
{
    if (options->timeout_s == 0)
        return cq_error_set(err, CQ_ERR_USAGE,
                            "--timeout: 0 timeout is not allowed. Use -1 for infinite timeout");
    if (options->ttl_s == 0 || options->ttl_s == -1)
        return cq_error_set(err, CQ_ERR_USAGE,
                            "--ttl: Job ttl must be greater than 0; leave it out for no limit");
    if (options->job_id && !cq_job_id_valid(cq_str(options->job_id)))
        return cq_error_set(
            err, CQ_ERR_USAGE,
            "--job-id: Job ID must only contain letters, numbers, underscores and dashes, at most %d",
            CQ_NAME_MAX);
    if (options->unique && !options->job_id)
        return cq_error_set(err, CQ_ERR_USAGE, "--unique needs --job-id: a generated id is always unique");
    if (options->wait_timeout_s != CQ_OPTION_UNSET && !options->wait)
        return cq_error_set(err, CQ_ERR_USAGE, "--wait-timeout needs --wait");
    if (options->wait && options->result_ttl_s == 0)
        return cq_error_set(
            err, CQ_ERR_USAGE,
            "--wait: with --result-ttl 0 nothing is left of the job to be waited for; give it 10");
    if (options->print_id && (options->quiet || options->wait))
        return cq_error_set(err, CQ_ERR_USAGE, "--print-id: %s; leave out one of them",
                            options->quiet ? "--quiet has nothing printed"
                                           : "--wait prints what the job returns");
    if (options->group && !cq_enqueue_is_name(cq_str(options->group), CQ_NAME_MAX))
        return cq_error_set(err, CQ_ERR_USAGE,
                            "--group: '%.80s' cannot be a group's name; give 1 to %d bytes of text",
                            options->group, CQ_NAME_MAX);
    if (options->rate_limit_key && !cq_enqueue_is_name(cq_str(options->rate_limit_key), CQ_NAME_MAX))
        return cq_error_set(err, CQ_ERR_USAGE,
                            "--rate-limit-key: '%.80s' cannot be a key; give 1 to %d bytes of text",
                            options->rate_limit_key, CQ_NAME_MAX);
    if (options->rate_limit_concurrency != CQ_OPTION_UNSET && !options->rate_limit_key)
        return cq_error_set(err, CQ_ERR_USAGE,
                            "--rate-limit-concurrency needs --rate-limit-key: whose jobs are to be counted");
    return cq_queue_name_check(cq_str(options->queue), err);
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
    job->description = options->description && *options->description ? cq_str(options->description)
                                                                     : cq_buf_view(&work->call_text);
    job->created_at = now;
    job->timeout_s = options->timeout_s == CQ_OPTION_UNSET ? CQ_JOB_TIMEOUT_DEFAULT_S : options->timeout_s;
    job->result_ttl_s = options->result_ttl_s; /* CQ_OPTION_UNSET is CQ_TTL_UNSET */
    job->ttl_s = options->ttl_s;
    job->failure_ttl_s = options->failure_ttl_s;
    if (options->group)
        job->group_id = cq_str(options->group);
    if (options->rate_limit_key)
        job->rate_limit_key = cq_str(options->rate_limit_key);
    if (options->rate_limit_concurrency != CQ_OPTION_UNSET)
        job->rate_limit_concurrency = options->rate_limit_concurrency;
}
_Static_assert(CQ_OPTION_UNSET == CQ_TTL_UNSET, "an option that was not given leaves the field out");

/* RQ's scheduler queues a due job with its dependencies still open: together they would not do what they say.
 */
static enum cq_code fill_time(struct cq_enqueue_work *work, struct cq_error *err)
{
    const struct cq_enqueue_options *options = work->options;
    struct cq_job *job = &work->job;
    bool in = options->schedule_in_s != CQ_OPTION_UNSET;
    if (!in && !options->schedule_at)
        return CQ_OK;
    if (in && options->schedule_at)
        return cq_error_set(err, CQ_ERR_USAGE, "You can't specify both --schedule-in and --schedule-at");
    if (options->depends_on.len)
        return cq_error_set(
            err, CQ_ERR_USAGE,
            "--depends-on: a scheduled job is queued when it is due, whatever it depends on; leave "
            "out either that or the time");
    if (in)
        work->due = job->created_at + options->schedule_in_s * CQ_SECOND;
    else if (cq_when_parse(options->schedule_at, job->created_at, &work->due, err) != CQ_OK)
        return CQ_ERR_USAGE;
    if (work->due / CQ_SECOND <= 0)
        return cq_error_set(err, CQ_ERR_USAGE,
                            "--schedule-at: '%.60s' is too long ago; give a time after 1970",
                            options->schedule_at);
    if (job->ttl_s != CQ_TTL_UNSET && work->due >= job->created_at + job->ttl_s * CQ_SECOND)
        return cq_error_set(err, CQ_ERR_USAGE,
                            "--ttl: the job would be discarded before it is due; give it more time, or none");
    job->has_enqueue_at_front = job->enqueue_at_front = options->at_front; /* as Queue.enqueue_at does */
    return CQ_OK;
}

/* An id that is empty is mostly a shell variable that is: its job would run at once, without a word. */
static enum cq_code read_ids(const struct cq_strv *texts, struct cq_strv *ids, struct cq_error *err)
{
    for (size_t i = 0; i < texts->len; i++) {
        size_t parts = 1, before = ids->len;
        for (const char *at = texts->items[i]; *at; at++)
            parts += *at == ',';
        cq_strv_split(ids, cq_str(texts->items[i]), ',');
        if (ids->len - before != parts)
            return cq_error_set(err, CQ_ERR_USAGE,
                                "--depends-on: '%.80s' %s; give ids with commas between them",
                                texts->items[i], parts == 1 ? "is not an id" : "has an id missing");
    }
    return CQ_OK;
}

/* With either of allow_failure and at_front RQ's Dependency writes both. */
static enum cq_code fill_dependencies(struct cq_enqueue_work *work, struct cq_error *err)
{
    const struct cq_enqueue_options *options = work->options;
    struct cq_job *job = &work->job;
    struct cq_strv *ids = &work->ids;
    if (read_ids(&options->depends_on, ids, err) != CQ_OK)
        return CQ_ERR_USAGE;
    if (ids->len > DEPENDENCIES_MAX)
        return cq_error_set(err, CQ_ERR_USAGE, "--depends-on: a job can wait for %d jobs at most",
                            DEPENDENCIES_MAX);
    if (options->allow_failure && !ids->len)
        return cq_error_set(err, CQ_ERR_USAGE, "--allow-failure needs --depends-on");
    if (options->unique && ids->len)
        return cq_error_set(
            err, CQ_ERR_USAGE,
            "--unique is not supported with --depends-on, in RQ neither; leave out one of them");
    work->dependencies = cq_calloc(ids->len + 1, sizeof(*work->dependencies));
    for (size_t i = 0; i < ids->len; i++) {
        struct cq_str id = work->dependencies[i] = cq_str(ids->items[i]);
        if (!cq_enqueue_is_name(id, CQ_NAME_MAX))
            return cq_error_set(err, CQ_ERR_USAGE, "--depends-on: '%.80s' cannot be a job's id", id.data);
        if (cq_str_eq(id, job->id))
            return cq_error_set(err, CQ_ERR_USAGE, "--depends-on: job '%.80s' cannot wait for itself",
                                id.data);
    }
    if (ids->len && (options->allow_failure || options->at_front)) {
        job->has_allow_dependency_failures = job->has_enqueue_at_front = true;
        job->allow_dependency_failures = options->allow_failure;
        job->enqueue_at_front = options->at_front;
    }
    return CQ_OK;
}

/* A dict, serialized as the call is. */
static enum cq_code fill_meta(struct cq_enqueue_work *work, enum cq_format format, struct cq_error *err)
{
    const struct cq_strv *texts = &work->options->meta;
    struct cq_function_call call;
    struct cq_error why;
    if (!texts->len)
        return CQ_OK;
    enum cq_code code = cq_arguments_read((const char *const *)texts->items, texts->len, &work->arena, &call,
                                          &why);
    if (code == CQ_OK && call.args.as.list.len)
        code = cq_error_set(&why, CQ_ERR_USAGE,
                            "a value without a key; write KEY=VALUE, KEY:=JSON or KEY%%=LITERAL");
    if (code == CQ_OK)
        code = cq_encode(format, &call.kwargs, &work->meta, &why);
    if (code != CQ_OK)
        return cq_error_set(err, code, "--meta: %s", why.text);
    work->job.meta = cq_buf_view(&work->meta);
    return CQ_OK;
}

enum cq_code cq_enqueue_prepare(struct cq_enqueue_work *work, const struct cq_run *run, enum cq_format format,
                                struct cq_error *err)
{
    enum cq_code code = check_options(work->options, err);
    if (code == CQ_OK)
        code = check_function(run->args[0], err);
    if (code != CQ_OK)
        return code;
    work->call = (struct cq_function_call){
        .format = format, .function = cq_str(run->args[0]), .instance = cq_value_none()};
    code = cq_arguments_read(run->args + 1, run->arg_count - 1, &work->arena, &work->call, err);
    if (code == CQ_OK)
        code = cq_function_call_write(&work->call, &work->data, err);
    if (code != CQ_OK)
        return code;
    cq_arguments_describe(&work->call, &work->call_text);
    fill_job(work, cq_clock_now());
    code = fill_time(work, err);
    if (code == CQ_OK)
        code = fill_meta(work, format, err);
    if (code == CQ_OK)
        code = fill_dependencies(work, err);
    if (code == CQ_OK)
        code = cq_enqueue_again(work->options, &work->retry_intervals, &work->repeat_intervals, &work->job,
                                err);
    if (code == CQ_OK)
        code = cq_enqueue_follow(work->options, &work->webhooks, &work->job, err);
    return code;
}
