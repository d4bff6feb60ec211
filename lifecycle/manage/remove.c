/* Jobs that go: one by its id, or a queue's. */
#include "job/keys.h"
#include "lifecycle/manage.h"
#include "lifecycle/times.h"

_Static_assert(CQ_REMOVE_NKEYS == 0 && CQ_REMOVE_NARGS == 5, "remove.lua takes other keys or arguments");
_Static_assert(CQ_EMPTY_NKEYS == 1 && CQ_EMPTY_NARGS == 2, "empty.lua takes other keys or arguments");

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
