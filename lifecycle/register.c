#include "lifecycle/register.h"

#include "job/script_call.h"
#include "lifecycle/times.h"

void cq_register_build(struct cq_str id, struct cq_str queue, cq_time now, struct cq_command *command)
{
    struct cq_str arg_id = id, arg_queue = queue;
    CQ_NOW_ARGS(now);
    CQ_PUT_CALL(command, REGISTER);
}

/* What the script says, be it alone or before the dependencies that do not exist. */
static const struct cq_reply *answer_of(const struct cq_reply *reply)
{
    return cq_reply_type(reply) == CQ_REPLY_ARRAY ? cq_reply_at(reply, 0) : reply;
}

enum cq_code cq_register_read(const struct cq_reply *reply, bool *ret_more, struct cq_error *err)
{
    enum cq_code code = cq_reply_check(reply, err);
    if (code == CQ_OK)
        *ret_more = cq_reply_int(answer_of(reply)) != 0;
    return code;
}
