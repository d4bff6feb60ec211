/* A worker begins. Source: rq/worker/base.py register_birth; rq/worker_registration.py. */
#ifndef CQ_LIFECYCLE_WORKER_BIRTH_H
#define CQ_LIFECYCLE_WORKER_BIRTH_H

#include "base/error.h"
#include "lifecycle/worker/identity.h"
#include "redis/reply.h"

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

#endif
