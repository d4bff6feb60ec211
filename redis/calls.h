/*
 * The commands on their way: their bytes, kept in one buffer until they are answered, and who waits for each
 * answer, in the order of sending. Keeping the bytes lets a script call be sent again when the server has
 * forgotten its script, without a copy per command.
 *
 * Positions count the bytes since the connection began: base <= the oldest unanswered call's start <= sent <=
 * end.
 */
#ifndef CQ_REDIS_CALLS_H
#define CQ_REDIS_CALLS_H

#include <ev.h>

#include "redis/async.h"

struct cq_call {
    cq_async_reply_fn *fn; /* NULL: nobody waits */
    void *data;
    uint64_t start;        /* position of its first byte */
    uint32_t len;          /* bytes */
    ev_tstamp sent;        /* when it was put here, in the loop's time */
    enum cq_script script; /* CQ_SCRIPT_NONE: a plain command */
    unsigned char repairs; /* times that its script was loaded for it */
};

struct cq_calls {
    struct cq_call *ring; /* owned; size is a power of two */
    size_t size, head, count;
    struct cq_buf bytes;
    uint64_t base; /* position of bytes.data[0] */
    uint64_t sent; /* position of the first byte that is not written yet */
};

void cq_calls_init(struct cq_calls *calls);
void cq_calls_release(struct cq_calls *calls);

/* Append a call; start and len are filled in. False: the buffer is at its limit, nothing was appended. */
bool cq_calls_push(struct cq_calls *calls, struct cq_call call, struct cq_str wire);

/* Bytes without a call that waits for their reply: SUBSCRIBE. False: as above. */
bool cq_calls_push_bytes(struct cq_calls *calls, struct cq_str wire);

struct cq_call *cq_calls_oldest(struct cq_calls *calls); /* NULL: none; valid until the next push */

/* Take the oldest off. Its bytes stay until cq_calls_settle. False: there is none. */
bool cq_calls_shift(struct cq_calls *calls, struct cq_call *ret_call);

/* Append the bytes of a call that was shifted and not settled yet once more, as a new one. False: at the
 * limit. */
bool cq_calls_repeat(struct cq_calls *calls, struct cq_call call);

/* Forget the bytes of all calls that are no longer here. */
void cq_calls_settle(struct cq_calls *calls);

struct cq_str cq_calls_unsent(const struct cq_calls *calls);
void cq_calls_mark_sent(struct cq_calls *calls, size_t len);

/* Forget all bytes, for a new connection. There must be no call left. */
void cq_calls_reset(struct cq_calls *calls);

/* Calls that could not be sent, in their order; their callbacks are run from the loop. */
struct cq_refusal {
    cq_async_reply_fn *fn;
    void *data;
    enum cq_code code; /* CQ_ERR_CONNECTION: not ready; CQ_ERR_LIMIT: too large */
};

struct cq_refusals {
    struct cq_refusal *items; /* owned */
    size_t len, cap;
};

void cq_refusals_release(struct cq_refusals *refusals);
void cq_refusals_push(struct cq_refusals *refusals, struct cq_refusal refusal);
bool cq_refusals_shift(struct cq_refusals *refusals,
                       struct cq_refusal *ret_refusal); /* false: there is none */

#endif
