#include "lifecycle/maintain/sweep.h"

#include <stdio.h>

#include "job/script_call.h"
#include "lifecycle/times.h"

void cq_sweep_build(const struct cq_sweep *sweep, struct cq_command *command)
{
    struct cq_key key_state = cq_key_sweep(sweep->queue), key_suspects = cq_key_sweep_gone(sweep->queue);
    struct cq_key key_failed = cq_key_registry("failed", sweep->queue);
    struct cq_key key_deferred = cq_key_registry("deferred", sweep->queue);
    struct cq_key key_canceled = cq_key_registry("canceled", sweep->queue);
    struct cq_key key_scheduled = cq_key_registry("scheduled", sweep->queue);
    struct cq_str arg_queue = sweep->queue;
    int arg_limit = sweep->limit, arg_interval_s = sweep->interval_s;
    char arg_most[24] = "", arg_oldest[CQ_TIME_ISO_SIZE] = "";
    if (sweep->most_failed)
        snprintf(arg_most, sizeof(arg_most), "%lld", (long long)sweep->most_failed);
    if (sweep->failed_age_s)
        cq_time_iso(sweep->now - sweep->failed_age_s * CQ_SECOND, arg_oldest);
    CQ_NOW_ARGS(sweep->now);
    CQ_PUT_CALL(command, SWEEP);
}

/* None is above the limit of a call. A wrong answer must not spoil the caller's sums. */
static int64_t count_at(const struct cq_reply *reply, size_t index)
{
    int64_t count = cq_reply_int(cq_reply_at(reply, index));
    return count >= 0 && count <= INT32_MAX ? count : 0;
}

enum cq_code cq_sweep_read(const struct cq_reply *reply, int64_t *ret_taken, int64_t *ret_deleted,
                           bool *ret_more, struct cq_error *err)
{
    enum cq_code code = cq_reply_check(reply, err);
    if (code != CQ_OK)
        return code;
    *ret_taken = count_at(reply, 0);
    *ret_deleted = count_at(reply, 1);
    *ret_more = cq_reply_int(cq_reply_at(reply, 2)) != 0;
    return CQ_OK;
}
