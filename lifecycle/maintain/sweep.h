/*
 * Sweep: with clean, every maintenance interval: failed jobs beyond the bounds, entries of deferred,
 * scheduled and canceled jobs that are gone; deferred jobs that wait for nothing are queued. Bounded per
 * call. Redis: sweep.lua.
 */
#ifndef CQ_LIFECYCLE_MAINTAIN_SWEEP_H
#define CQ_LIFECYCLE_MAINTAIN_SWEEP_H

#include "base/clock.h"
#include "base/error.h"
#include "redis/command.h"
#include "redis/reply.h"

struct cq_sweep {
    struct cq_str queue;
    cq_time now;
    int limit; /* most entries per call, 200; a small registry is looked at in one */
    /* maintenance interval: the registries are gone through once in it, by all workers together */
    int interval_s;
    int64_t most_failed;  /* jobs to keep in the failed registry, the oldest go; 0: any number */
    int64_t failed_age_s; /* failed jobs that ended so long ago go; 0: none */
};
void cq_sweep_build(const struct cq_sweep *sweep, struct cq_command *command);
/* ret_taken: entries taken out; ret_deleted: failed jobs beyond the bounds; ret_more: call again. */
CQ_MUST_CHECK enum cq_code cq_sweep_read(const struct cq_reply *reply, int64_t *ret_taken,
                                         int64_t *ret_deleted, bool *ret_more, struct cq_error *err);

#endif
