#include "redis/async.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "redis/async_io.h"
#include "redis/async_state.h"
#include "redis/failure.h"

static const double retry_first_s = 0.1, retry_most_s = 30.0;

static void free_command(struct cq_command *command)
{
    cq_command_release(command);
    free(command);
}

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
    while (async->spare_count)
        free_command(async->spare[--async->spare_count]);
    free(async);
}

static void on_readable(struct ev_loop *loop, ev_io *watcher, int events)
{
    (void)loop;
    (void)events;
    struct cq_async *async = watcher->data;
    enter(async);
    cq_async_read_in(async);
    leave(async);
}

static void on_writable(struct ev_loop *loop, ev_io *watcher, int events)
{
    (void)loop;
    (void)events;
    struct cq_async *async = watcher->data;
    enter(async);
    cq_async_write_out(async);
    leave(async);
}

/* All commands of this turn of the loop go out with one write, without a look at the poll for the socket
 * first. */
static void on_end_of_turn(struct ev_loop *loop, ev_prepare *watcher, int events)
{
    (void)loop;
    (void)events;
    struct cq_async *async = watcher->data;
    enter(async);
    if (async->state == CQ_ASYNC_READY && !ev_is_active(&async->writable))
        cq_async_write_out(async);
    leave(async);
}

static void on_linked(struct cq_stream *stream, const char *peer_addr, const struct cq_error *err, void *data)
{
    struct cq_async *async = data;
    enter(async);
    async->link = NULL;
    if (err) {
        cq_async_disconnect(async);
        cq_async_attempt_failed(async, err);
    } else {
        struct ev_loop *loop = async->options.loop;
        ev_clear_pending(loop, &async->end_of_turn);
        async->stream = *stream;
        async->state = CQ_ASYNC_READY;
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
        cq_async_attempt_failed(async, &err);
        return;
    }
    struct cq_link_options options = {
        .loop = async->options.loop,
        .address = async->options.address,
        .client_name = async->options.client_name,
        .tls = async->tls,
        .load_scripts = async->options.load_scripts,
    };
    async->state = CQ_ASYNC_LINKING;
    async->link = cq_link_start(&options, on_linked, async);
}

/* While ready: has the oldest call waited too long, with nothing moving? */
static void check_age(struct cq_async *async)
{
    struct ev_loop *loop = async->options.loop;
    struct cq_call *oldest = cq_calls_oldest(&async->calls);
    if (!oldest)
        return; /* the next call starts the timer again */
    if (oldest->refused) {
        cq_timer_arm(&async->timer, async->options.address->command_timeout_ms / 1000.0);
        return; /* it is told in this turn of the loop */
    }
    ev_tstamp since = oldest->sent > async->moved_at ? oldest->sent : async->moved_at;
    if (since > ev_now(loop)) /* the clock was set back */
        since = oldest->sent = async->moved_at = ev_now(loop);
    ev_tstamp limit = async->options.address->command_timeout_ms / 1000.0,
              left = since + limit - ev_now(loop);
    if (left <= 0 && ev_is_pending(&async->readable))
        left = limit; /* we were stopped for a while, and what came then is about to be read */
    if (left > 0) {
        cq_timer_arm(&async->timer, left);
        return;
    }
    struct cq_error err;
    cq_failure_timeout(&err, async->options.address, async->options.address->command_timeout_ms);
    cq_async_lose(async, &err);
}

static void on_timer(void *data)
{
    struct cq_async *async = data;
    enter(async);
    if (async->state == CQ_ASYNC_READY)
        check_age(async);
    else if (async->state == CQ_ASYNC_WAITING)
        begin_attempt(async);
    leave(async);
}

static void on_refuse_soon(void *data)
{
    struct cq_async *async = data;
    enter(async);
    cq_async_answer_refused(async);
    leave(async);
}

struct cq_async *cq_async_new(const struct cq_async_options *options)
{
    struct cq_async *async = cq_calloc(1, sizeof(*async));
    async->options = *options;
    async->state = CQ_ASYNC_WAITING;
    async->backoff = (struct cq_backoff)CQ_BACKOFF_INIT(retry_first_s, retry_most_s, 0.5);
    async->stream.fd = -1;
    strcpy(async->peer_addr, "unknown");
    cq_calls_init(&async->calls);
    ev_init(&async->readable, on_readable);
    ev_init(&async->writable, on_writable);
    cq_timer_init(&async->timer, options->loop, on_timer, async);
    cq_timer_init(&async->refuse_soon, options->loop, on_refuse_soon, async);
    ev_prepare_init(&async->end_of_turn, on_end_of_turn);
    ev_set_priority(&async->end_of_turn, EV_MINPRI);
    async->readable.data = async->writable.data = async->end_of_turn.data = async;
    cq_timer_arm(&async->timer, 0.); /* nothing is called back from inside of here */
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
    cq_async_disconnect(async);
    cq_timer_cancel(&async->refuse_soon);
    cq_async_fail_calls(async, &err);
    leave(async);
}

bool cq_async_is_ready(const struct cq_async *async)
{
    return async->state == CQ_ASYNC_READY && !async->freed;
}

const char *cq_async_peer_addr(const struct cq_async *async)
{
    return async->peer_addr;
}

struct cq_command *cq_async_begin(struct cq_async *async)
{
    if (async->spare_count)
        return async->spare[--async->spare_count];
    struct cq_command *command = cq_alloc(sizeof(*command));
    cq_command_init(command);
    return command;
}

void cq_async_drop_command(struct cq_async *async, struct cq_command *command)
{
    if (async->spare_count == CQ_ASYNC_SPARE_MAX) {
        free_command(command);
        return;
    }
    cq_command_clear(command);
    async->spare[async->spare_count++] = command;
}

/* Why it cannot be sent: CQ_ERR_CONNECTION, CQ_ERR_LIMIT. Else CQ_OK: it is among the calls. */
static enum cq_code push(struct cq_async *async, struct cq_command *command, const struct cq_call *call)
{
    if (command->body.overflow)
        return CQ_ERR_LIMIT;
    if (async->state != CQ_ASYNC_READY)
        return CQ_ERR_CONNECTION;
    return cq_calls_push(&async->calls, *call, cq_command_wire(command)) ? CQ_OK : CQ_ERR_LIMIT;
}

void cq_async_call(struct cq_async *async, struct cq_command *command, cq_async_reply_fn *fn, void *data)
{
    struct cq_call call = {
        .fn = fn, .data = data, .sent = ev_now(async->options.loop), .script = command->script};
    if (!async->freed)
        call.refused = push(async, command, &call);
    cq_async_drop_command(async, command);
    if (async->freed)
        return;
    if (call.refused == CQ_OK) {
        ev_feed_event(async->options.loop, &async->end_of_turn, EV_CUSTOM);
        if (!async->options.no_command_timeout && !cq_timer_is_armed(&async->timer))
            cq_timer_arm(&async->timer, async->options.address->command_timeout_ms / 1000.0);
    } else if (fn) {
        cq_calls_push_refused(&async->calls, call);
        cq_timer_arm(&async->refuse_soon, 0.);
    }
}
