#include "lifecycle/maintain/clean.h"

#include "job/script_call.h"
#include "lifecycle/times.h"

void cq_clean_build(const struct cq_clean *clean, struct cq_command *command)
{
    struct cq_key key_lock = cq_key_clean_lock(clean->queue);
    struct cq_key key_finished = cq_key_registry("finished", clean->queue);
    struct cq_key key_failed = cq_key_registry("failed", clean->queue);
    struct cq_key key_wip = cq_key_registry("wip", clean->queue);
    struct cq_key key_ready = cq_key_registry("ready", clean->queue);
    struct cq_key key_list = cq_key_queue(clean->queue);
    struct cq_key key_intermediate = cq_key_intermediate(clean->queue);
    struct cq_key key_workers = cq_key_workers(), key_queue_workers = cq_key_queue_workers(clean->queue);
    struct cq_key key_groups = cq_key_groups();
    struct cq_str arg_queue = clean->queue;
    int arg_limit = clean->limit;
    CQ_NOW_ARGS(clean->now);
    CQ_PUT_CALL(command, CLEAN);
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
