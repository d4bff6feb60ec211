/*
 * Failure callbacks of abandoned jobs: whoever finds such a job runs its callback, since the worker that had
 * the job is gone. A few at a time, on horses that belong to no slot; the rest waits. The process does not
 * end before they are done, unless it is told to a second time. Source: rq/registry.py
 * StartedJobRegistry.cleanup.
 */
#ifndef CQ_WORKER_ORPHANS_H
#define CQ_WORKER_ORPHANS_H

#include "worker/process.h"

struct cq_orphans *cq_orphans_new(struct cq_process *process);
void cq_orphans_free(struct cq_orphans *orphans); /* NULL-safe */

/* A job was found that has a failure callback. */
void cq_orphans_add(struct cq_orphans *orphans, struct cq_str job_id, struct cq_str queue);

/* Go on: Redis is there again. */
void cq_orphans_next(struct cq_orphans *orphans);

/* Callbacks run, or can and will be run. */
bool cq_orphans_are_busy(const struct cq_orphans *orphans);

/* Forget what waits and kill what runs. */
void cq_orphans_drop(struct cq_orphans *orphans);

#endif
