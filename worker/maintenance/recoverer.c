#include "worker/maintenance/recoverer.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/timer.h"
#include "core/abandon_guard.h"
#include "lifecycle/maintain/abandon.h"
#include "worker/slot/slots.h"

enum { ABANDON_CHUNK = 100 };

/* An abandoned execution is found so long after its score has passed, plus or minus the spread: under 5 s. */
static const double every_s = 3.0, spread_s = 1.0;

/* One round asks for the time of Redis, then about one queue after the other. */
enum recoverer_step { RECOVERER_WAITS, RECOVERER_ASKS_TIME, RECOVERER_ASKS_QUEUES };

struct cq_recoverer {
    struct cq_worker_context *context;
    struct cq_abandoned_callbacks *callbacks; /* borrowed */
    struct cq_timer timer;
    enum recoverer_step step; /* changed by set_step alone */
    size_t queue;             /* the one that is being asked about */
    cq_time judge_by;         /* the time of this round */
    struct cq_abandon_guard guard;
    enum { CLOCKS_AGREE, CLOCKS_DIFFER } clocks; /* ours and that of Redis: each change is said once */
};

static void set_step(struct cq_recoverer *recoverer, enum recoverer_step step)
{
    recoverer->step = step;
    recoverer->context->jobs_may_come_back = step != RECOVERER_WAITS;
}

static void ask_next(struct cq_recoverer *recoverer);

/* A worker in burst mode has waited for it, as one of RQ's looks for abandoned jobs before it looks at its
 * queues. */
static void round_over(struct cq_recoverer *recoverer)
{
    struct cq_worker_context *context = recoverer->context;
    set_step(recoverer, RECOVERER_WAITS);
    if (context->settings->burst)
        cq_worker_tell(context, CQ_NEWS_WORK);
    cq_worker_tell(context, CQ_NEWS_DONE);
}

static void on_abandon(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    struct cq_recoverer *recoverer = data;
    struct cq_worker_context *context = recoverer->context;
    size_t count = 0;
    struct cq_error err;
    if (lost) {
        round_over(recoverer);
        return;
    }
    if (cq_abandon_read(reply, &count, &err) != CQ_OK) {
        cq_log_error(&context->logger, "looking for abandoned jobs: %s", err.text);
        count = 0;
    }
    cq_abandon_guard_heard(&recoverer->guard, cq_clock_now(), cq_clock_monotonic());
    for (size_t i = 0; i < count; i++) {
        struct cq_abandoned item;
        cq_abandon_item(reply, i, &item);
        char *id = cq_strndup(item.job_id.data, item.job_id.len);
        cq_log_job_warning(&context->logger, id, "abandoned by its worker: %s", item.verdict);
        free(id);
        if (item.has_failure_callback)
            cq_abandoned_callbacks_add(recoverer->callbacks, item.job_id, context->queues[recoverer->queue]);
    }
    bool more = cq_abandon_more(reply);
    if (!more)
        recoverer->queue++;
    ask_next(recoverer);
    if (count || more)
        cq_worker_tell(context, CQ_NEWS_WORK); /* some may be on a queue again */
}

static void ask_next(struct cq_recoverer *recoverer)
{
    struct cq_worker_context *context = recoverer->context;
    if (recoverer->queue >= context->queue_count || !cq_async_is_ready(context->redis) ||
        !context->slots_alive) {
        round_over(recoverer);
        return;
    }
    struct cq_abandon abandon = {
        .queue = context->queues[recoverer->queue],
        .now = recoverer->judge_by,
        .requeue = context->settings->requeue_abandoned,
        .limit = ABANDON_CHUNK,
    };
    struct cq_command *command = cq_async_begin(context->redis);
    cq_abandon_build(&abandon, command);
    cq_async_call(context->redis, command, on_abandon, recoverer);
}

/* Once when it begins, and once when it is over. */
static void tell_difference(struct cq_recoverer *recoverer, cq_time now, cq_time redis_now)
{
    struct cq_worker_context *context = recoverer->context;
    bool differ = cq_abandon_guard_clocks_differ(now, redis_now);
    if (differ && recoverer->clocks == CLOCKS_AGREE)
        cq_log(
            context->log, CQ_LOG_WARNING, context->name, NULL,
            "our clock is %lld s %s that of Redis: set them by NTP, or jobs that run may be judged abandoned",
            (long long)(llabs(now - redis_now) / CQ_SECOND), now > redis_now ? "ahead of" : "behind");
    else if (!differ && recoverer->clocks == CLOCKS_DIFFER)
        cq_log_info(&context->logger, "our clock and that of Redis agree again");
    recoverer->clocks = differ ? CLOCKS_DIFFER : CLOCKS_AGREE;
}

/* May executions be judged now? After an outage, workers that run jobs send their heartbeats first. */
static bool may_judge(struct cq_recoverer *recoverer)
{
    struct cq_worker_context *context = recoverer->context;
    enum cq_abandon_guard_action action = cq_abandon_guard_round(&recoverer->guard, cq_clock_now(),
                                                                 cq_clock_monotonic());
    if (action == CQ_ABANDON_GUARD_HEARTBEAT)
        cq_slots_heartbeat(context->slots);
    return action == CQ_ABANDON_GUARD_JUDGE;
}

static void on_time(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    struct cq_recoverer *recoverer = data;
    cq_time now = cq_clock_now(), redis_now = 0;
    if (!lost && cq_reply_len(reply) == 2)
        redis_now = cq_reply_time(reply);
    if (redis_now <= 0 || !may_judge(recoverer)) { /* the round is left out */
        round_over(recoverer);
        return;
    }
    cq_abandon_guard_heard(&recoverer->guard, now, cq_clock_monotonic());
    tell_difference(recoverer, now, redis_now);
    recoverer->judge_by = cq_abandon_guard_judge_by(now, redis_now);
    recoverer->queue = 0;
    set_step(recoverer, RECOVERER_ASKS_QUEUES);
    ask_next(recoverer);
}

static void on_timer(void *data)
{
    struct cq_recoverer *recoverer = data;
    struct cq_worker_context *context = recoverer->context;
    if (recoverer->step != RECOVERER_WAITS || !cq_async_is_ready(context->redis))
        return; /* the last round is not over, or it is not the time for one */
    if (!may_judge(recoverer))
        return;
    set_step(recoverer, RECOVERER_ASKS_TIME);
    struct cq_command *command = cq_async_begin(context->redis);
    cq_command_text(command, "TIME");
    cq_async_call(context->redis, command, on_time, recoverer);
}

struct cq_recoverer *cq_recoverer_new(struct cq_worker_context *context,
                                      struct cq_abandoned_callbacks *callbacks)
{
    struct cq_recoverer *recoverer = cq_calloc(1, sizeof(*recoverer));
    recoverer->context = context;
    recoverer->callbacks = callbacks;
    cq_timer_init(&recoverer->timer, context->loop, on_timer, recoverer);
    return recoverer;
}

void cq_recoverer_start(struct cq_recoverer *recoverer)
{
    double interval_s = every_s + spread_s * cq_random();
    cq_timer_arm_every(&recoverer->timer, interval_s, interval_s);
    on_timer(recoverer);
}

void cq_recoverer_free(struct cq_recoverer *recoverer)
{
    if (recoverer)
        cq_timer_cancel(&recoverer->timer);
    free(recoverer);
}
