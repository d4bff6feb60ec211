/*
 * One attempt to reach Redis, in the loop and without blocking it: resolve, connect (one endpoint after
 * another), say the handshake. It ends with one call: a stream that is ready for commands, or an error.
 */
#ifndef CQ_REDIS_LINK_H
#define CQ_REDIS_LINK_H

#include <ev.h>

#include "redis/stream.h"

struct cq_link;

struct cq_link_options {
    struct ev_loop *loop;
    const struct cq_address *address; /* these are borrowed until the end of the attempt */
    const char *client_name;
    struct cq_tls *tls;
    bool load_scripts;
};

/*
 * The end of an attempt; the link is gone when this is called.
 *   stream     ready, now the callee's; NULL when err says why
 *   peer_addr  our address as Redis sees it; borrowed for the time of the call
 */
typedef void cq_link_fn(struct cq_stream *stream, const char *peer_addr, const struct cq_error *err,
                        void *data);

/* Begin. fn is never called from inside this call. */
struct cq_link *cq_link_start(const struct cq_link_options *options, cq_link_fn *fn, void *data);
void cq_link_cancel(struct cq_link *link); /* fn is not called; NULL-safe */

#endif
