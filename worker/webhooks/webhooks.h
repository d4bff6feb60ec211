/*
 * Webhooks: HTTP requests that a job asks for when it has finished or failed. They are sent by libcurl in the
 * worker's loop, after the outcome is in Redis, and change nothing for the job: one that fails is logged.
 * Each is sent once or, when the worker dies or the answer to its outcome is lost, not at all. Source:
 * rq/webhook.py, rq/job.py send_webhooks.
 *
 * WAITING -> UNDER WAY -> done. So many are under way at a time, and so many wait; what comes then is left
 * out, and counted.
 */
#ifndef CQ_WORKER_WEBHOOKS_WEBHOOKS_H
#define CQ_WORKER_WEBHOOKS_WEBHOOKS_H

#include "worker/context.h"
#include "worker/webhooks/event.h"

enum {
    CQ_WEBHOOKS_AT_ONCE = 32,                     /* under way */
    CQ_WEBHOOKS_WAITING = 10000,                  /* beyond these */
    CQ_WEBHOOKS_WAITING_BYTES = 64 * 1024 * 1024, /* of all that wait together */
};

struct cq_webhooks;

/* Nothing is allocated and no library opened before the first one. */
struct cq_webhooks *cq_webhooks_new(struct cq_worker_context *context);
void cq_webhooks_free(struct cq_webhooks *webhooks); /* NULL-safe; what is left is dropped */

/* An outcome is in Redis: send what the job has for it. */
void cq_webhooks_send(struct cq_webhooks *webhooks, const struct cq_webhook_event *event);

/* Warm stop: what is not done when its timeout has passed from now on is given up, whether it has begun or
 * not. */
void cq_webhooks_stop(struct cq_webhooks *webhooks);

/* Cold stop: none is sent any more. */
void cq_webhooks_drop(struct cq_webhooks *webhooks);

/* The process is to wait for some. */
bool cq_webhooks_are_busy(const struct cq_webhooks *webhooks);

#endif
