/* What an operator does to one job: delete it. */
#ifndef CQ_LIFECYCLE_MANAGE_REMOVE_H
#define CQ_LIFECYCLE_MANAGE_REMOVE_H

#include "base/clock.h"
#include "base/error.h"
#include "redis/command.h"
#include "redis/reply.h"

/*
 * Remove a job: its hash, results, executions, dependency sets and every registry and queue entry. The second
 * form removes its dependents first, and cq_remove_again tells of a reply that was read that it has more of
 * them: call again.
 * Redis: remove.lua. Errors on reading: CQ_ERR_NO_SUCH_JOB.
 */
void cq_remove_build(struct cq_str job_id, cq_time now, struct cq_command *command);
void cq_remove_family_build(struct cq_str job_id, cq_time now, struct cq_command *command);
CQ_MUST_CHECK enum cq_code cq_remove_read(const struct cq_reply *reply, struct cq_error *err);
bool cq_remove_again(const struct cq_reply *reply);

#endif
