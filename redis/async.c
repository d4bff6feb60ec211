#include "redis/async.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "redis/calls.h"
#include "redis/failure.h"
#include "redis/handshake.h"
#include "redis/link.h"
#include "redis/stream.h"
#include "redis/subscriptions.h"

enum { REPAIRS_MAX = 3 }; /* times that one call's script is loaded: more is somebody who flushes scripts in a loop */

enum state {
    WAITING, /* the timer ends it */
    LINKING, /* an attempt is under way */
    READY,
    STOPPED, /* retrying is pointless; the owner decides */
};

struct cq_async {
    struct cq_async_options options;
    enum state state;
    struct cq_tls *tls;       /* made at the first attempt */
    struct cq_link *link;     /* while LINKING */
    struct cq_stream stream;  /* while READY */
    struct cq_calls calls;
    struct cq_subscriptions subscriptions;
    struct cq_backoff backoff;
    bool ever_ready;
    bool dropping;            /* cq_async_drop was called; done at the end of this turn of the loop */
    bool freed;               /* cq_async_free was called inside a callback: the memory goes when depth is back at 0 */
    int depth;                /* of our functions on the stack that may run callbacks */
    ev_tstamp ready_at;
    ev_tstamp moved_at;       /* when bytes last came or went: a command in the middle of them has not timed out */
    ev_io readable, writable;
    ev_timer timer;           /* WAITING: the end of it; READY: looks at the oldest call's age */
    ev_timer refuse_soon;
    ev_prepare end_of_turn;   /* never started: fed as an event of the lowest priority, so that it runs after all others */
    struct cq_refusals refusals;
    char peer_addr[CQ_PEER_ADDR_SIZE];
};

static void attempt_failed(struct cq_async *async, const struct cq_error *err);

static void enter(struct cq_async *async)
{
    async->depth++;
}

static void leave(struct cq_async *async)
{
    if (--async->depth > 0 || !async->freed)
        return;
    cq_tls_free(async->tls);
    cq_calls_release(&async->calls);
    cq_subscriptions_release(&async->subscriptions);
    cq_refusals_release(&async->refusals);
    free(async);
}

/* After each callback: may the work on the present connection go on? */
static bool still_ready(const struct cq_async *async)
{
    return !async->freed && async->state == READY;
}

/* Let go of the connection or the attempt; callbacks are not run here. */
static void disconnect(struct cq_async *async)
{
    struct ev_loop *loop = async->options.loop;
    cq_link_cancel(async->link);
    async->link = NULL;
    ev_io_stop(loop, &async->readable);
    ev_io_stop(loop, &async->writable);
    ev_timer_stop(loop, &async->timer);
    ev_clear_pending(loop, &async->end_of_turn);
    cq_stream_close(&async->stream);
    async->dropping = false;
    async->state = WAITING;
}

/* Run all outstanding callbacks with an error, one by one off the list: a callback may free us and so do the rest itself. */
static void fail_outstanding(struct cq_async *async, const struct cq_error *err)
{
    struct cq_call call;
    while (cq_calls_shift(&async->calls, &call))
        if (call.fn)
            call.fn(async, NULL, err, call.data);
    struct cq_subscription subscription;
    while (cq_subscriptions_take(&async->subscriptions, &subscription)) {
        free(subscription.channel);
        subscription.fn(async, NULL, err, subscription.data);
    }
}

/* The connection is gone: outstanding callbacks, then on_down, then wait for the next attempt. */
static void lose(struct cq_async *async, const struct cq_error *err)
{
    /* Only a connection that has held for as long as we would wait now earns a quick return. */
    if (async->state == READY && (ev_now(async->options.loop) - async->ready_at) * 1000 >= async->backoff.ceiling_ms)
        cq_backoff_reset(&async->backoff);
    disconnect(async);
    fail_outstanding(async, err);
    if (!async->freed)
        attempt_failed(async, err);
}

static void lose_stream(struct cq_async *async, ssize_t n, int errno_value)
{
    struct cq_error err;
    cq_stream_failure(&async->stream, async->options.address, n, errno_value, async->options.address->command_timeout_ms, &err);
    lose(async, &err);
}

