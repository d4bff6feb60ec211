/*
 * Giving a job back: its worker has to end before the job does (--shutdown-timeout). The execution is over
 * and leaves no trace; the job waits at the front of its queue, its retries untouched, and several of them in
 * the order of their starts.
 */
#ifndef CQ_LIFECYCLE_GIVE_BACK_H
#define CQ_LIFECYCLE_GIVE_BACK_H

#include "base/clock.h"
#include "base/error.h"
#include "redis/command.h"
#include "redis/reply.h"

struct cq_give_back {
    struct cq_str job_id;
    struct cq_str queue; /* where it was taken from */
    struct cq_str execution_id;
    struct cq_str worker; /* name */
    cq_time now;
    int worker_ttl_s; /* 420 */
};

enum cq_give_back_verdict {
    CQ_GIVE_BACK_REQUEUED,
    /* the execution was given away, or the job has moved on: nothing written to the job */
    CQ_GIVE_BACK_FENCED,
    CQ_GIVE_BACK_CANCELED, /* meanwhile: it stays so */
    CQ_GIVE_BACK_DELETED,  /* meanwhile */
};

/*
 * Build the call, read its answer. Sending it twice changes nothing. Its horse must be dead: what it would
 * still say is refused. Redis: give_back.lua. Errors on reading: CQ_ERR_REDIS (a key of the job or the queue
 * holds something else: it is found abandoned).
 */
void cq_give_back_build(const struct cq_give_back *give_back, struct cq_command *command);
CQ_MUST_CHECK enum cq_code cq_give_back_read(const struct cq_reply *reply,
                                             enum cq_give_back_verdict *ret_verdict, struct cq_error *err);

#endif
