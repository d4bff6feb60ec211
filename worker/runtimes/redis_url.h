/* Where Redis is, as redis-py's from_url takes it: for jobs that talk to it themselves. Holds the
 * password. */
#ifndef CQ_WORKER_RUNTIMES_REDIS_URL_H
#define CQ_WORKER_RUNTIMES_REDIS_URL_H

#include "base/buf.h"
#include "redis/address.h"

enum { CQ_REDIS_URL_MAX = 64 * 1024 }; /* bytes; anything in it may be three times as long as it was */

/* Append redis://, rediss:// or unix://. What is redis-py's own default is left out. */
void cq_redis_url(const struct cq_address *address, struct cq_buf *out);

#endif
