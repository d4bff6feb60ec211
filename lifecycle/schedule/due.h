/* One pass of a scheduler: its locks are taken or renewed, and jobs that are due go onto their lists. */
#ifndef CQ_LIFECYCLE_SCHEDULE_DUE_H
#define CQ_LIFECYCLE_SCHEDULE_DUE_H

#include "base/error.h"
#include "lifecycle/schedule/scheduler.h"
#include "redis/reply.h"

enum cq_lock { CQ_LOCK_TAKEN, CQ_LOCK_ACQUIRED, CQ_LOCK_RENEWED, CQ_LOCK_BROKEN }; /* as due.lua has them */

struct cq_due {
    int64_t wait_ms; /* until the next job is due; 0: call again at once; CQ_DUE_NONE: none is scheduled */
    int64_t moved;   /* jobs put on their list */
    int64_t dropped; /* entries without a job, or whose job is canceled or queued already */
    /* entries that are looked at again: no job yet, or it runs, or a key of it holds something else */
    int64_t put_off;
};

enum { CQ_DUE_NONE = -1 };

/*
 * One pass.
 *   now    by the worker's clock: when the jobs say they were enqueued. Redis' clock judges what is due
 *   limit  most jobs of this call; each costs Redis some 7 us
 */
void cq_due_build(const struct cq_scheduler_identity *id, cq_time now, int limit, struct cq_command *command);
CQ_MUST_CHECK enum cq_code cq_due_read(const struct cq_reply *reply, struct cq_due *ret_due,
                                       struct cq_error *err);

/* Of a reply that was read: whose lock a queue has. CQ_LOCK_BROKEN: its lock is not a text or its registry
 * not a sorted set. */
enum cq_lock cq_due_lock(const struct cq_reply *reply, size_t queue_index);

#endif
