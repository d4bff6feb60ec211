/*
 * Commands on rq:pubsub:<worker>: those of RQ (shutdown, kill-horse, stop-job), and reload, resize and
 * stop-execution of cq's. Source: rq/command.py.
 */
#ifndef CQ_WORKER_CONTROL_H
#define CQ_WORKER_CONTROL_H

#include "worker/pool/resize.h"

struct cq_slot;

/* A connection of its own listens for all slots. resize is borrowed. */
struct cq_control *cq_control_new(struct cq_worker_context *context, struct cq_resize *resize);
void cq_control_free(struct cq_control *control); /* NULL-safe */

/* Listen for one more slot. */
void cq_control_add(struct cq_control *control, const struct cq_slot *slot);

#endif
