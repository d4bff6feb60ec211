/*
 * Maintenance: what nobody else would ever touch again. Three scripts, all bounded per call so that Redis is
 * never held:
 *
 * abandon.lua  executions in rq:wip whose score has passed: retried when retries are left, else failed with
 * RQ's AbandonedJobError text (or, by option, back at the front of their queue); and dependents that the end
 * of their parent could not all release at once. Called every few seconds. clean.lua    at start and every
 * maintenance interval, under RQ's lock per queue: finished and failed entries past their score, ids stuck in
 * :intermediate (back to the front of the queue), worker names whose hash is gone, RQ 3.0's ready jobs,
 * members of groups whose job is gone. sweep.lua    with it: failed jobs beyond the bounds, entries of
 * deferred, scheduled and canceled jobs that are gone; deferred jobs that wait for nothing are queued.
 * Source: rq/registry.py cleanup, rq/intermediate_queue.py, rq/worker_registration.py clean_worker_registry,
 * rq/group.py clean_registries.
 */
#ifndef CQ_LIFECYCLE_MAINTAIN_H
#define CQ_LIFECYCLE_MAINTAIN_H

#include "base/clock.h"
#include "base/error.h"
#include "redis/command.h"
#include "redis/reply.h"

struct cq_abandon {
    struct cq_str queue;
    cq_time now;
    bool requeue; /* --requeue-abandoned: to the front of the queue instead of RQ's rule */
    int limit;    /* most executions per call, 100 */
};

struct cq_abandoned {
    struct cq_str job_id; /* borrowed from the reply */
    struct cq_str execution_id;
    const char *fate; /* "retried", "failed", "requeued", "dropped" */
    /*
     * The attempt failed and the job has a failure callback: run it, as RQ does in
     * StartedJobRegistry.cleanup. Whoever was told so is the only one; when it dies first the callback is not
     * run, as when a worker of RQ does. The job has moved on already: it may be started again when it is
     * retried, and gone when its failure ttl is 0.
     */
    bool has_failure_callback;
};

/* What is recorded of a job that was judged abandoned. */
enum { CQ_ABANDON_TEXT_SIZE = 128 };
void cq_abandon_text(cq_time now, char ret_text[CQ_ABANDON_TEXT_SIZE]);

void cq_abandon_build(const struct cq_abandon *abandon, struct cq_command *command);
CQ_MUST_CHECK enum cq_code cq_abandon_read(const struct cq_reply *reply, size_t *ret_count,
                                           struct cq_error *err);
bool cq_abandon_more(const struct cq_reply *reply); /* of a reply that was read: call again at once */
void cq_abandon_item(const struct cq_reply *reply, size_t index, struct cq_abandoned *ret_item);

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
