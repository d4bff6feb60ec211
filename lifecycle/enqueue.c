#include "lifecycle/enqueue.h"

#include "lifecycle/times.h"
#include "serializers/serializer.h"

_Static_assert(CQ_ENQUEUE_NKEYS == 0 && CQ_ENQUEUE_NARGS == 12, "enqueue.lua takes other keys or arguments");

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
    char now[CQ_TIME_ISO_SIZE], created_at[CQ_TIME_ISO_SIZE] = "";
    cq_time_iso(enqueue->now, now);
    if (job->created_at != CQ_TIME_UNSET)
        cq_time_iso(job->created_at, created_at);

    cq_command_script(command, CQ_SCRIPT_ENQUEUE, CQ_ENQUEUE_NKEYS);
    cq_command_arg(command, job->id);
    cq_command_arg(command, job->origin);
    cq_command_int(command, enqueue->at_front);
    cq_command_int(command, enqueue->unique);
    cq_command_int(command, job->ttl_s == CQ_TTL_UNSET ? CQ_TTL_FOREVER : job->ttl_s);
    cq_command_text(command, now);
    cq_command_text(command, created_at);
    cq_command_int(command, enqueue->now / CQ_SECOND);
    cq_command_arg(command, job->group_id);
    if (later)
        cq_command_int(command, enqueue->due / CQ_SECOND); /* RQ drops the fraction, too */
    else
        cq_command_text(command, "");
    cq_command_arg(command, job->dependency_ids);
    cq_command_int(command, job->allow_dependency_failures);
    cq_job_write(job, command);
    if (!later && !job->dependency_ids.len)
        cq_command_texts(command, "status", cq_job_status_name(CQ_JOB_QUEUED), "enqueued_at", now, NULL);
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
        *ret_len = cq_enqueue_status(reply) == CQ_JOB_QUEUED ? cq_reply_int(answer_of(reply)) : 0;
    return code;
}

enum cq_job_status cq_enqueue_status(const struct cq_reply *reply)
{
    struct cq_str word = cq_reply_str(answer_of(reply));
    if (cq_str_is(word, REGISTERING))
        return CQ_JOB_DEFERRED;
    return word.len ? cq_job_status_parse(word) : CQ_JOB_QUEUED;
}

bool cq_enqueue_registers(const struct cq_reply *reply)
{
    return cq_str_is(cq_reply_str(answer_of(reply)), REGISTERING);
}
