/* What an operator does to one job that ended: requeue it. */
#ifndef CQ_LIFECYCLE_MANAGE_REQUEUE_H
#define CQ_LIFECYCLE_MANAGE_REQUEUE_H

#include "base/clock.h"
#include "base/error.h"
#include "redis/command.h"
#include "redis/reply.h"

/*
 * Requeue one job of a registry: it leaves it, started_at, ended_at and exc_info are cleared, its status is
 * queued, and it is pushed.
 *   registry  "failed" or "canceled"
 *   queue     CQ_STR_NONE: the job's own origin
 *   at_front  true: to the head of the list
 * Redis: requeue.lua. Source: rq/registry.py requeue.
 * Errors on reading: CQ_ERR_NO_SUCH_JOB (no hash; the stale entry is removed), CQ_ERR_INVALID_OPERATION (not
 * in the registry).
 */
void cq_requeue_build(const char *registry, struct cq_str job_id, struct cq_str queue, bool at_front,
                      cq_time now, struct cq_command *command);
CQ_MUST_CHECK enum cq_code cq_requeue_read(const struct cq_reply *reply, struct cq_error *err);

#endif
