#include "lifecycle/worker/heartbeat.h"

#include "job/job.h"
#include "job/keys.h"
#include "lifecycle/times.h"

_Static_assert(CQ_HEARTBEAT_NKEYS == 2 && CQ_HEARTBEAT_NARGS == 10,
               "heartbeat.lua takes other keys or arguments");

enum { GRACE_S = 60 }; /* RQ adds a minute to every ttl that a heartbeat renews */

/* How long the execution lives without another heartbeat. Source: rq/worker/base.py get_heartbeat_ttl. */
static int64_t execution_ttl_s(const struct cq_heartbeat *heartbeat)
{
    int64_t ttl = heartbeat->monitoring_interval_s;
    if (heartbeat->timeout_s > 0) {
        double left = (double)heartbeat->timeout_s - heartbeat->working_time_s;
        if (left < (double)ttl)
            ttl = left > 0 ? (int64_t)left : 0;
    }
    return ttl + GRACE_S;
}

void cq_heartbeat_build(const struct cq_heartbeat *heartbeat, struct cq_command *command)
{
    struct cq_key worker = cq_key_worker(heartbeat->id->name),
                  executions = cq_key_worker_executions(heartbeat->id->name);
    bool busy = heartbeat->job_id.len > 0;
    cq_command_script(command, CQ_SCRIPT_HEARTBEAT, CQ_HEARTBEAT_NKEYS);
    cq_command_arg(command, cq_key_str(&worker));
    cq_command_arg(command, cq_key_str(&executions));

    cq_command_arg(command, heartbeat->id->name);
    cq_command_arg(command, heartbeat->job_id);
    cq_command_arg(command, heartbeat->queue);
    cq_command_arg(command, heartbeat->execution_id);
    cq_command_int(command,
                   (busy ? heartbeat->monitoring_interval_s : heartbeat->id->worker_ttl_s) + GRACE_S);
    cq_command_int(command, execution_ttl_s(heartbeat));
    cq_command_argf(command, "%.6f", heartbeat->working_time_s);
    cq_times_arg(command, heartbeat->now);
}

enum cq_code cq_heartbeat_read(const struct cq_reply *reply, bool *ret_still_ours, bool *ret_worker_missing,
                               struct cq_error *err)
{
    enum cq_code code = cq_reply_check(reply, err);
    if (code != CQ_OK)
        return code;
    *ret_still_ours = cq_reply_int(cq_reply_at(reply, 0)) != 0;
    *ret_worker_missing = cq_reply_int(cq_reply_at(reply, 1)) != 0;
    return CQ_OK;
}
