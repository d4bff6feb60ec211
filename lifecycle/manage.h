/*
 * What an operator does to one job: cancel, stop, requeue, remove; to a queue: empty; to all: suspend and
 * resume. Many jobs of a registry are many.h's. Each call is bounded, whatever a job has of dependents.
 */
#ifndef CQ_LIFECYCLE_MANAGE_H
#define CQ_LIFECYCLE_MANAGE_H

#include "base/clock.h"
#include "base/error.h"
#include "redis/command.h"
#include "redis/reply.h"

/*
 * Cancel a job wherever it is: status canceled, into rq:canceled:<queue>. A running one runs on; its result
 * is stored. dependents  those that wait for nothing else are enqueued: RQ's enqueue_dependents detach it
 * leaves the dependents sets of what it waits for: RQ's remove_from_dependencies Redis: cancel.lua. Source:
 * rq/job.py Job.cancel. Errors on reading: CQ_ERR_NO_SUCH_JOB, CQ_ERR_INVALID_OPERATION (canceled already).
 */
struct cq_cancel {
    struct cq_str job_id;
    bool dependents, detach;
    cq_time now;
};
void cq_cancel_build(const struct cq_cancel *cancel, struct cq_command *command);
CQ_MUST_CHECK enum cq_code cq_cancel_read(const struct cq_reply *reply, struct cq_error *err);

/*
 * Tell the workers of started jobs to stop them: RQ's command on rq:pubsub:<worker>. They do so some time
 * later, or not, when the job ends by itself: it has ended when its member has left rq:wip:<queue>. Redis:
 * stop.lua. Source: rq/command.py send_stop_job_command.
 */
enum cq_stop_fate {
    CQ_STOP_TOLD,
    /* nobody listens on its worker's channel: the worker is gone, and the job will be found abandoned */
    CQ_STOP_DEAF,
    CQ_STOP_IDLE, /* it does not run */
    CQ_STOP_GONE, /* there is no such job */
};
struct cq_stopping { /* borrowed from the reply; empty where there is nothing to say */
    enum cq_stop_fate fate;
    struct cq_str queue;
    struct cq_str member; /* of rq:wip:<queue> */
    struct cq_str worker;
    struct cq_str status;
};
void cq_stop_build(const struct cq_str *ids, size_t id_count, struct cq_command *command);
CQ_MUST_CHECK enum cq_code cq_stop_read(const struct cq_reply *reply, size_t *ret_count,
                                        struct cq_error *err);
void cq_stop_item(const struct cq_reply *reply, size_t index, struct cq_stopping *ret_item);

/*
 * Requeue one failed job: out of rq:failed:<queue>, started_at, ended_at, exc_info cleared, status queued,
 * pushed. queue CQ_STR_NONE: the queue is the job's own origin. Redis: requeue.lua. Source: rq/registry.py
 * requeue. Errors on reading: CQ_ERR_NO_SUCH_JOB (no hash; the stale registry entry is removed),
 * CQ_ERR_INVALID_OPERATION (not in the registry). The second form takes it out of another registry
 * ("canceled"), or puts it at the front.
 */
void cq_requeue_build(struct cq_str job_id, struct cq_str queue, cq_time now, struct cq_command *command);
void cq_requeue_from_build(const char *registry, struct cq_str job_id, struct cq_str queue, bool at_front,
                           cq_time now, struct cq_command *command);
CQ_MUST_CHECK enum cq_code cq_requeue_read(const struct cq_reply *reply, struct cq_error *err);

/*
 * Empty up to limit jobs of a queue, with everything that belongs to them. ret_removed may be 0 while
 * ret_left is not: the call was busy with the many dependents of one job; call again. Redis: empty.lua.
 * Source: rq/queue.py empty.
 */
void cq_empty_build(struct cq_str queue, int limit, struct cq_command *command);
CQ_MUST_CHECK enum cq_code cq_empty_read(const struct cq_reply *reply, int64_t *ret_removed,
                                         int64_t *ret_left, struct cq_error *err);

/*
 * Remove a job: its hash, results, executions, dependency sets and every registry and queue entry; by the
 * second form its dependents first. Redis: remove.lua. Errors on reading: CQ_ERR_NO_SUCH_JOB.
 */
void cq_remove_build(struct cq_str job_id, cq_time now, struct cq_command *command);
void cq_remove_family_build(struct cq_str job_id, cq_time now, struct cq_command *command);
CQ_MUST_CHECK enum cq_code cq_remove_read(const struct cq_reply *reply, struct cq_error *err);
bool cq_remove_again(
    const struct cq_reply *reply); /* of a reply that was read: it has more dependents, call again */

/* SET rq:suspended 1 [EX seconds] (0: until resume); DEL rq:suspended. Source: rq/suspension.py. */
void cq_suspend_build(int64_t duration_s, struct cq_command *command);
void cq_resume_build(struct cq_command *command);

#endif
