#include "redis/async_io.h"

#include <errno.h>
#include <stdlib.h>

#include "redis/async_state.h"
#include "redis/failure.h"

enum {
    REPAIRS_MAX = 3
}; /* times that one call's script is loaded: more is somebody who flushes scripts in a loop */

/* After each callback: may the work on the present connection continue? */
static bool still_ready(const struct cq_async *async)
{
    return !async->freed && async->state == CQ_ASYNC_READY;
}

static void lose_stream(struct cq_async *async, ssize_t n, int errno_value)
{
    struct cq_error err;
    cq_stream_failure(&async->stream, async->options.address, n, errno_value,
                      async->options.address->command_timeout_ms, &err);
    cq_async_lose(async, &err);
}

void cq_async_write_out(struct cq_async *async)
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

/* The server has forgotten the script: load it and send the call once more. False: the reply goes to the
 * caller. */
static bool repair(struct cq_async *async, struct cq_call *call, const struct cq_reply *reply)
{
    if (call->script == CQ_SCRIPT_NONE || call->repairs >= REPAIRS_MAX ||
        cq_reply_type(reply) != CQ_REPLY_ERROR || !cq_str_starts(cq_reply_str(reply), "NOSCRIPT"))
        return false;
    struct cq_command load;
    cq_command_init(&load);
    cq_script_load_command(&load, call->script);
    struct cq_call loading = {.sent = ev_now(async->options.loop), .script = CQ_SCRIPT_NONE};
    call->repairs++;
    call->sent = loading.sent;
    bool ok = cq_calls_push(&async->calls, loading, cq_command_wire(&load)) &&
              cq_calls_repeat(&async->calls, *call);
    cq_command_release(&load);
    ev_feed_event(async->options.loop, &async->end_of_turn, EV_CUSTOM);
    return ok;
}

static void unexpected(struct cq_async *async, const struct cq_reply *reply)
{
    struct cq_error err;
    if (cq_reply_check(reply, &err) == CQ_OK)
        cq_failure_protocol(&err, async->options.address);
    err.code = CQ_ERR_CONNECTION;
    cq_async_lose(async, &err);
}

/* A message, as a connection that listens gets them among the replies. */
static bool is_message(const struct cq_async *async, const struct cq_reply *reply)
{
    return async->options.on_message && cq_reply_len(reply) == 3 &&
           cq_str_is(cq_reply_str(cq_reply_at(reply, 0)), "message");
}

static void take_reply(struct cq_async *async, const struct cq_reply *reply)
{
    const struct cq_call *oldest = cq_calls_oldest(&async->calls);
    struct cq_call call;
    if (is_message(async, reply)) {
        async->options.on_message(cq_reply_str(cq_reply_at(reply, 1)), cq_reply_str(cq_reply_at(reply, 2)),
                                  async->options.data);
        return;
    }
    if (!oldest || oldest->refused) {
        unexpected(async, reply);
        return;
    }
    cq_calls_shift(&async->calls, &call);
    if (!repair(async, &call, reply) && call.fn)
        call.fn(reply, NULL, call.data);
    if (still_ready(async))
        cq_async_answer_refused(async);
}

void cq_async_read_in(struct cq_async *async)
{
    ssize_t n = cq_stream_read(&async->stream);
    if (n > 0) {
        async->moved_at = ev_now(async->options.loop);
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
            cq_async_write_out(async); /* what waited for bytes from the peer */
    }
}
