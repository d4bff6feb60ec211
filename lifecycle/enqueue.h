/*
 * Enqueue: save a new job and put it where it is to wait: on its queue, in rq:deferred while a dependency is
 * open, or in rq:scheduled until it is due. Source: rq/queue.py enqueue_job, setup_dependencies,
 * schedule_job; rq/scripts.py (unique).
 */
#ifndef CQ_LIFECYCLE_ENQUEUE_H
#define CQ_LIFECYCLE_ENQUEUE_H

#include "job/job.h"

struct cq_enqueue {
    const struct cq_job
        *job; /* id, origin, data, description, created_at ...; status and enqueued_at are written here */
    bool at_front; /* of a job that waits first: its enqueue_at_front says it for later */
    bool unique;   /* refuse, changing nothing, when rq:job:<id> exists */
    cq_time now;
    const struct cq_str *
        dependencies; /* ids; written as the job's dependency_ids, which takes their place when set already */
    size_t dependency_count;
    /* 0 or CQ_TIME_UNSET: now; else scheduled, its dependencies being of no account then, as in RQ */
    cq_time due;
};

/*
 * Build the call. id and origin are at most CQ_NAME_MAX bytes: check them where they come in.
 * Without unique it may be sent again when its answer was lost. The same id with the same enqueued_at is
 * pushed once; with dependencies or a due time, the same id with the same created_at. So let created_at be
 * the time of the call. Redis: enqueue.lua.
 */
void cq_enqueue_build(const struct cq_enqueue *enqueue, struct cq_command *command);

/* Errors: CQ_ERR_DUPLICATE_JOB. ret_len: length of the queue after the push, in jobs, 0 when it was not
 * pushed; may be NULL. */
CQ_MUST_CHECK enum cq_code cq_enqueue_read(const struct cq_reply *reply, int64_t *ret_len,
                                           struct cq_error *err);

/*
 * How many of its dependencies do not exist: they count as finished. Of a reply to enqueue.lua or
 * register.lua that was read without an error. A job with many dependencies has them looked at by register,
 * and each of its replies has its own. ret_first  one of them, borrowed from the reply; untouched when there
 * is none
 */
int64_t cq_enqueue_missing(const struct cq_reply *reply, struct cq_str *ret_first);

/* Is the job deferred, and still to be registered with its many dependencies? Then call register until all
 * are done. */
bool cq_enqueue_registers(const struct cq_reply *reply);

#endif
