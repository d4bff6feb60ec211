#include "lifecycle/enqueue.h"

#include <stdio.h>

#include "job/script_call.h"
#include "lifecycle/times.h"
#include "serializers/serializer.h"

#define REGISTERING "registering" /* a deferred job, in the script's answer only */

/* json.dumps of the ids: the field of the hash, and what the script reads them from. False: no text of theirs
 * would be JSON. */
static bool write_dependencies(const struct cq_enqueue *enqueue, struct cq_buf *out)
{
    struct cq_arena arena = CQ_ARENA_INIT;
    struct cq_value list = cq_value_list(&arena, CQ_VALUE_LIST, enqueue->dependency_count);
    for (size_t i = 0; i < enqueue->dependency_count; i++)
        list.as.list.items[i] = cq_value_str(enqueue->dependencies[i]);
    enum cq_code code = cq_encode(CQ_FORMAT_JSON, &list, out, NULL);
    cq_arena_release(&arena);
    return code == CQ_OK;
}

static void put_call(const struct cq_enqueue *enqueue, const struct cq_job *job, struct cq_command *command)
{
    bool later = enqueue->due != 0 && enqueue->due != CQ_TIME_UNSET;
    struct cq_str arg_id = job->id, arg_queue = job->origin, arg_group = job->group_id;
    struct cq_str arg_dependencies = job->dependency_ids;
    bool arg_at_front = enqueue->at_front, arg_unique = enqueue->unique;
    bool arg_allow_failures = job->allow_dependency_failures;
    int64_t arg_ttl = job->ttl_s == CQ_TTL_UNSET ? CQ_TTL_FOREVER : job->ttl_s;
    char arg_enqueued_at[CQ_TIME_ISO_SIZE], arg_created_at[CQ_TIME_ISO_SIZE] = "", arg_due[24] = "";
    cq_time_iso(enqueue->now, arg_enqueued_at);
    if (job->created_at != CQ_TIME_UNSET)
        cq_time_iso(job->created_at, arg_created_at);
    int64_t arg_now_s = enqueue->now / CQ_SECOND;
    if (later) /* RQ drops the fraction, too */
        snprintf(arg_due, sizeof(arg_due), "%lld", (long long)(enqueue->due / CQ_SECOND));
    CQ_PUT_CALL(command, ENQUEUE);
    cq_job_write(job, command);
    if (!later && !job->dependency_ids.len)
        cq_command_texts(command, "status", cq_job_status_name(CQ_JOB_QUEUED), "enqueued_at", arg_enqueued_at,
                         NULL);
}

void cq_enqueue_build(const struct cq_enqueue *enqueue, struct cq_command *command)
{
    struct cq_job job = *enqueue->job;
    struct cq_buf dependencies = CQ_BUF_INIT(CQ_PAYLOAD_MAX);
    bool good = true;
    if (enqueue->dependency_count && !job.dependency_ids.len) {
        good = write_dependencies(enqueue, &dependencies);
        job.dependency_ids = cq_buf_view(&dependencies);
    }
    put_call(enqueue, &job, command);
    if (!good)
        command->body.overflow =
            true; /* who sends it says that it is too large: a job must not forget what it waits for */
    cq_buf_release(&dependencies);
}

/* What a script says, be it alone or before the dependencies that do not exist. */
static const struct cq_reply *answer_of(const struct cq_reply *reply)
{
    return cq_reply_type(reply) == CQ_REPLY_ARRAY ? cq_reply_at(reply, 0) : reply;
}

int64_t cq_enqueue_missing(const struct cq_reply *reply, struct cq_str *ret_first)
{
    int64_t count = cq_reply_int(cq_reply_at(reply, 1));
    if (count > 0)
        *ret_first = cq_reply_str(cq_reply_at(reply, 2));
    return count;
}

enum cq_code cq_enqueue_read(const struct cq_reply *reply, int64_t *ret_len, struct cq_error *err)
{
    enum cq_code code = cq_reply_check(reply, err);
    if (code == CQ_OK && ret_len)
        *ret_len = cq_reply_int(answer_of(reply)); /* 0 for a word: the job is not in the queue */
    return code;
}

bool cq_enqueue_registers(const struct cq_reply *reply)
{
    return cq_str_is(cq_reply_str(answer_of(reply)), REGISTERING);
}
