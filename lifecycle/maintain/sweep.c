#include "lifecycle/maintain/sweep.h"

#include "job/keys.h"
#include "lifecycle/times.h"

_Static_assert(CQ_SWEEP_NKEYS == 6 && CQ_SWEEP_NARGS == 8, "sweep.lua takes other keys or arguments");

void cq_sweep_build(const struct cq_sweep *sweep, struct cq_command *command)
{
    char oldest[CQ_TIME_ISO_SIZE] = "";
    if (sweep->failed_age_s)
        cq_time_iso(sweep->now - sweep->failed_age_s * CQ_SECOND, oldest);
    cq_command_script(command, CQ_SCRIPT_SWEEP, CQ_SWEEP_NKEYS);
    cq_key_arg(command, cq_key_sweep(sweep->queue));
    cq_key_arg(command, cq_key_sweep_gone(sweep->queue));
    cq_key_arg(command, cq_key_registry("failed", sweep->queue));
    cq_key_arg(command, cq_key_registry("deferred", sweep->queue));
    cq_key_arg(command, cq_key_registry("canceled", sweep->queue));
    cq_key_arg(command, cq_key_registry("scheduled", sweep->queue));
    cq_command_arg(command, sweep->queue);
    cq_command_int(command, sweep->limit);
    cq_command_int(command, sweep->interval_s);
    if (sweep->most_failed)
        cq_command_int(command, sweep->most_failed);
    else
        cq_command_text(command, "");
    cq_command_text(command, oldest);
    cq_times_arg(command, sweep->now);
}

/* None is above the limit of a call; what is no answer of sweep.lua's must not upset who adds them up. */
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
