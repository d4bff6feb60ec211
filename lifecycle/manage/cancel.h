/* What an operator does to one job: cancel it. */
#ifndef CQ_LIFECYCLE_MANAGE_CANCEL_H
#define CQ_LIFECYCLE_MANAGE_CANCEL_H

#include "base/clock.h"
#include "base/error.h"
#include "redis/command.h"
#include "redis/reply.h"

/*
 * Cancel a job wherever it is: status canceled, into rq:canceled:<queue>. A running one continues to run, and
 * its result is stored.
 *   dependents  enqueue those that wait for nothing else: RQ's enqueue_dependents
 *   detach      take it out of the dependents sets of what it waits for: RQ's remove_from_dependencies
 * Redis: cancel.lua. Source: rq/job.py Job.cancel.
 * Errors on reading: CQ_ERR_NO_SUCH_JOB, CQ_ERR_INVALID_OPERATION (canceled already).
 */
struct cq_cancel {
    struct cq_str job_id;
    bool dependents, detach;
    cq_time now;
};
void cq_cancel_build(const struct cq_cancel *cancel, struct cq_command *command);
CQ_MUST_CHECK enum cq_code cq_cancel_read(const struct cq_reply *reply, struct cq_error *err);

#endif