static void attempt_failed(struct cq_async *async, const struct cq_error *err)
{
    struct ev_loop *loop = async->options.loop;
    int retry_in_ms = -1;
    cq_calls_reset(&async->calls);
    async->subscriptions.commands = 0;
    if (err->code == CQ_ERR_CONNECTION || async->ever_ready) {
        retry_in_ms = cq_backoff_next_ms(&async->backoff);
        async->state = WAITING;
        ev_now_update(loop);
        ev_timer_set(&async->timer, retry_in_ms / 1000.0, 0.);
        ev_timer_start(loop, &async->timer);
    } else {
        async->state = STOPPED;
    }
    if (async->options.on_down)
        async->options.on_down(async, err, retry_in_ms, async->options.data);
}

static void write_out(struct cq_async *async)
{
    struct ev_loop *loop = async->options.loop;
    struct cq_str left;
    while ((left = cq_calls_unsent(&async->calls)).len) {
        ssize_t n = cq_stream_write(&async->stream, left.data, left.len);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (cq_stream_write_needs_read(&async->stream))
                ev_io_stop(loop, &async->writable);
            else
                ev_io_start(loop, &async->writable);
            return;
        }
        if (n < 0) {
            lose_stream(async, n, errno);
            return;
        }
        cq_calls_mark_sent(&async->calls, (size_t)n);
        async->moved_at = ev_now(loop);
    }
    ev_io_stop(loop, &async->writable);
}

/* The server has forgotten the script: load it and send the call once more. False: the reply goes to the caller. */
static bool repair(struct cq_async *async, struct cq_call *call, const struct cq_reply *reply)
{
    if (call->script == CQ_SCRIPT_NONE || call->repairs >= REPAIRS_MAX || cq_reply_type(reply) != CQ_REPLY_ERROR ||
        !cq_str_starts(cq_reply_str(reply), "NOSCRIPT"))
        return false;
    struct cq_command load;
    cq_command_init(&load);
    cq_script_load_command(&load, call->script);
    struct cq_call loading = {.sent = ev_now(async->options.loop), .script = CQ_SCRIPT_NONE};
    call->repairs++;
    call->sent = loading.sent;
    bool ok = cq_calls_push(&async->calls, loading, cq_command_wire(&load)) && cq_calls_repeat(&async->calls, *call);
    cq_command_release(&load);
    ev_feed_event(async->options.loop, &async->end_of_turn, EV_CUSTOM);
    return ok;
}

static void subscription_refused(struct cq_async *async, const struct cq_reply *reply)
{
    struct cq_subscription item;
    unsigned command = 0;
    while (!async->freed && cq_subscriptions_take_refused(&async->subscriptions, &command, &item)) {
        free(item.channel);
        item.fn(async, reply, NULL, item.data);
    }
}

static void unexpected(struct cq_async *async, const struct cq_reply *reply)
{
    struct cq_error err;
    if (cq_reply_check(reply, &err) == CQ_OK)
        cq_failure_protocol(&err, async->options.address);
    err.code = CQ_ERR_CONNECTION;
    lose(async, &err);
}

static void take_reply(struct cq_async *async, const struct cq_reply *reply)
{
    struct cq_call call;
    if (cq_subscriptions_is_push(&async->subscriptions, reply)) {
        const struct cq_subscription *subscription = cq_subscriptions_find(&async->subscriptions, reply);
        if (subscription)
            subscription->fn(async, reply, NULL, subscription->data);
    } else if (cq_calls_shift(&async->calls, &call)) {
        if (!repair(async, &call, reply) && call.fn)
            call.fn(async, reply, NULL, call.data);
    } else if (async->subscriptions.commands && cq_reply_type(reply) == CQ_REPLY_ERROR) {
        subscription_refused(async, reply);
    } else {
        unexpected(async, reply);
    }
}

static void on_readable(struct ev_loop *loop, ev_io *watcher, int events)
{
    (void)events;
    struct cq_async *async = watcher->data;
    enter(async);
    ssize_t n = cq_stream_read(&async->stream);
    if (n > 0) {
        async->moved_at = ev_now(loop);
        struct cq_reply *reply;
        int got = 0;
        while (still_ready(async) && (got = cq_stream_reply(&async->stream, &reply)) > 0) {
            take_reply(async, reply);
            cq_reply_free(reply);
        }
        if (still_ready(async) && got < 0)
            lose_stream(async, -1, 0);
    } else if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) {
        lose_stream(async, n, errno);
    }
    if (still_ready(async)) {
        cq_calls_settle(&async->calls);
        if (async->stream.tls)
            write_out(async); /* what waited for bytes from the peer */
    }
    leave(async);
}

