/*
 * What an operator does: requeue failed jobs, empty a queue, remove a job, suspend and resume.
 * Each works in bounded chunks, so that a million jobs neither block Redis nor are loaded at once.
 */
#ifndef CQ_LIFECYCLE_MANAGE_H
#define CQ_LIFECYCLE_MANAGE_H

#include "base/clock.h"
#include "base/error.h"
#include "redis/command.h"
#include "redis/reply.h"

/*
 * Requeue one failed job: out of rq:failed:<queue>, started_at, ended_at, exc_info cleared, status queued, pushed.
 * queue CQ_STR_NONE: the queue is the job's own origin. Redis: requeue.lua. Source: rq/registry.py requeue.
 * Errors on reading: CQ_ERR_NO_SUCH_JOB (no hash; the stale registry entry is removed), CQ_ERR_INVALID_OPERATION (not in the failed registry).
 */
void cq_requeue_build(struct cq_str job_id, struct cq_str queue, cq_time now, struct cq_command *command);
CQ_MUST_CHECK enum cq_code cq_requeue_read(const struct cq_reply *reply, struct cq_error *err);

/*
 * Requeue up to limit jobs of one queue's failed registry, lowest score first. ret_requeued, ret_gone: jobs of this
 * chunk; ret_left: how many remain. Redis: requeue_all.lua.
 */
void cq_requeue_all_build(struct cq_str queue, int limit, cq_time now, struct cq_command *command);
CQ_MUST_CHECK enum cq_code cq_requeue_all_read(const struct cq_reply *reply, int64_t *ret_requeued, int64_t *ret_gone,
                                               int64_t *ret_left, struct cq_error *err);

/*
 * Empty up to limit jobs of a queue, with everything that belongs to them. ret_removed may be 0 while ret_left is not: the call
 * was busy with the many dependents of one job; call again. Redis: empty.lua. Source: rq/queue.py empty.
 */
void cq_empty_build(struct cq_str queue, int limit, struct cq_command *command);
CQ_MUST_CHECK enum cq_code cq_empty_read(const struct cq_reply *reply, int64_t *ret_removed, int64_t *ret_left,
                                         struct cq_error *err);

/* Remove a job: its hash, results, executions, dependency sets and every registry and queue entry. Redis: remove.lua. */
void cq_remove_build(struct cq_str job_id, struct cq_command *command);
CQ_MUST_CHECK enum cq_code cq_remove_read(const struct cq_reply *reply, struct cq_error *err);

/* SET rq:suspended 1 [EX seconds] (0: until resume); DEL rq:suspended. Source: rq/suspension.py. */
void cq_suspend_build(int64_t duration_s, struct cq_command *command);
void cq_resume_build(struct cq_command *command);

#endif
