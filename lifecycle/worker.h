/*
 * A worker's own transitions: birth, heartbeat, state, shutdown request, death. Source: rq/worker/base.py
 * register_birth, maintain_heartbeats, register_death; rq/worker_registration.py.
 */
#ifndef CQ_LIFECYCLE_WORKER_H
#define CQ_LIFECYCLE_WORKER_H

#include "base/clock.h"
#include "base/error.h"
#include "redis/command.h"
#include "redis/reply.h"

struct cq_worker_identity {
    struct cq_str name;
    const struct cq_str *queues; /* names */
    size_t queue_count;
    int pid;
    const char *hostname;
    const char *ip_address;     /* addr of the connection, or "unknown" */
    const char *version;        /* cq's */
    const char *python_version; /* what `python_version` shows: the runtimes, such as "native" */
    int worker_ttl_s;           /* 420 */
    cq_time birth;              /* 0: death is not compared by it */
    /* of a process on this host that is dead for certain, whose name this may be; 0: none */
    int replaces_pid;
};

/*
 * Birth. birth: when this worker was first born (kept over reconnects).
 * reborn: false at start: refuse when a live worker has the name. true after a reconnect, when our own hash
 * may have expired: write what is missing and never refuse. Redis: birth.lua. A name that id->replaces_pid
 * had counts as free: nobody else would say that it died. Errors on reading: CQ_ERR_INVALID_OPERATION (a live
 * worker has that name).
 */
void cq_worker_birth_build(const struct cq_worker_identity *id, cq_time birth, cq_time now, bool reborn,
                           struct cq_command *command);
CQ_MUST_CHECK enum cq_code cq_worker_birth_read(const struct cq_reply *reply, struct cq_error *err);

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

/* state: "started", "idle", "busy", "suspended". One plain HSET that never creates the hash anew. Redis:
 * state.lua. */
void cq_worker_state_build(struct cq_str worker, const char *state, struct cq_command *command);

/* HSET python_version, when it is known what Python it is. Redis: state.lua. */
void cq_worker_python_build(struct cq_str worker, const char *version, struct cq_command *command);

/* HSET shutdown_requested_date. */
void cq_worker_shutdown_build(struct cq_str worker, cq_time now, struct cq_command *command);

/*
 * Death: out of the worker sets, `death` written, the hash expires in 60 s. Nothing when another has the
 * name: one of another birth, as process ids and host names may be the same in two containers. Redis:
 * death.lua.
 */
void cq_worker_death_build(const struct cq_worker_identity *id, cq_time now, struct cq_command *command);

#endif
