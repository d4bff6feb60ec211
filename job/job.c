#include "job/job.h"

#include <stddef.h>
#include <string.h>

#include "base/number.h"
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
    job->created_at = job->enqueued_at = job->started_at = job->ended_at = job->last_heartbeat =
        CQ_TIME_UNSET;
    job->timeout_s = job->result_ttl_s = job->failure_ttl_s = job->ttl_s = CQ_TTL_UNSET;
    job->success_callback_timeout_s = job->failure_callback_timeout_s = job->stopped_callback_timeout_s =
        CQ_TTL_UNSET;
    job->retries_left = job->number_of_retries = job->repeats_left = job->rate_limit_concurrency = -1;
}

/* How the text of a field becomes a member. */
enum kind { TEXT, TIME, SECONDS, COUNT, FLAG, STATUS };

static const struct field {
    struct cq_str name;
    enum kind kind;
    size_t offset;
} fields[] = {
#define FIELD(field, kind) {{#field, sizeof(#field) - 1}, kind, offsetof(struct cq_job, field)}
#define SECONDS_FIELD(field) {{#field, sizeof(#field) - 1}, SECONDS, offsetof(struct cq_job, field##_s)}
    FIELD(data, TEXT),
    FIELD(origin, TEXT),
    FIELD(description, TEXT),
    FIELD(status, STATUS),
    FIELD(created_at, TIME),
    FIELD(enqueued_at, TIME),
    FIELD(started_at, TIME),
    FIELD(ended_at, TIME),
    FIELD(last_heartbeat, TIME),
    FIELD(worker_name, TEXT),
    SECONDS_FIELD(timeout),
    SECONDS_FIELD(result_ttl),
    SECONDS_FIELD(failure_ttl),
    SECONDS_FIELD(ttl),
    FIELD(meta, TEXT),
    FIELD(group_id, TEXT),
    FIELD(retries_left, COUNT),
    FIELD(retry_intervals, TEXT),
    FIELD(number_of_retries, COUNT),
    FIELD(enqueue_at_front_on_retry, FLAG),
    FIELD(repeats_left, COUNT),
    FIELD(repeat_intervals, TEXT),
    FIELD(enqueue_at_front, FLAG),
    FIELD(dependency_ids, TEXT),
    FIELD(allow_dependency_failures, FLAG),
    FIELD(success_callback_name, TEXT),
    FIELD(failure_callback_name, TEXT),
    FIELD(stopped_callback_name, TEXT),
    SECONDS_FIELD(success_callback_timeout),
    SECONDS_FIELD(failure_callback_timeout),
    SECONDS_FIELD(stopped_callback_timeout),
    FIELD(rate_limit_key, TEXT),
    FIELD(rate_limit_concurrency, COUNT),
    FIELD(webhooks, TEXT),
    FIELD(exc_info, TEXT),
    FIELD(result, TEXT),
#undef FIELD
#undef SECONDS_FIELD
};

/* An empty text is RQ's way to say unset. What cannot be read stays unset: a job is not lost over it. */
static void set_member(struct cq_job *job, const struct field *field, struct cq_str text)
{
    void *member = (char *)job + field->offset;
    int64_t number;
    cq_time when;
    if (!text.len)
        return;
    switch (field->kind) {
    case TEXT: *(struct cq_str *)member = text; break;
    case TIME:
        if (cq_time_parse_iso(text, &when))
            *(cq_time *)member = when;
        break;
    case SECONDS: /* RQ 1.x let users store `1h` */
        if (cq_number_duration(text, &number) && number >= CQ_TTL_FOREVER)
            *(int64_t *)member = number;
        break;
    case COUNT:
        if (cq_number_int(text, 0, INT64_MAX, &number))
            *(int64_t *)member = number;
        break;
    case FLAG:
        if (cq_number_int(text, INT64_MIN, INT64_MAX, &number))
            *(bool *)member = number != 0;
        break;
    case STATUS: *(enum cq_job_status *)member = cq_job_status_parse(text); break;
    }
}

static const struct field *field_named(struct cq_str name)
{
    for (size_t i = 0; i < CQ_ARRAY_LEN(fields); i++)
        if (cq_str_eq(name, fields[i].name))
            return &fields[i];
    return NULL;
}

enum cq_code cq_job_read(struct cq_str id, const struct cq_reply *pairs, struct cq_job *ret_job,
                         struct cq_error *err)
{
    size_t len = cq_reply_len(pairs);
    if (len < 2)
        return cq_error_set(err, CQ_ERR_NO_SUCH_JOB, "no such job: %.*s", (int)(id.len > 200 ? 200 : id.len),
                            id.data ? id.data : "");
    struct cq_job job;
    cq_job_init(&job);
    job.id = id;
    for (size_t i = 0; i + 1 < len; i += 2) {
        struct cq_str name = cq_reply_str(cq_reply_at(pairs, i));
        struct cq_str text = cq_reply_str(cq_reply_at(pairs, i + 1));
        const struct field *field = field_named(name);
        if (!field)
            continue;
        set_member(&job, field, text);
        if (field->offset == offsetof(struct cq_job, enqueue_at_front))
            job.has_enqueue_at_front = true;
        if (field->offset == offsetof(struct cq_job, allow_dependency_failures))
            job.has_allow_dependency_failures = true;
    }
    *ret_job = job;
    return CQ_OK;
}

static int put_text(struct cq_command *command, const char *name, struct cq_str text)
{
    cq_command_text(command, name);
    cq_command_arg(command, text);
    return 2;
}

static int put_time(struct cq_command *command, const char *name, cq_time when)
{
    char text[CQ_TIME_ISO_SIZE] = "";
    if (when != CQ_TIME_UNSET)
        cq_time_iso(when, text);
    return put_text(command, name, cq_str(text));
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
    int count = put_time(command, "created_at", job->created_at);
    count += put_text(command, "data", job->data);
    count += put_text(command, "success_callback_name", job->success_callback_name);
    count += put_text(command, "failure_callback_name", job->failure_callback_name);
    count += put_text(command, "stopped_callback_name", job->stopped_callback_name);
    count += put_time(command, "started_at", job->started_at);
    count += put_time(command, "ended_at", job->ended_at);
    count += put_time(command, "last_heartbeat", job->last_heartbeat);
    count += put_text(command, "worker_name", job->worker_name);
    count += put_text(command, "group_id", job->group_id);
    count += put_number(command, "number_of_retries", job->number_of_retries, -1);
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
