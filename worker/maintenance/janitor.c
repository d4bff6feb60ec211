#include "worker/maintenance/janitor.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/timer.h"
#include "lifecycle/maintain/clean.h"
#include "lifecycle/maintain/sweep.h"

enum {
    CLEAN_CHUNK = 300,
    SWEEP_CHUNK = 200,
};

struct cq_janitor {
    struct cq_worker_context *context;
    struct cq_timer timer;
    size_t queue; /* the one that is being cleaned; queue_count: none */
    /* Entries without jobs, and failed jobs beyond the bounds, that this sweep of a queue has found. */
    int64_t stale, surplus;
};

static void clean_next(struct cq_janitor *janitor);
static void sweep_next(struct cq_janitor *janitor);

static void on_clean(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    struct cq_janitor *janitor = data;
    struct cq_worker_context *context = janitor->context;
    struct cq_error err;
    int64_t cleaned = 0;
    bool more = false;
    if (lost) {
        janitor->queue = context->queue_count;
        return;
    }
    if (cq_clean_read(reply, &cleaned, &more, &err) != CQ_OK)
        cq_log_error(&context->logger, "cleaning registries: %s", err.text);
    else if (cleaned)
        cq_log_info(&context->logger, "cleaned %lld entries of queue %.*s", (long long)cleaned,
                    (int)context->queues[janitor->queue].len, context->queues[janitor->queue].data);
    if (more)
        clean_next(janitor);
    else
        sweep_next(janitor);
    if (cleaned)
        cq_worker_tell(context, CQ_NEWS_WORK);
}

/* Then sweep failed jobs beyond the bounds and entries without jobs; continue with the next queue. */
static void on_sweep(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    struct cq_janitor *janitor = data;
    struct cq_worker_context *context = janitor->context;
    struct cq_error err;
    int64_t taken = 0, deleted = 0;
    bool more = false;
    if (lost) {
        janitor->queue = context->queue_count;
        return;
    }
    const struct cq_str queue = context->queues[janitor->queue];
    if (cq_sweep_read(reply, &taken, &deleted, &more, &err) != CQ_OK)
        cq_log_error(&context->logger, "sweeping registries: %s", err.text);
    janitor->stale += taken - deleted;
    janitor->surplus += deleted;
    if (more) {
        sweep_next(janitor);
        return;
    }
    if (janitor->stale)
        cq_log_info(&context->logger, "took out %lld entries of queue %.*s whose jobs are gone",
                    (long long)janitor->stale, (int)queue.len, queue.data);
    if (janitor->surplus)
        cq_log_info(&context->logger, "deleted %lld failed jobs of queue %.*s, beyond the bounds",
                    (long long)janitor->surplus, (int)queue.len, queue.data);
    janitor->stale = janitor->surplus = 0;
    janitor->queue++;
    clean_next(janitor);
}

static void sweep_next(struct cq_janitor *janitor)
{
    struct cq_worker_context *context = janitor->context;
    if (!cq_async_is_ready(context->redis)) {
        janitor->queue = context->queue_count;
        return;
    }
    struct cq_sweep sweep = {
        .queue = context->queues[janitor->queue],
        .now = cq_clock_now(),
        .limit = SWEEP_CHUNK,
        .interval_s = context->settings->maintenance_interval_s,
        .most_failed = context->settings->max_failed_jobs,
        .failed_age_s = context->settings->max_failed_age_s,
    };
    struct cq_command *command = cq_async_begin(context->redis);
    cq_sweep_build(&sweep, command);
    cq_async_call(context->redis, command, on_sweep, janitor);
}

static void clean_next(struct cq_janitor *janitor)
{
    struct cq_worker_context *context = janitor->context;
    if (janitor->queue >= context->queue_count || !cq_async_is_ready(context->redis)) {
        janitor->queue = context->queue_count;
        return;
    }
    struct cq_clean clean = {
        .queue = context->queues[janitor->queue], .now = cq_clock_now(), .limit = CLEAN_CHUNK};
    struct cq_command *command = cq_async_begin(context->redis);
    cq_clean_build(&clean, command);
    cq_async_call(context->redis, command, on_clean, janitor);
}

static void on_timer(void *data)
{
    struct cq_janitor *janitor = data;
    if (janitor->queue < janitor->context->queue_count)
        return;
    janitor->queue = 0;
    clean_next(janitor);
}

struct cq_janitor *cq_janitor_new(struct cq_worker_context *context)
{
    struct cq_janitor *janitor = cq_calloc(1, sizeof(*janitor));
    janitor->context = context;
    janitor->queue = context->queue_count;
    cq_timer_init(&janitor->timer, context->loop, on_timer, janitor);
    return janitor;
}

void cq_janitor_start(struct cq_janitor *janitor)
{
    double interval_s = janitor->context->settings->maintenance_interval_s;
    cq_timer_arm_every(&janitor->timer, interval_s, interval_s);
    on_timer(janitor);
}

void cq_janitor_free(struct cq_janitor *janitor)
{
    if (janitor)
        cq_timer_cancel(&janitor->timer);
    free(janitor);
}
