/*
 * Cleans the registries at the start and every maintenance interval: what has expired (clean), then entries
 * whose jobs are gone and failed jobs beyond the bounds (sweep). One queue after the other, one chunk at a
 * time.
 */
#ifndef CQ_WORKER_MAINTENANCE_JANITOR_H
#define CQ_WORKER_MAINTENANCE_JANITOR_H

#include "worker/context.h"

struct cq_janitor *cq_janitor_new(struct cq_worker_context *context);
void cq_janitor_free(struct cq_janitor *janitor); /* NULL-safe */

/* Clean now, and every maintenance interval. */
void cq_janitor_start(struct cq_janitor *janitor);

#endif
