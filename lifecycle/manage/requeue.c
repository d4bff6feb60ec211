#include "lifecycle/manage/requeue.h"

_Static_assert(CQ_REQUEUE_NKEYS == 0 && CQ_REQUEUE_NARGS == 5, "requeue.lua takes other keys or arguments");

void cq_requeue_from_build(const char *registry, struct cq_str job_id, struct cq_str queue, bool at_front,
                           cq_time now, struct cq_command *command)
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
