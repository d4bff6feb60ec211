#include "job/keys.h"
#include "lifecycle/manage.h"

_Static_assert(CQ_REQUEUE_NKEYS == 0 && CQ_REQUEUE_NARGS == 5, "requeue.lua takes other keys or arguments");
_Static_assert(CQ_REQUEUE_ALL_NKEYS == 1 && CQ_REQUEUE_ALL_NARGS == 3, "requeue_all.lua takes other keys or arguments");

void cq_requeue_from_build(const char *registry, struct cq_str job_id, struct cq_str queue, bool at_front, cq_time now,
                           struct cq_command *command)
{
    char iso[CQ_TIME_ISO_SIZE];
    cq_time_iso(now, iso);
    cq_command_script(command, CQ_SCRIPT_REQUEUE, CQ_REQUEUE_NKEYS);
    cq_command_arg(command, job_id);
    cq_command_arg(command, queue);
    cq_command_text(command, registry);
    cq_command_int(command, at_front);
    cq_command_text(command, iso);
}

void cq_requeue_build(struct cq_str job_id, struct cq_str queue, cq_time now, struct cq_command *command)
{
    cq_requeue_from_build("failed", job_id, queue, false, now, command);
}

enum cq_code cq_requeue_read(const struct cq_reply *reply, struct cq_error *err)
{
    return cq_reply_check(reply, err);
}

void cq_requeue_all_build(struct cq_str queue, int limit, cq_time now, struct cq_command *command)
{
    struct cq_key failed = cq_key_registry("failed", queue);
    char iso[CQ_TIME_ISO_SIZE];
    cq_time_iso(now, iso);
    cq_command_script(command, CQ_SCRIPT_REQUEUE_ALL, CQ_REQUEUE_ALL_NKEYS);
    cq_command_arg(command, cq_key_str(&failed));
    cq_command_arg(command, queue);
    cq_command_int(command, limit);
    cq_command_text(command, iso);
}

enum cq_code cq_requeue_all_read(const struct cq_reply *reply, int64_t *ret_requeued, int64_t *ret_gone, int64_t *ret_left,
                                 struct cq_error *err)
{
    enum cq_code code = cq_reply_check(reply, err);
    if (code != CQ_OK)
        return code;
    *ret_requeued = cq_reply_int(cq_reply_at(reply, 0));
    *ret_gone = cq_reply_int(cq_reply_at(reply, 1));
    *ret_left = cq_reply_int(cq_reply_at(reply, 2));
    return CQ_OK;
}