static void on_writable(struct ev_loop *loop, ev_io *watcher, int events)
{
    (void)loop;
    (void)events;
    struct cq_async *async = watcher->data;
    enter(async);
    write_out(async);
    leave(async);
}

/* All commands of this turn of the loop go out with one write, without a look at the poll for the socket first. */
static void on_end_of_turn(struct ev_loop *loop, ev_prepare *watcher, int events)
{
    (void)loop;
    (void)events;
    struct cq_async *async = watcher->data;
    enter(async);
    if (async->dropping && (async->state == READY || async->state == LINKING)) {
        struct cq_error err;
        cq_failure_lost(&err, async->options.address, "dropped by cq itself");
        lose(async, &err);
    } else if (async->state == READY && !ev_is_active(&async->writable)) {
        write_out(async);
    }
    leave(async);
}

static void on_linked(struct cq_stream *stream, const char *peer_addr, const struct cq_error *err, void *data)
{
    struct cq_async *async = data;
    enter(async);
    async->link = NULL;
    if (err) {
        disconnect(async);
        attempt_failed(async, err);
    } else {
        struct ev_loop *loop = async->options.loop;
        ev_clear_pending(loop, &async->end_of_turn);
        async->dropping = false;
        async->stream = *stream;
        async->state = READY;
        async->ever_ready = true;
        async->ready_at = async->moved_at = ev_now(loop);
        strcpy(async->peer_addr, peer_addr); /* both have CQ_PEER_ADDR_SIZE bytes */
        ev_io_set(&async->readable, async->stream.fd, EV_READ);
        ev_io_set(&async->writable, async->stream.fd, EV_WRITE);
        ev_io_start(loop, &async->readable);
        if (async->options.on_ready)
            async->options.on_ready(async, async->options.data);
    }
    leave(async);
}

static void begin_attempt(struct cq_async *async)
{
    struct cq_error err;
    if (!async->tls && cq_tls_new(async->options.address, &async->tls, &err) != CQ_OK) {
        attempt_failed(async, &err);
        return;
    }
    struct cq_link_options options = {
        .loop = async->options.loop,
        .address = async->options.address,
        .client_name = async->options.client_name,
        .tls = async->tls,
        .load_scripts = async->options.load_scripts,
    };
    async->state = LINKING;
    async->link = cq_link_start(&options, on_linked, async);
}

/* READY: has the oldest call waited too long, with nothing moving? */
static void check_age(struct cq_async *async)
{
    struct ev_loop *loop = async->options.loop;
    const struct cq_call *oldest = cq_calls_oldest(&async->calls);
    if (!oldest)
        return; /* the next call starts the timer again */
    ev_tstamp since = oldest->sent > async->moved_at ? oldest->sent : async->moved_at;
    ev_tstamp left = since + async->options.address->command_timeout_ms / 1000.0 - ev_now(loop);
    if (left > 0) {
        ev_timer_set(&async->timer, left, 0.);
        ev_timer_start(loop, &async->timer);
        return;
    }
    struct cq_error err;
    cq_failure_timeout(&err, async->options.address, async->options.address->command_timeout_ms);
    lose(async, &err);
}

static void on_timer(struct ev_loop *loop, ev_timer *watcher, int events)
{
    (void)loop;
    (void)events;
    struct cq_async *async = watcher->data;
    enter(async);
    if (async->state == READY)
        check_age(async);
    else if (async->state == WAITING)
        begin_attempt(async);
    leave(async);
}

static void refusal_error(const struct cq_async *async, enum cq_code code, struct cq_error *err)
{
    char where[128];
    if (code == CQ_ERR_LIMIT)
        cq_failure_too_large(err);
    else
        cq_error_set(err, code, "not connected to Redis at %s", cq_address_display(async->options.address, where, sizeof(where)));
}

static void on_refuse_soon(struct ev_loop *loop, ev_timer *watcher, int events)
{
    (void)loop;
    (void)events;
    struct cq_async *async = watcher->data;
    enter(async);
    /* Those that the callbacks add wait for the next turn, so that one who tries again at once does not stop the loop. */
    struct cq_refusal refusal;
    for (size_t due = async->refusals.len; due && !async->freed && cq_refusals_shift(&async->refusals, &refusal); due--) {
        struct cq_error err;
        refusal_error(async, refusal.code, &err);
        refusal.fn(async, NULL, &err, refusal.data);
    }
    if (!async->freed && async->refusals.len)
        ev_timer_start(async->options.loop, &async->refuse_soon);
    leave(async);
}

