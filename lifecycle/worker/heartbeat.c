#include "lifecycle/worker/heartbeat.h"

#include <stdio.h>

#include "job/job.h"
#include "job/script_call.h"
#include "lifecycle/times.h"

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
    struct cq_key key_worker = cq_key_worker(heartbeat->id->name);
    struct cq_key key_worker_executions = cq_key_worker_executions(heartbeat->id->name);
    bool busy = heartbeat->job_id.len > 0;
    struct cq_str arg_worker_name = heartbeat->id->name, arg_id = heartbeat->job_id;
    struct cq_str arg_queue = heartbeat->queue, arg_execution = heartbeat->execution_id;
    int arg_ttl = (busy ? heartbeat->monitoring_interval_s : heartbeat->id->worker_ttl_s) + GRACE_S;
    int64_t arg_heartbeat_s = execution_ttl_s(heartbeat);
    char arg_working_s[64];
    snprintf(arg_working_s, sizeof(arg_working_s), "%.6f", heartbeat->working_time_s);
    CQ_NOW_ARGS(heartbeat->now);
    CQ_PUT_CALL(command, HEARTBEAT);
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
