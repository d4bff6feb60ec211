/* libcurl's multi handle in the worker's loop: sockets and the timer are libev's, so that nothing here
 * waits. */
#ifndef CQ_WORKER_WEBHOOKS_ENGINE_H
#define CQ_WORKER_WEBHOOKS_ENGINE_H

#include <ev.h>
#include <stdbool.h>

#include "worker/webhooks/libcurl.h"

struct cq_engine;

/* over: a handle's request has ended, and the handle was taken out. */
struct cq_engine *cq_engine_new(struct ev_loop *loop, const struct cq_libcurl *curl,
                                void (*over)(void *data, CURL *easy, CURLcode result), void *data);

/* Its handles have been removed. NULL-safe. */
void cq_engine_free(struct cq_engine *engine);

bool cq_engine_add(struct cq_engine *engine, CURL *easy);
void cq_engine_remove(struct cq_engine *engine, CURL *easy);

#endif
