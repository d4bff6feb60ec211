/*
 * From an address to a connected socket: a host name may stand for several endpoints, tried one after
 * another. cq_resolve asks the system and may block for seconds; the resolver does that on a thread of its
 * own for the loop.
 */
#ifndef CQ_REDIS_ENDPOINT_H
#define CQ_REDIS_ENDPOINT_H

#include <ev.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "redis/address.h"

enum { CQ_ENDPOINTS_MAX = 16 };

struct cq_endpoint {
    struct sockaddr_storage addr;
    socklen_t len;
};

struct cq_endpoints {
    struct cq_endpoint items[CQ_ENDPOINTS_MAX];
    size_t len; /* 1 or more after a success */
};

/* Errors: CQ_ERR_CONNECTION when the name is not known (now). Blocks. */
CQ_MUST_CHECK enum cq_code cq_resolve(const struct cq_address *address, struct cq_endpoints *ret_endpoints,
                                      struct cq_error *err);

/* The same when no name server is needed for it: a socket path or a numeric address. False: it is a name. */
bool cq_resolve_numeric(const struct cq_address *address, struct cq_endpoints *ret_endpoints);

struct cq_resolver;

/* endpoints is NULL when err says why; both are borrowed for the time of the call. The resolver is gone
 * then. */
typedef void cq_resolver_fn(const struct cq_endpoints *endpoints, const struct cq_error *err, void *data);

/* Resolve on a thread; fn is called once from the loop, unless cancelled before. */
struct cq_resolver *cq_resolver_start(struct ev_loop *loop, const struct cq_address *address,
                                      cq_resolver_fn *fn, void *data);
void cq_resolver_cancel(struct cq_resolver *resolver); /* NULL-safe; does not wait for the thread */

/*
 * A non-blocking, close-on-exec socket that is connected or connecting (ask cq_dial_result when it is
 * writable). -1 with errno: refused at once, no descriptors left ...
 */
int cq_dial(const struct cq_endpoint *endpoint);

/* 0: connected; EINPROGRESS: not yet; else why not. */
int cq_dial_result(int fd);

/* One endpoint after another, waiting. -1 with errno of the last one; ETIMEDOUT when timeout_ms is over. */
int cq_dial_wait(const struct cq_endpoints *endpoints, int timeout_ms);

/*
 * The part of timeout_ms that endpoint `index` may have, so that one that does not answer leaves time for the
 * next. started  when the first one was begun, now the time, both monotonic
 */
int cq_dial_share_ms(const struct cq_endpoints *endpoints, size_t index, int timeout_ms, cq_time started,
                     cq_time now);

#endif
