#include "worker/queue_watch.h"

#include <stdlib.h>

#include "base/backoff.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/timer.h"
#include "queue/queue.h"
#include "worker/slot/slots.h"

static const double wait_timeout_s =
    60.0; /* of one BLMOVE: a dead peer is found by the next one at the latest */
static const double hold_s =
    1.0; /* between two questions whether a queue is still paused, as for rq:suspended */
/* The wait for a rate. Other processes wait for the same time, and one fetch is enough: spread them. Bounds
 * of the wait. */
static const double rate_spread_s = 0.02, rate_least_s = 0.01, rate_most_s = 3600.0;
static const double pause_first_s = 0.001, pause_most_s = 0.050; /* after a lost race */
static const double blind_s = 1.0;                               /* after Redis refused a peek */

struct watched_queue {
    struct cq_queue_watch *watch;
    struct cq_str queue;
    struct cq_async *async;
    bool waiting; /* a BLMOVE is under way */
    bool held;    /* it is paused, and has jobs: not peeked at until hold ends */
    bool announced;
};

struct cq_queue_watch {
    struct cq_worker_context *context;
    struct watched_queue *each; /* one per queue */
    bool woken;                 /* a peek said that there is work, and no fetch has answered since */
    bool blind;                 /* Redis refuses to let us wait */
    struct cq_backoff backoff;  /* before the next peek after a lost race */
    struct cq_timer pause;
    struct cq_timer rated; /* until a job that waits for its rate may start */
    struct cq_timer hold;  /* runs while a queue is held */
};

static void on_peek(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    struct watched_queue *watched = data;
    struct cq_queue_watch *watch = watched->watch;
    struct cq_error err;
    watched->waiting = false;
    if (lost)
        return; /* its on_ready peeks again */
    if (cq_reply_check(reply, &err) != CQ_OK) {
        cq_log_error(&watch->context->logger, "waiting on queue %.*s: %s", (int)watched->queue.len,
                     watched->queue.data, err.text);
        cq_timer_arm(&watch->pause, blind_s);
        watch->blind = true;
        return;
    }
    if (cq_reply_type(reply) == CQ_REPLY_NIL) { /* the time is over */
        cq_queue_watch_arm(watch, false);
        return;
    }
    watch->woken = true;
    cq_worker_tell(watch->context, CQ_NEWS_WORK);
}

static void peek(struct watched_queue *watched)
{
    if (watched->waiting || watched->held || !cq_async_is_ready(watched->async))
        return;
    watched->waiting = true;
    struct cq_command *command = cq_async_begin(watched->async);
    cq_queue_wait_build(watched->queue, wait_timeout_s, command);
    cq_async_call(watched->async, command, on_peek, watched);
}

static void peek_all(struct cq_queue_watch *watch)
{
    struct cq_worker_context *context = watch->context;
    if (context->state < CQ_PROCESS_RUNNING || context->state == CQ_PROCESS_SUSPENDED ||
        context->settings->burst || !cq_slots_any_idle(context->slots))
        return;
    for (size_t i = 0; i < context->queue_count; i++)
        peek(&watch->each[i]);
}

static void on_pause_over(void *data)
{
    struct cq_queue_watch *watch = data;
    /* A full Redis refuses BLMOVE, but not the fetch that would empty it: fetch without waiting. The answer
     * of the fetch arms the watch. */
    if (watch->blind) {
        watch->blind = false;
        cq_worker_tell(watch->context, CQ_NEWS_WORK);
    }
    peek_all(watch);
}

void cq_queue_watch_arm(struct cq_queue_watch *watch, bool lost_race)
{
    if (cq_timer_is_armed(&watch->pause))
        return;
    if (!lost_race || !watch->woken) {
        watch->woken = false;
        peek_all(watch);
        return;
    }
    watch->woken = false;
    cq_timer_arm(&watch->pause, cq_backoff_next(&watch->backoff, cq_random()));
}

static void on_hold_over(void *data)
{
    struct cq_queue_watch *watch = data;
    for (size_t i = 0; i < watch->context->queue_count; i++)
        watch->each[i].held = false;
    cq_worker_tell(watch->context, CQ_NEWS_WORK);
}

static void on_rate_over(void *data)
{
    struct cq_queue_watch *watch = data;
    cq_worker_tell(watch->context, CQ_NEWS_WORK);
}

void cq_queue_watch_fetch_in(struct cq_queue_watch *watch, int64_t wait_ms)
{
    double wait_s = (double)wait_ms / 1000.0;
    cq_timer_cancel(&watch->rated);
    if (wait_ms <= 0)
        return;
    wait_s = wait_s < rate_least_s ? rate_least_s : wait_s > rate_most_s ? rate_most_s : wait_s;
    cq_timer_arm(&watch->rated, wait_s + rate_spread_s * cq_random());
}

void cq_queue_watch_hold(struct cq_queue_watch *watch, size_t queue, bool paused)
{
    struct cq_worker_context *context = watch->context;
    struct watched_queue *watched = &watch->each[queue];
    watched->held = paused;
    if (paused && !watched->announced)
        cq_log_info(&context->logger, "queue %.*s is paused, run `cq resume --queue %.*s` to resume it",
                    (int)context->queues[queue].len, context->queues[queue].data,
                    (int)context->queues[queue].len, context->queues[queue].data);
    watched->announced = paused;
    if (paused && !cq_timer_is_armed(&watch->hold))
        cq_timer_arm(&watch->hold, hold_s);
}

void cq_queue_watch_won(struct cq_queue_watch *watch)
{
    cq_backoff_reset(&watch->backoff);
    watch->woken = false;
}

static void on_ready(struct cq_async *async, void *data)
{
    (void)async;
    struct watched_queue *watched = data;
    watched->waiting = false;
    cq_queue_watch_arm(watched->watch, false);
}

struct cq_queue_watch *cq_queue_watch_new(struct cq_worker_context *context)
{
    struct cq_queue_watch *watch = cq_calloc(1, sizeof(*watch));
    watch->context = context;
    watch->backoff = (struct cq_backoff)CQ_BACKOFF_INIT(pause_first_s, pause_most_s, 1.0);
    watch->each = cq_calloc(context->queue_count, sizeof(*watch->each));
    cq_timer_init(&watch->pause, context->loop, on_pause_over, watch);
    cq_timer_init(&watch->hold, context->loop, on_hold_over, watch);
    cq_timer_init(&watch->rated, context->loop, on_rate_over, watch);
    if (context->settings->burst) /* never waits: no connections */
        return watch;
    for (size_t i = 0; i < context->queue_count; i++) {
        struct watched_queue *watched = &watch->each[i];
        *watched = (struct watched_queue){.watch = watch, .queue = context->queues[i]};
        struct cq_async_options options = cq_worker_blocking_connection(context);
        options.on_ready = on_ready;
        options.data = watched;
        watched->async = cq_async_new(&options);
    }
    return watch;
}

void cq_queue_watch_free(struct cq_queue_watch *watch)
{
    if (!watch)
        return;
    cq_timer_cancel(&watch->pause);
    cq_timer_cancel(&watch->hold);
    cq_timer_cancel(&watch->rated);
    for (size_t i = 0; i < watch->context->queue_count; i++)
        cq_async_free(watch->each[i].async);
    free(watch->each);
    free(watch);
}
