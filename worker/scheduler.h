/*
 * The scheduler in the worker's loop (--with-scheduler): one for all queues of the process, where RQ forks a
 * process.
 *
 * Every second, or when the next job that it knows of is due, one script renews its locks and puts what is
 * due on its list (lifecycle/schedule/scheduler.h). Where another scheduler has the lock it asks for it just
 * as often, and so takes over within a second of its end, or 61 s after it was last heard of; RQ tries every
 * two minutes. It works on while the workers are suspended, as RQ's does, and gives its locks back when the
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

/* What comes before the workers begin. False: not yet; cq_process_begin is called when it is done. */
bool cq_scheduler_prepare(struct cq_scheduler *scheduler);

/* The workers are there, or Redis is there again: a pass now, and then on. */
void cq_scheduler_go_on(struct cq_scheduler *scheduler);

/* No more passes; the locks are given back, if Redis is there. May be called twice. */
void cq_scheduler_stop(struct cq_scheduler *scheduler);

/* Locks are being given back: whoever ends the process waits for the answer. */
bool cq_scheduler_is_stopping(const struct cq_scheduler *scheduler);

#endif
