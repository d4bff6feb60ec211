/*
 * Failure callbacks of abandoned jobs. The worker that had such a job is gone, so the process that finds the
 * job runs its callback. A few run at a time, in horses that belong to no slot; the others wait. The process
 * ends after they are done, or at a second signal. Source: rq/registry.py StartedJobRegistry.cleanup.
 */
#ifndef CQ_WORKER_MAINTENANCE_ABANDONED_CALLBACKS_H
#define CQ_WORKER_MAINTENANCE_ABANDONED_CALLBACKS_H

#include "worker/context.h"

struct cq_abandoned_callbacks *cq_abandoned_callbacks_new(struct cq_worker_context *context);
void cq_abandoned_callbacks_free(struct cq_abandoned_callbacks *callbacks); /* NULL-safe */

/* A job was found that has a failure callback. */
void cq_abandoned_callbacks_add(struct cq_abandoned_callbacks *callbacks, struct cq_str job_id,
                                struct cq_str queue);

/* Start those that wait: Redis is there again. */
void cq_abandoned_callbacks_next(struct cq_abandoned_callbacks *callbacks);

/* Callbacks run, or can and will be run. */
bool cq_abandoned_callbacks_are_busy(const struct cq_abandoned_callbacks *callbacks);

/* Forget what waits and kill what runs. */
void cq_abandoned_callbacks_drop(struct cq_abandoned_callbacks *callbacks);

#endif
