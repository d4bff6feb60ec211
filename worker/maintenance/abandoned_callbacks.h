/*
 * Failure callbacks of abandoned jobs: whoever finds such a job runs its callback, since the worker that had
 * the job is gone. A few at a time, on horses that belong to no slot; the rest waits. The process does not
 * end before they are done, unless it is told to a second time. Source: rq/registry.py
 * StartedJobRegistry.cleanup.
 */
#ifndef CQ_WORKER_MAINTENANCE_ABANDONED_CALLBACKS_H
#define CQ_WORKER_MAINTENANCE_ABANDONED_CALLBACKS_H

#include "worker/context.h"

struct cq_abandoned_callbacks *cq_abandoned_callbacks_new(struct cq_worker_context *context);
void cq_abandoned_callbacks_free(struct cq_abandoned_callbacks *callbacks); /* NULL-safe */

/* A job was found that has a failure callback. */
void cq_abandoned_callbacks_add(struct cq_abandoned_callbacks *callbacks, struct cq_str job_id,
                                struct cq_str queue);

/* Go on: Redis is there again. */
void cq_abandoned_callbacks_next(struct cq_abandoned_callbacks *callbacks);

/* Callbacks run, or can and will be run. */
bool cq_abandoned_callbacks_are_busy(const struct cq_abandoned_callbacks *callbacks);

/* Forget what waits and kill what runs. */
void cq_abandoned_callbacks_drop(struct cq_abandoned_callbacks *callbacks);

#endif
