#include "lifecycle/manage/empty.h"

#include "job/script_call.h"

void cq_empty_build(struct cq_str queue, int limit, struct cq_command *command)
{
    struct cq_key key_list = cq_key_queue(queue);
    struct cq_str arg_queue = queue;
    int arg_limit = limit;
    CQ_PUT_CALL(command, EMPTY);
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
