#include "lifecycle/manage/cancel.h"

#include "lifecycle/times.h"

_Static_assert(CQ_CANCEL_NKEYS == 0 && CQ_CANCEL_NARGS == 6, "cancel.lua takes other keys or arguments");

void cq_cancel_build(const struct cq_cancel *cancel, struct cq_command *command)
{
    cq_command_script(command, CQ_SCRIPT_CANCEL, CQ_CANCEL_NKEYS);
    cq_command_arg(command, cancel->job_id);
    cq_command_int(command, cancel->dependents);
    cq_command_int(command, cancel->detach);
    cq_times_arg(command, cancel->now);
}

enum cq_code cq_cancel_read(const struct cq_reply *reply, struct cq_error *err)
{
    return cq_reply_check(reply, err);
}
