#include "lifecycle/manage/empty.h"

#include "job/keys.h"

_Static_assert(CQ_EMPTY_NKEYS == 1 && CQ_EMPTY_NARGS == 2, "empty.lua takes other keys or arguments");

void cq_empty_build(struct cq_str queue, int limit, struct cq_command *command)
{
    struct cq_key list = cq_key_queue(queue);
    cq_command_script(command, CQ_SCRIPT_EMPTY, CQ_EMPTY_NKEYS);
    cq_command_arg(command, cq_key_str(&list));
    cq_command_arg(command, queue);
    cq_command_int(command, limit);
}

enum cq_code cq_empty_read(const struct cq_reply *reply, int64_t *ret_removed, int64_t *ret_left,
                           struct cq_error *err)
{
    enum cq_code code = cq_reply_check(reply, err);
    if (code != CQ_OK)
        return code;
    *ret_removed = cq_reply_int(cq_reply_at(reply, 0));
    *ret_left = cq_reply_int(cq_reply_at(reply, 1));
    return CQ_OK;
}
