#include "lifecycle/manage/remove.h"

#include "job/script_call.h"
#include "lifecycle/times.h"

static void remove_build(struct cq_str job_id, bool dependents, cq_time now, struct cq_command *command)
{
    struct cq_str arg_id = job_id;
    bool arg_dependents = dependents;
    CQ_NOW_ARGS(now);
    CQ_PUT_CALL(command, REMOVE);
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
