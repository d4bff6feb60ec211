/*
 * The inside of struct cq_async and its states, shared by async.c (what others call, and the loop's events)
 * and async_io.c (bytes and replies while it is ready). Functions here may run callbacks, and so free the
 * connection: async.c keeps the memory until all of them have returned, and a function that has more to do
 * afterwards looks at `freed` and `state` first.
 */
#ifndef CQ_REDIS_ASYNC_STATE_H
#define CQ_REDIS_ASYNC_STATE_H

#include "base/backoff.h"
#include "base/timer.h"
#include "redis/calls.h"
#include "redis/handshake.h"
#include "redis/link.h"
#include "redis/stream.h"

enum cq_async_state {
    CQ_ASYNC_WAITING, /* the timer ends it */
    CQ_ASYNC_LINKING, /* an attempt is under way */
    CQ_ASYNC_READY,
    CQ_ASYNC_STOPPED, /* retrying is pointless; the owner decides */
};

enum { CQ_ASYNC_SPARE_MAX = 8 }; /* commands kept for the next calls; more are only there in bursts */

struct cq_async {
    struct cq_async_options options;
    enum cq_async_state state;
    struct cq_tls *tls;      /* made at the first attempt */
    struct cq_link *link;    /* while CQ_ASYNC_LINKING */
    struct cq_stream stream; /* while CQ_ASYNC_READY */
    struct cq_calls calls;
    struct cq_command *spare[CQ_ASYNC_SPARE_MAX]; /* owned, empty: what cq_async_begin gives out */
    int spare_count;
    struct cq_backoff backoff;
    bool ever_ready;
    bool freed; /* cq_async_free was called inside a callback: the memory goes when depth is back at 0 */
    int depth;  /* of our functions on the stack that may run callbacks */
    ev_tstamp ready_at;
    ev_tstamp moved_at; /* when bytes last came or went: a command in the middle of them has not timed out */
    ev_io readable, writable;
    struct cq_timer timer;       /* waiting: the end of it; ready: looks at the oldest call's age */
    struct cq_timer refuse_soon; /* the oldest call was refused: tells so from the loop */
    /* never started: fed as an event of the lowest priority, so that it runs after all others */
    ev_prepare end_of_turn;
    char peer_addr[CQ_PEER_ADDR_SIZE];
};

/* Let go of the connection or the attempt, and be CQ_ASYNC_WAITING; callbacks are not run here. */
void cq_async_disconnect(struct cq_async *async);

/*
 * Run the callbacks of the calls that wait now, with an error. What they call is refused, since we are not
 * ready, and told later.
 */
void cq_async_fail_calls(struct cq_async *async, const struct cq_error *err);

/* An attempt came to nothing, or a connection was lost: wait for the next one or stop, and tell on_down. */
void cq_async_attempt_failed(struct cq_async *async, const struct cq_error *err);

/* The connection is gone: outstanding callbacks, then on_down, then wait for the next attempt. */
void cq_async_lose(struct cq_async *async, const struct cq_error *err);

/*
 * Run the callbacks of refused calls whose turn it is. Those that the callbacks add wait for the next turn of
 * the loop, so that one who tries again at once does not stop it.
 */
void cq_async_answer_refused(struct cq_async *async);

#endif
