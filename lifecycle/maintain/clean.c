#include "lifecycle/maintain/clean.h"

#include "job/keys.h"
#include "lifecycle/times.h"

_Static_assert(CQ_CLEAN_NKEYS == 10 && CQ_CLEAN_NARGS == 5, "clean.lua takes other keys or arguments");

void cq_clean_build(const struct cq_clean *clean, struct cq_command *command)
{
    cq_command_script(command, CQ_SCRIPT_CLEAN, CQ_CLEAN_NKEYS);
    cq_key_arg(command, cq_key_clean_lock(clean->queue));
    cq_key_arg(command, cq_key_registry("finished", clean->queue));
    cq_key_arg(command, cq_key_registry("failed", clean->queue));
    cq_key_arg(command, cq_key_registry("wip", clean->queue));
    cq_key_arg(command, cq_key_registry("ready", clean->queue));
    cq_key_arg(command, cq_key_queue(clean->queue));
    cq_key_arg(command, cq_key_intermediate(clean->queue));
    cq_key_arg(command, cq_key_workers());
    cq_key_arg(command, cq_key_queue_workers(clean->queue));
    cq_key_arg(command, cq_key_groups());
    cq_command_arg(command, clean->queue);
    cq_command_int(command, clean->limit);
    cq_times_arg(command, clean->now);
}

enum cq_code cq_clean_read(const struct cq_reply *reply, int64_t *ret_cleaned, bool *ret_more,
                           struct cq_error *err)
{
    enum cq_code code = cq_reply_check(reply, err);
    if (code != CQ_OK)
        return code;
    *ret_cleaned = cq_reply_int(cq_reply_at(reply, 0));
    *ret_more = cq_reply_int(cq_reply_at(reply, 1)) != 0;
    return CQ_OK;
}
