/* What parts of the process tell it, and what that means for the others. */
#ifndef CQ_WORKER_NEWS_H
#define CQ_WORKER_NEWS_H

#include "worker/process.h"
#include "worker/runtimes/runtimes.h"

/* context.h's news; process is a struct cq_process. */
void cq_process_news(void *process, enum cq_news news, void *subject);

/* The connection to Redis (redis/async.h): it is ready, or down. */
void cq_process_redis_ready(struct cq_async *redis, void *process);
void cq_process_redis_down(struct cq_async *redis, const struct cq_error *err, int retry_in_ms,
                           void *process);

/* The runtimes of the process, not started, whose events come to it. Free with cq_runtimes_free. */
struct cq_runtimes *cq_process_open_runtimes(struct cq_process *process);

#endif
