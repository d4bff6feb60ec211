#include "lifecycle/enqueue.h"

#include "job/keys.h"

_Static_assert(CQ_ENQUEUE_NKEYS == 3 && CQ_ENQUEUE_NARGS == 6, "enqueue.lua takes other keys or arguments");

void cq_enqueue_build(const struct cq_enqueue *enqueue, struct cq_command *command)
{
    const struct cq_job *job = enqueue->job;
    struct cq_key queue = cq_key_queue(job->origin), key = cq_key_job(job->id);
    char now[CQ_TIME_ISO_SIZE];
    cq_time_iso(enqueue->now, now);

    cq_command_script(command, CQ_SCRIPT_ENQUEUE, CQ_ENQUEUE_NKEYS);
    cq_command_text(command, CQ_KEY_QUEUES);
    cq_command_arg(command, cq_key_str(&queue));
    cq_command_arg(command, cq_key_str(&key));

    cq_command_arg(command, job->id);
    cq_command_arg(command, job->origin);
    cq_command_int(command, enqueue->at_front);
    cq_command_int(command, enqueue->unique);
    cq_command_int(command, job->ttl_s == CQ_TTL_UNSET ? CQ_TTL_FOREVER : job->ttl_s);
    cq_command_text(command, now);
    cq_job_write(job, command);
    cq_command_texts(command, "status", cq_job_status_name(CQ_JOB_QUEUED), "enqueued_at", now, NULL);
}

enum cq_code cq_enqueue_read(const struct cq_reply *reply, int64_t *ret_len, struct cq_error *err)
{
    enum cq_code code = cq_reply_check(reply, err);
    if (code == CQ_OK && ret_len)
        *ret_len = cq_reply_int(reply);
    return code;
}