static void refuse(struct cq_async *async, enum cq_code code, cq_async_reply_fn *fn, void *data)
{
    if (!fn)
        return;
    cq_refusals_push(&async->refusals, (struct cq_refusal){.fn = fn, .data = data, .code = code});
    ev_timer_start(async->options.loop, &async->refuse_soon);
}

struct cq_async *cq_async_new(const struct cq_async_options *options)
{
    struct cq_async *async = cq_calloc(1, sizeof(*async));
    async->options = *options;
    async->state = WAITING;
    async->stream.fd = -1;
    strcpy(async->peer_addr, "unknown");
    cq_calls_init(&async->calls);
    ev_init(&async->readable, on_readable);
    ev_init(&async->writable, on_writable);
    ev_timer_init(&async->timer, on_timer, 0., 0.);
    ev_timer_init(&async->refuse_soon, on_refuse_soon, 0., 0.);
    ev_prepare_init(&async->end_of_turn, on_end_of_turn);
    ev_set_priority(&async->end_of_turn, EV_MINPRI);
    async->readable.data = async->writable.data = async->timer.data = async;
    async->refuse_soon.data = async->end_of_turn.data = async;
    ev_timer_start(options->loop, &async->timer); /* nothing is called back from inside of here */
    return async;
}

void cq_async_free(struct cq_async *async)
{
    if (!async || async->freed)
        return;
    struct cq_error err;
    char where[128];
    cq_error_set(&err, CQ_ERR_CONNECTION, "the connection to Redis at %s was closed",
                 cq_address_display(async->options.address, where, sizeof(where)));
    enter(async);
    async->freed = true;
    disconnect(async);
    ev_timer_stop(async->options.loop, &async->refuse_soon);
    fail_outstanding(async, &err);
    struct cq_refusal refusal;
    while (cq_refusals_shift(&async->refusals, &refusal))
        refusal.fn(async, NULL, &err, refusal.data);
    leave(async);
}

bool cq_async_is_ready(const struct cq_async *async)
{
    return async->state == READY && !async->freed;
}

const char *cq_async_peer_addr(const struct cq_async *async)
{
    return async->peer_addr;
}

/* The wire form, or why it cannot be sent: CQ_ERR_CONNECTION, CQ_ERR_LIMIT. */
static enum cq_code sendable(const struct cq_async *async, struct cq_command *command, struct cq_str *ret_wire)
{
    if (command->body.overflow)
        return CQ_ERR_LIMIT;
    if (async->state != READY)
        return CQ_ERR_CONNECTION;
    *ret_wire = cq_command_wire(command);
    return CQ_OK;
}

void cq_async_call(struct cq_async *async, struct cq_command *command, cq_async_reply_fn *fn, void *data)
{
    struct ev_loop *loop = async->options.loop;
    struct cq_str wire;
    if (async->freed)
        return;
    enum cq_code code = sendable(async, command, &wire);
    struct cq_call call = {.fn = fn, .data = data, .sent = ev_now(loop), .script = command->script};
    if (code == CQ_OK && !cq_calls_push(&async->calls, call, wire))
        code = CQ_ERR_LIMIT;
    if (code != CQ_OK) {
        refuse(async, code, fn, data);
        return;
    }
    ev_feed_event(loop, &async->end_of_turn, EV_CUSTOM);
    if (!async->options.no_command_timeout && !ev_is_active(&async->timer)) {
        ev_timer_set(&async->timer, async->options.address->command_timeout_ms / 1000.0, 0.);
        ev_timer_start(loop, &async->timer);
    }
}

void cq_async_subscribe(struct cq_async *async, struct cq_command *command, cq_async_reply_fn *fn, void *data)
{
    struct cq_str wire;
    assert(fn);
    if (async->freed)
        return;
    enum cq_code code = sendable(async, command, &wire);
    if (code == CQ_OK && !cq_calls_push_bytes(&async->calls, wire))
        code = CQ_ERR_LIMIT;
    if (code != CQ_OK) {
        refuse(async, code, fn, data);
        return;
    }
    cq_subscriptions_add(&async->subscriptions, wire, fn, data);
    ev_feed_event(async->options.loop, &async->end_of_turn, EV_CUSTOM);
}

void cq_async_drop(struct cq_async *async)
{
    if (async->freed || (async->state != READY && async->state != LINKING))
        return;
    async->dropping = true;
    ev_feed_event(async->options.loop, &async->end_of_turn, EV_CUSTOM);
}
