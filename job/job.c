#include "job/job.h"

#include <string.h>

#include "serializers/serializer.h"

static const char *const status_names[] = {
    [CQ_JOB_UNKNOWN] = "unknown",
    [CQ_JOB_CREATED] = "created",
    [CQ_JOB_QUEUED] = "queued",
    [CQ_JOB_STARTED] = "started",
    [CQ_JOB_DEFERRED] = "deferred",
    [CQ_JOB_SCHEDULED] = "scheduled",
    [CQ_JOB_FINISHED] = "finished",
    [CQ_JOB_FAILED] = "failed",
    [CQ_JOB_STOPPED] = "stopped",
    [CQ_JOB_CANCELED] = "canceled",
    [CQ_JOB_RATE_LIMITED] = "rate_limited",
    [CQ_JOB_READY_TO_ENQUEUE] = "ready_to_enqueue",
};

const char *cq_job_status_name(enum cq_job_status status)
{
    return (size_t)status < CQ_ARRAY_LEN(status_names) ? status_names[status] : status_names[CQ_JOB_UNKNOWN];
}

enum cq_job_status cq_job_status_parse(struct cq_str text)
{
    for (size_t i = CQ_JOB_CREATED; i < CQ_ARRAY_LEN(status_names); i++)
        if (cq_str_is(text, status_names[i]))
            return (enum cq_job_status)i;
    return CQ_JOB_UNKNOWN;
}

void cq_job_init(struct cq_job *job)
{
    memset(job, 0, sizeof(*job));
    job->created_at = CQ_TIME_UNSET;
    job->timeout_s = job->result_ttl_s = job->failure_ttl_s = job->ttl_s = CQ_TTL_UNSET;
    job->success_callback_timeout_s = job->failure_callback_timeout_s = job->stopped_callback_timeout_s =
        CQ_TTL_UNSET;
    job->retries_left = job->repeats_left = job->rate_limit_concurrency = -1;
}

static int put_text(struct cq_command *command, const char *name, struct cq_str text)
{
    cq_command_text(command, name);
    cq_command_arg(command, text);
    return 2;
}

static int put_number(struct cq_command *command, const char *name, int64_t number, int64_t unset)
{
    if (number == unset)
        return 0;
    cq_command_text(command, name);
    cq_command_int(command, number);
    return 2;
}

static int put_present(struct cq_command *command, const char *name, struct cq_str text)
{
    return text.data ? put_text(command, name, text) : 0;
}

/* RQ writes the first of dependency_ids once more, for old readers. */
static int put_dependencies(struct cq_command *command, struct cq_str ids)
{
    if (!ids.data)
        return 0;
    int count = 0;
    struct cq_arena arena = CQ_ARENA_INIT;
    struct cq_value list;
    if (cq_decode(CQ_FORMAT_JSON, ids, &arena, &list, NULL) == CQ_OK && list.kind == CQ_VALUE_LIST &&
        list.as.list.len > 0 && list.as.list.items[0].kind == CQ_VALUE_STR)
        count += put_text(command, "dependency_id", list.as.list.items[0].as.text);
    cq_arena_release(&arena);
    return count + put_text(command, "dependency_ids", ids);
}

int cq_job_write(const struct cq_job *job, struct cq_command *command)
{
    char created_at[CQ_TIME_ISO_SIZE] = "";
    if (job->created_at != CQ_TIME_UNSET)
        cq_time_iso(job->created_at, created_at);
    int count = put_text(command, "created_at", cq_str(created_at));
    count += put_text(command, "data", job->data);
    count += put_text(command, "success_callback_name", job->success_callback_name);
    count += put_text(command, "failure_callback_name", job->failure_callback_name);
    count += put_text(command, "stopped_callback_name", job->stopped_callback_name);
    count += put_text(command, "started_at", CQ_STR_NONE);
    count += put_text(command, "ended_at", CQ_STR_NONE);
    count += put_text(command, "last_heartbeat", CQ_STR_NONE);
    count += put_text(command, "worker_name", CQ_STR_NONE);
    count += put_text(command, "group_id", job->group_id);
    count += put_number(command, "retries_left", job->retries_left, -1);
    count += put_present(command, "retry_intervals", job->retry_intervals);
    count += put_number(command, "enqueue_at_front_on_retry", job->enqueue_at_front_on_retry, 0);
    count += put_present(command, "origin", job->origin);
    count += put_present(command, "description", job->description);
    count += put_number(command, "repeats_left", job->repeats_left, -1);
    count += put_present(command, "repeat_intervals", job->repeat_intervals);
    count += put_number(command, "timeout", job->timeout_s, CQ_TTL_UNSET);
    count += put_number(command, "success_callback_timeout", job->success_callback_timeout_s, CQ_TTL_UNSET);
    count += put_number(command, "failure_callback_timeout", job->failure_callback_timeout_s, CQ_TTL_UNSET);
    count += put_number(command, "stopped_callback_timeout", job->stopped_callback_timeout_s, CQ_TTL_UNSET);
    count += put_present(command, "webhooks", job->webhooks);
    count += put_present(command, "rate_limit_key", job->rate_limit_key);
    count += put_number(command, "rate_limit_concurrency", job->rate_limit_concurrency, -1);
    count += put_number(command, "result_ttl", job->result_ttl_s, CQ_TTL_UNSET);
    count += put_number(command, "failure_ttl", job->failure_ttl_s, CQ_TTL_UNSET);
    count += put_dependencies(command, job->dependency_ids);
    count += put_present(command, "meta", job->meta);
    count += put_number(command, "ttl", job->ttl_s, CQ_TTL_UNSET);
    if (job->has_allow_dependency_failures)
        count += put_number(command, "allow_dependency_failures", job->allow_dependency_failures,
                            CQ_TTL_UNSET);
    if (job->has_enqueue_at_front)
        count += put_number(command, "enqueue_at_front", job->enqueue_at_front, CQ_TTL_UNSET);
    return count;
}
