#include "worker/waiter.h"

#include <stdlib.h>

#include "base/backoff.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/timer.h"
#include "queue/queue.h"
#include "worker/slot/slot.h"

static const double wait_timeout_s =
    60.0; /* of one BLMOVE: a dead peer is found by the next one at the latest */
static const double hold_s =
    1.0; /* between two questions whether a queue is still paused, as for rq:suspended */
/* The wait for a rate: other processes have the same time to fetch at, and one of them is enough; and never
 * shorter. */
static const double rate_spread_s = 0.02, rate_least_s = 0.01, rate_most_s = 3600.0;
static const double pause_first_s = 0.001, pause_most_s = 0.050; /* after a lost race */
static const double blind_s = 1.0;                               /* after Redis refused a peek */

struct waiter {
    struct cq_waiters *waiters;
    struct cq_str queue;
    struct cq_async *async;
    bool waiting; /* a BLMOVE is under way */
    bool held;    /* it is paused, and has jobs: not peeked at until hold ends */
    bool announced;
};

struct cq_waiters {
    struct cq_process *process;
    struct waiter *each;       /* one per queue */
    bool woken;                /* a peek said that there is work, and no fetch has answered since */
    bool blind;                /* Redis refuses to let us wait */
    struct cq_backoff backoff; /* before the next peek after a lost race */
    struct cq_timer pause;
    struct cq_timer rated; /* until a job that waits for its rate may start */
    struct cq_timer hold;  /* runs while a queue is held */
};

static bool anyone_idle(const struct cq_process *process)
{
    for (int i = 0; i < process->slot_count; i++)
        if (process->slots[i].state == CQ_SLOT_IDLE)
            return true;
    return false;
}

static void on_peek(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    struct waiter *waiter = data;
    struct cq_waiters *waiters = waiter->waiters;
    struct cq_error err;
    waiter->waiting = false;
    if (lost)
        return; /* its on_ready peeks again */
    if (cq_reply_check(reply, &err) != CQ_OK) {
        cq_log_error(&waiters->process->logger, "waiting on queue %.*s: %s", (int)waiter->queue.len,
                     waiter->queue.data, err.text);
        cq_timer_arm(&waiters->pause, blind_s);
        waiters->blind = true;
        return;
    }
    if (cq_reply_type(reply) == CQ_REPLY_NIL) { /* the time is over */
        cq_waiters_arm(waiters, false);
        return;
    }
    waiters->woken = true;
    cq_process_wake(waiters->process);
}

static void peek(struct waiter *waiter)
{
    if (waiter->waiting || waiter->held || !cq_async_is_ready(waiter->async))
        return;
    waiter->waiting = true;
    struct cq_command *command = cq_async_begin(waiter->async);
    cq_queue_wait_build(waiter->queue, wait_timeout_s, command);
    cq_async_call(waiter->async, command, on_peek, waiter);
}

static void peek_all(struct cq_waiters *waiters)
{
    struct cq_process *process = waiters->process;
    if (!process->started || process->suspended || process->settings->burst || !anyone_idle(process))
        return;
    for (size_t i = 0; i < process->queue_count; i++)
        peek(&waiters->each[i]);
}

static void on_pause_over(void *data)
{
    struct cq_waiters *waiters = data;
    /* A full Redis refuses BLMOVE, but not the fetch that would empty it: ask without waiting. What it
     * answers arms us. */
    if (waiters->blind) {
        waiters->blind = false;
        cq_process_wake(waiters->process);
    }
    peek_all(waiters);
}

void cq_waiters_arm(struct cq_waiters *waiters, bool lost_race)
{
    if (cq_timer_is_armed(&waiters->pause))
        return;
    if (!lost_race || !waiters->woken) {
        waiters->woken = false;
        peek_all(waiters);
        return;
    }
    waiters->woken = false;
    cq_timer_arm(&waiters->pause, cq_backoff_next(&waiters->backoff, cq_random()));
}

static void on_hold_over(void *data)
{
    struct cq_waiters *waiters = data;
    for (size_t i = 0; i < waiters->process->queue_count; i++)
        waiters->each[i].held = false;
    cq_process_wake(waiters->process);
}

static void on_rate_over(void *data)
{
    struct cq_waiters *waiters = data;
    cq_process_wake(waiters->process);
}

void cq_waiters_fetch_in(struct cq_waiters *waiters, int64_t wait_ms)
{
    double wait_s = (double)wait_ms / 1000.0;
    cq_timer_cancel(&waiters->rated);
    if (wait_ms <= 0)
        return;
    wait_s = wait_s < rate_least_s ? rate_least_s : wait_s > rate_most_s ? rate_most_s : wait_s;
    cq_timer_arm(&waiters->rated, wait_s + rate_spread_s * cq_random());
}

void cq_waiters_hold(struct cq_waiters *waiters, size_t queue, bool paused)
{
    struct cq_process *process = waiters->process;
    struct waiter *waiter = &waiters->each[queue];
    waiter->held = paused;
    if (paused && !waiter->announced)
        cq_log_info(&process->logger, "queue %.*s is paused, run `cq resume --queue %.*s` to resume it",
                    (int)process->queues[queue].len, process->queues[queue].data,
                    (int)process->queues[queue].len, process->queues[queue].data);
    waiter->announced = paused;
    if (paused && !cq_timer_is_armed(&waiters->hold))
        cq_timer_arm(&waiters->hold, hold_s);
}

void cq_waiters_won(struct cq_waiters *waiters)
{
    cq_backoff_reset(&waiters->backoff);
    waiters->woken = false;
}

static void on_ready(struct cq_async *async, void *data)
{
    (void)async;
    struct waiter *waiter = data;
    waiter->waiting = false;
    cq_waiters_arm(waiter->waiters, false);
}

struct cq_waiters *cq_waiters_new(struct cq_process *process)
{
    struct cq_waiters *waiters = cq_calloc(1, sizeof(*waiters));
    waiters->process = process;
    waiters->backoff = (struct cq_backoff)CQ_BACKOFF_INIT(pause_first_s, pause_most_s, 1.0);
    waiters->each = cq_calloc(process->queue_count, sizeof(*waiters->each));
    cq_timer_init(&waiters->pause, process->loop, on_pause_over, waiters);
    cq_timer_init(&waiters->hold, process->loop, on_hold_over, waiters);
    cq_timer_init(&waiters->rated, process->loop, on_rate_over, waiters);
    if (process->settings->burst) /* never waits: no connections */
        return waiters;
    for (size_t i = 0; i < process->queue_count; i++) {
        struct waiter *waiter = &waiters->each[i];
        *waiter = (struct waiter){.waiters = waiters, .queue = process->queues[i]};
        struct cq_async_options options = cq_process_blocking_connection(process);
        options.on_ready = on_ready;
        options.data = waiter;
        waiter->async = cq_async_new(&options);
    }
    return waiters;
}

void cq_waiters_free(struct cq_waiters *waiters)
{
    if (!waiters)
        return;
    cq_timer_cancel(&waiters->pause);
    cq_timer_cancel(&waiters->hold);
    cq_timer_cancel(&waiters->rated);
    for (size_t i = 0; i < waiters->process->queue_count; i++)
        cq_async_free(waiters->each[i].async);
    free(waiters->each);
    free(waiters);
}
