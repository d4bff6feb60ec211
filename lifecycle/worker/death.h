/* A worker ends. Source: rq/worker/base.py register_death; rq/worker_registration.py. */
#ifndef CQ_LIFECYCLE_WORKER_DEATH_H
#define CQ_LIFECYCLE_WORKER_DEATH_H

#include "lifecycle/worker/identity.h"

/*
 * Death: out of the worker sets, `death` written, the hash expires in 60 s. Nothing when another has the
 * name: one of another birth, as process ids and host names may be the same in two containers. Redis:
 * death.lua.
 */
void cq_worker_death_build(const struct cq_worker_identity *id, cq_time now, struct cq_command *command);

#endif
