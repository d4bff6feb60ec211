/* Single fields of a worker's hash. Source: rq/worker/base.py set_state, set_shutdown_requested_date. */
#ifndef CQ_LIFECYCLE_WORKER_STATE_H
#define CQ_LIFECYCLE_WORKER_STATE_H

#include "base/clock.h"
#include "redis/command.h"

/* state: "started", "idle", "busy", "suspended". One plain HSET that never creates the hash anew. Redis:
 * state.lua. */
void cq_worker_state_build(struct cq_str worker, const char *state, struct cq_command *command);

/* HSET python_version, when it is known what Python it is. Redis: state.lua. */
void cq_worker_python_build(struct cq_str worker, const char *version, struct cq_command *command);

/* HSET shutdown_requested_date. */
void cq_worker_shutdown_build(struct cq_str worker, cq_time now, struct cq_command *command);

#endif
