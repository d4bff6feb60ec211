#include "lifecycle/register.h"

#include "lifecycle/times.h"

_Static_assert(CQ_REGISTER_NKEYS == 0 && CQ_REGISTER_NARGS == 5,
               "register.lua takes other keys or arguments");

void cq_register_build(struct cq_str id, struct cq_str queue, cq_time now, struct cq_command *command)
{
    cq_command_script(command, CQ_SCRIPT_REGISTER, CQ_REGISTER_NKEYS);
    cq_command_arg(command, id);
    cq_command_arg(command, queue);
    cq_times_arg(command, now);
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
