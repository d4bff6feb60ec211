#include "lifecycle/manage/remove.h"

#include "lifecycle/times.h"

_Static_assert(CQ_REMOVE_NKEYS == 0 && CQ_REMOVE_NARGS == 5, "remove.lua takes other keys or arguments");

static void remove_build(struct cq_str job_id, bool dependents, cq_time now, struct cq_command *command)
{
    cq_command_script(command, CQ_SCRIPT_REMOVE, CQ_REMOVE_NKEYS);
    cq_command_arg(command, job_id);
    cq_command_int(command, dependents);
    cq_times_arg(command, now);
}

void cq_remove_build(struct cq_str job_id, cq_time now, struct cq_command *command)
{
    remove_build(job_id, false, now, command);
}

void cq_remove_family_build(struct cq_str job_id, cq_time now, struct cq_command *command)
{
    remove_build(job_id, true, now, command);
}

bool cq_remove_again(const struct cq_reply *reply)
{
    return cq_str_is(cq_reply_str(reply), "AGAIN");
}

enum cq_code cq_remove_read(const struct cq_reply *reply, struct cq_error *err)
{
    return cq_reply_check(reply, err);
}
