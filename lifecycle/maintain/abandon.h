/*
 * Abandon: executions in rq:wip whose score has passed are retried when retries are left, else failed with
 * RQ's AbandonedJobError text (or, by option, put back at the front of their queue). The same call releases
 * the dependents that the end of their parent could not all release at once. Bounded per call, so that Redis
 * is never held; called every few seconds. Redis: abandon.lua. Source: rq/registry.py
 * StartedJobRegistry.cleanup.
 */
#ifndef CQ_LIFECYCLE_MAINTAIN_ABANDON_H
#define CQ_LIFECYCLE_MAINTAIN_ABANDON_H

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
    const char *verdict; /* "retried", "failed", "requeued", "dropped" */
    /*
     * The attempt failed and the job has a failure callback: run it, as RQ does in
     * StartedJobRegistry.cleanup. Only one worker is told so. When it dies first, the callback does not run,
     * as in RQ. The job has moved on already: it may be started again when it is retried, and gone when its
     * failure ttl is 0.
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

#endif
