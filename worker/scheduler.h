/*
 * The scheduler in the worker's loop (--with-scheduler): one for all queues of the process, where RQ forks a
 * process.
 *
 * Every second, or when the next job that it knows of is due, one script renews its locks and puts due jobs
 * on their lists (lifecycle/schedule/scheduler.h). It asks as often for a lock that another scheduler has. So
 * it takes over within a second of the other's end, or 61 s after its last sign of life; RQ tries every two
 * minutes. It continues while the workers are suspended, as RQ's does, and gives its locks back when the
 * worker is told to stop.
 *
 * In burst mode what is due is queued once, before the workers begin, and the locks are given back then.
 * Without --with-scheduler it looks now and then whether scheduled jobs wait for a scheduler that is not
 * there. Source: rq/scheduler.py RQScheduler.work; rq/worker/base.py _start_scheduler, _shutdown.
 */
#ifndef CQ_WORKER_SCHEDULER_H
#define CQ_WORKER_SCHEDULER_H

#include "worker/context.h"

struct cq_scheduler *cq_scheduler_new(struct cq_worker_context *context);
void cq_scheduler_free(struct cq_scheduler *scheduler); /* NULL-safe */

/* What comes before the workers begin. False: not yet; CQ_NEWS_PREPARED is told when it is done. */
bool cq_scheduler_prepare(struct cq_scheduler *scheduler);

/* The workers are there, or Redis is there again: a pass now, and further ones in time. */
void cq_scheduler_resume(struct cq_scheduler *scheduler);

/* No more passes; the locks are given back, if Redis is there. May be called twice. */
void cq_scheduler_stop(struct cq_scheduler *scheduler);

/* Locks are being given back: the end of the process waits for the answer. */
bool cq_scheduler_is_stopping(const struct cq_scheduler *scheduler);

#endif
