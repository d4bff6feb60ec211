/*
 * Finds abandoned jobs every few seconds (RQ finds them at its next ten-minute round): a script judges them,
 * and puts each back on its queue or ends it. One chunk at a time: the next one is asked for when the last
 * has been answered, so that neither Redis nor the loop is held. When jobs may be judged at all is decided in
 * core/abandon_guard.h.
 */
#ifndef CQ_WORKER_MAINTENANCE_RECOVERER_H
#define CQ_WORKER_MAINTENANCE_RECOVERER_H

#include "worker/maintenance/abandoned_callbacks.h"

/* callbacks: run the failure callbacks of jobs that it finds; borrowed. */
struct cq_recoverer *cq_recoverer_new(struct cq_worker_context *context,
                                      struct cq_abandoned_callbacks *callbacks);
void cq_recoverer_free(struct cq_recoverer *recoverer); /* NULL-safe */

/* Look now, and every few seconds. */
void cq_recoverer_start(struct cq_recoverer *recoverer);

#endif
