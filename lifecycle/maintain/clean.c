#include "lifecycle/maintain/clean.h"

#include "job/keys.h"
#include "lifecycle/times.h"

_Static_assert(CQ_CLEAN_NKEYS == 10 && CQ_CLEAN_NARGS == 5, "clean.lua takes other keys or arguments");

static void put_key(struct cq_command *command, struct cq_key key)
{
    cq_command_arg(command, cq_key_str(&key));
}

void cq_clean_build(const struct cq_clean *clean, struct cq_command *command)
{
    cq_command_script(command, CQ_SCRIPT_CLEAN, CQ_CLEAN_NKEYS);
    put_key(command, cq_key_clean_lock(clean->queue));
    put_key(command, cq_key_registry("finished", clean->queue));
    put_key(command, cq_key_registry("failed", clean->queue));
    put_key(command, cq_key_registry("wip", clean->queue));
    put_key(command, cq_key_registry("ready", clean->queue));
    put_key(command, cq_key_queue(clean->queue));
    put_key(command, cq_key_intermediate(clean->queue));
    cq_command_text(command, CQ_KEY_WORKERS);
    put_key(command, cq_key_queue_workers(clean->queue));
    cq_command_text(command, CQ_KEY_GROUPS);
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
