#include "lifecycle/manage/cancel.h"

#include "job/script_call.h"
#include "lifecycle/times.h"

void cq_cancel_build(const struct cq_cancel *cancel, struct cq_command *command)
{
    struct cq_str arg_id = cancel->job_id;
    bool arg_dependents = cancel->dependents, arg_detach = cancel->detach;
    CQ_NOW_ARGS(cancel->now);
    CQ_PUT_CALL(command, CANCEL);
}

enum cq_code cq_cancel_read(const struct cq_reply *reply, struct cq_error *err)
{
    return cq_reply_check(reply, err);
}
