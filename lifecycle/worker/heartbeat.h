/* A worker lives. Source: rq/worker/base.py maintain_heartbeats. */
#ifndef CQ_LIFECYCLE_WORKER_HEARTBEAT_H
#define CQ_LIFECYCLE_WORKER_HEARTBEAT_H

#include "base/error.h"
#include "lifecycle/worker/identity.h"
#include "redis/reply.h"

/*
 * Heartbeat: the worker's hash and TTL; and, when it runs a job, the job's last_heartbeat (never re-creating
 * a deleted job), the execution's, and the score in rq:wip only if present. job.id CQ_STR_NONE: idle. Redis:
 * heartbeat.lua. Reading gives whether the execution is still ours (true when idle), and whether the worker's
 * hash was missing (then call birth with reborn).
 */
struct cq_heartbeat {
    const struct cq_worker_identity *id;
    cq_time now;
    struct cq_str job_id, queue, execution_id; /* CQ_STR_NONE when idle */
    int monitoring_interval_s;
    int64_t timeout_s;     /* the job's; CQ_TTL_FOREVER: none */
    double working_time_s; /* how long the job has run: current_job_working_time */
};
void cq_heartbeat_build(const struct cq_heartbeat *heartbeat, struct cq_command *command);
CQ_MUST_CHECK enum cq_code cq_heartbeat_read(const struct cq_reply *reply, bool *ret_still_ours,
                                             bool *ret_worker_missing, struct cq_error *err);

#endif
