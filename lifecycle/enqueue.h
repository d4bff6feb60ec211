/*
 * Enqueue: save a new job and put it on its queue. Source: rq/queue.py enqueue_job, rq/scripts.py (unique).
 */
#ifndef CQ_LIFECYCLE_ENQUEUE_H
#define CQ_LIFECYCLE_ENQUEUE_H

#include "job/job.h"

struct cq_enqueue {
    const struct cq_job *job; /* id, origin, data, description, created_at ...; status and enqueued_at are written here */
    bool at_front;
    bool unique; /* refuse, changing nothing, when rq:job:<id> exists */
    cq_time now;
};

/*
 * Build the call. id and origin are at most CQ_NAME_MAX bytes: check them where they come in. Without unique it may be sent
 * again when its answer was lost: the same id with the same enqueued_at is pushed once. Redis: enqueue.lua.
 */
void cq_enqueue_build(const struct cq_enqueue *enqueue, struct cq_command *command);

/* Errors: CQ_ERR_DUPLICATE_JOB. ret_len: length of the queue after the push, in jobs; may be NULL. */
CQ_MUST_CHECK enum cq_code cq_enqueue_read(const struct cq_reply *reply, int64_t *ret_len, struct cq_error *err);

#endif
