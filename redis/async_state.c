#include "redis/async_state.h"

#include "base/random.h"
#include "redis/failure.h"

void cq_async_disconnect(struct cq_async *async)
{
    struct ev_loop *loop = async->options.loop;
    cq_link_cancel(async->link);
    async->link = NULL;
    ev_io_stop(loop, &async->readable);
    ev_io_stop(loop, &async->writable);
    cq_timer_cancel(&async->timer);
    ev_clear_pending(loop, &async->end_of_turn);
    cq_stream_close(&async->stream);
    async->state = CQ_ASYNC_WAITING;
}

void cq_async_fail_calls(struct cq_async *async, const struct cq_error *err)
{
    struct cq_call call;
    /* One by one off the queue: a callback may free us, and so do the rest itself. */
    for (size_t due = async->calls.count; due && cq_calls_shift(&async->calls, &call); due--)
        if (call.fn)
            call.fn(NULL, err, call.data);
}

void cq_async_lose(struct cq_async *async, const struct cq_error *err)
{
    /* Only a connection that has held for as long as we would wait now earns a quick return. */
    if (async->state == CQ_ASYNC_READY &&
        ev_now(async->options.loop) - async->ready_at >= async->backoff.ceiling_s)
        cq_backoff_reset(&async->backoff);
    cq_stream_give_up(&async->stream);
    cq_async_disconnect(async);
    cq_async_fail_calls(async, err);
    if (!async->freed)
        cq_async_attempt_failed(async, err);
}

void cq_async_attempt_failed(struct cq_async *async, const struct cq_error *err)
{
    struct ev_loop *loop = async->options.loop;
    int retry_in_ms = -1;
    cq_calls_reset(&async->calls);
    if (err->code == CQ_ERR_CONNECTION || async->ever_ready) {
        retry_in_ms = (int)(cq_backoff_next(&async->backoff, cq_random()) * 1000);
        async->state = CQ_ASYNC_WAITING;
        ev_now_update(loop);
        cq_timer_arm(&async->timer, retry_in_ms / 1000.0);
    } else {
        async->state = CQ_ASYNC_STOPPED;
    }
    if (async->options.on_down)
        async->options.on_down(async, err, retry_in_ms, async->options.data);
}

static void refusal_error(const struct cq_async *async, enum cq_code code, struct cq_error *err)
{
    char where[128];
    if (code == CQ_ERR_LIMIT)
        cq_failure_too_large(err);
    else
        cq_error_set(err, code, "not connected to Redis at %s",
                     cq_address_display(async->options.address, where, sizeof(where)));
}

static bool refused_is_next(struct cq_async *async)
{
    const struct cq_call *oldest = cq_calls_oldest(&async->calls);
    return oldest && oldest->refused;
}

void cq_async_answer_refused(struct cq_async *async)
{
    for (size_t due = async->calls.count; due && !async->freed && refused_is_next(async); due--) {
        struct cq_call call;
        struct cq_error err;
        cq_calls_shift(&async->calls, &call);
        refusal_error(async, call.refused, &err);
        call.fn(NULL, &err, call.data);
    }
    if (!async->freed && refused_is_next(async))
        cq_timer_arm(&async->refuse_soon, 0.);
}
