/* What an operator does to jobs that run: stop them. */
#ifndef CQ_LIFECYCLE_MANAGE_STOP_H
#define CQ_LIFECYCLE_MANAGE_STOP_H

#include "base/clock.h"
#include "base/error.h"
#include "redis/command.h"
#include "redis/reply.h"

/*
 * Tell the workers of started jobs to stop them: RQ's command on rq:pubsub:<worker>. A job has ended when its
 * member has left rq:wip:<queue>; it may also end by itself before that.
 * Redis: stop.lua. Source: rq/command.py send_stop_job_command.
 */
enum cq_stop_verdict {
    CQ_STOP_TOLD,
    /* nobody listens on its worker's channel: the worker is gone, and the job will be found abandoned */
    CQ_STOP_UNHEARD,
    CQ_STOP_NOT_RUNNING, /* it does not run */
    CQ_STOP_NO_JOB,      /* there is no such job */
};
struct cq_stopping { /* borrowed from the reply; empty where there is nothing to say */
    enum cq_stop_verdict verdict;
    struct cq_str queue;
    struct cq_str member; /* of rq:wip:<queue> */
    struct cq_str worker;
    struct cq_str status;
};
void cq_stop_build(const struct cq_str *ids, size_t id_count, struct cq_command *command);
CQ_MUST_CHECK enum cq_code cq_stop_read(const struct cq_reply *reply, size_t *ret_count,
                                        struct cq_error *err);
void cq_stop_item(const struct cq_reply *reply, size_t index, struct cq_stopping *ret_item);

#endif
