/* Opening a socket to one endpoint, without waiting; and what every connection's socket is set to. */
#ifndef CQ_REDIS_DIAL_H
#define CQ_REDIS_DIAL_H

#include "base/clock.h"
#include "redis/resolve.h"

/*
 * A non-blocking, close-on-exec socket that is connected or connecting (ask cq_dial_result when it is writable).
 * -1 with errno: refused at once, no descriptors left ...
 */
int cq_dial(const struct cq_endpoint *endpoint);

/* 0: connected; EINPROGRESS: not yet; else why not. */
int cq_dial_result(int fd);

/* One endpoint after another, waiting. -1 with errno of the last one; ETIMEDOUT when timeout_ms is over. */
int cq_dial_wait(const struct cq_endpoints *endpoints, int timeout_ms);

/*
 * The part of timeout_ms that endpoint `index` may have, so that one that does not answer leaves time for the next.
 *   started  when the first one was begun, now the time, both monotonic
 */
int cq_dial_share_ms(const struct cq_endpoints *endpoints, size_t index, int timeout_ms, cq_time started, cq_time now);

#endif
