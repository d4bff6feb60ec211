/*
 * The one queue of those who wait for an answer, in the order of their calls: commands on their way, whose
 * bytes are kept in one buffer until they are answered, and calls that were refused before they were sent,
 * which are told so from the loop. Keeping the bytes lets a script call be sent again when the server has
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
    enum cq_code refused;  /* CQ_OK: on its way; CQ_ERR_CONNECTION: not ready; CQ_ERR_LIMIT: too large */
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

/* Append a call that is not sent: call.refused says why. */
void cq_calls_push_refused(struct cq_calls *calls, struct cq_call call);

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

/* Forget all bytes, for a new connection. No call but refused ones may be left. */
void cq_calls_reset(struct cq_calls *calls);

#endif
