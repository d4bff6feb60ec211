/*
 * Clean: at start and every maintenance interval, under RQ's lock per queue: finished and failed entries past
 * their score, ids stuck in :intermediate (back to the front of the queue), worker names whose hash is gone,
 * RQ 3.0's ready jobs, members of groups whose job is gone. Bounded per call. Redis: clean.lua. Source:
 * rq/registry.py cleanup, rq/intermediate_queue.py, rq/worker_registration.py clean_worker_registry,
 * rq/group.py clean_registries.
 */
#ifndef CQ_LIFECYCLE_MAINTAIN_CLEAN_H
#define CQ_LIFECYCLE_MAINTAIN_CLEAN_H

#include "base/clock.h"
#include "base/error.h"
#include "redis/command.h"
#include "redis/reply.h"

struct cq_clean {
    struct cq_str queue;
    cq_time now;
    int limit; /* most entries of each kind per call, 1000 */
};
void cq_clean_build(const struct cq_clean *clean, struct cq_command *command);
/* ret_cleaned: entries touched; ret_more: call again at once; both 0/false when another worker holds the
 * lock. */
CQ_MUST_CHECK enum cq_code cq_clean_read(const struct cq_reply *reply, int64_t *ret_cleaned, bool *ret_more,
                                         struct cq_error *err);

#endif
