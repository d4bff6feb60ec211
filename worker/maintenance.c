#include "worker/maintenance.h"

#include <stdlib.h>

#include "base/mem.h"
#include "core/abandon_guard.h"
#include "lifecycle/maintain/abandon.h"
#include "lifecycle/maintain/clean.h"
#include "lifecycle/maintain/sweep.h"
#include "worker/orphans.h"
#include "worker/runtimes/runtimes.h"
#include "worker/slot/execution.h"
#include "worker/slot/slot.h"

enum {
    ABANDON_CHUNK = 100,
    CLEAN_CHUNK = 300,
    SWEEP_CHUNK = 200,
};

/* Abandoned work is found within this of its score passing, give or take the spread: under 5 s. */
static const double abandon_every_s = 3.0, abandon_spread_s = 1.0;

struct cq_maintenance {
    struct cq_process *process;
    ev_timer abandon_timer, clean_timer, tick_timer;
    size_t abandon_at, clean_at; /* the queue that is being asked about; queue_count: none */
    /* entries without jobs and failed jobs beyond the bounds that this sweep of a queue has found */
    int64_t stale, surplus;
    struct cq_abandon_guard abandon_guard;
    bool asking_time; /* Redis for its time, which begins a round of looking for abandoned jobs */
    cq_time judge_by; /* the time of this round */
    bool differs;     /* our clock from that of Redis: said once */
};

static void abandon_next(struct cq_maintenance *maintenance);
static void clean_next(struct cq_maintenance *maintenance);
static void sweep_next(struct cq_maintenance *maintenance);

/* A worker in burst mode has waited for it, as one of RQ's looks for abandoned jobs before it looks at its
 * queues. */
static void round_over(struct cq_process *process)
{
    if (process->settings->burst)
        cq_process_wake(process);
    cq_process_maybe_end(process);
}

static void on_abandon(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    struct cq_maintenance *maintenance = data;
    struct cq_process *process = maintenance->process;
    size_t count = 0;
    struct cq_error err;
    if (lost) {
        maintenance->abandon_at = process->queue_count;
        round_over(process);
        return;
    }
    if (cq_abandon_read(reply, &count, &err) != CQ_OK) {
        cq_log(process->log, CQ_LOG_ERROR, process->name, NULL, "looking for abandoned jobs: %s", err.text);
        count = 0;
    }
    cq_abandon_guard_heard(&maintenance->abandon_guard, cq_clock_now(), cq_clock_monotonic());
    for (size_t i = 0; i < count; i++) {
        struct cq_abandoned item;
        cq_abandon_item(reply, i, &item);
        char *id = cq_strndup(item.job_id.data, item.job_id.len);
        cq_log(process->log, CQ_LOG_WARNING, process->name, id, "abandoned by its worker: %s", item.verdict);
        free(id);
        if (item.has_failure_callback)
            cq_orphans_add(process->orphans, item.job_id, process->queues[maintenance->abandon_at]);
    }
    bool more = cq_abandon_more(reply);
    if (!more)
        maintenance->abandon_at++;
    abandon_next(maintenance);
    if (count || more)
        cq_process_wake(process); /* some may be on a queue again */
}

static void abandon_next(struct cq_maintenance *maintenance)
{
    struct cq_process *process = maintenance->process;
    if (maintenance->abandon_at >= process->queue_count || !cq_async_is_ready(process->redis) ||
        !process->slots_alive) {
        maintenance->abandon_at = process->queue_count;
        round_over(process);
        return;
    }
    struct cq_abandon abandon = {
        .queue = process->queues[maintenance->abandon_at],
        .now = maintenance->judge_by,
        .requeue = process->settings->requeue_abandoned,
        .limit = ABANDON_CHUNK,
    };
    struct cq_command *command = cq_async_begin(process->redis);
    cq_abandon_build(&abandon, command);
    cq_async_call(process->redis, command, on_abandon, maintenance);
}

/* Once when it begins, and once when it is over. */
static void tell_difference(struct cq_maintenance *maintenance, cq_time now, cq_time redis_now)
{
    struct cq_process *process = maintenance->process;
    bool differs = cq_abandon_guard_clocks_differ(now, redis_now);
    if (differs && !maintenance->differs)
        cq_log(
            process->log, CQ_LOG_WARNING, process->name, NULL,
            "our clock is %lld s %s that of Redis: set them by NTP, or jobs that run may be judged abandoned",
            (long long)(llabs(now - redis_now) / CQ_SECOND), now > redis_now ? "ahead of" : "behind");
    else if (!differs && maintenance->differs)
        cq_log(process->log, CQ_LOG_INFO, process->name, NULL, "our clock and that of Redis agree again");
    maintenance->differs = differs;
}

/* May executions be judged now? When something happened, who runs jobs says so first. */
static bool may_judge(struct cq_maintenance *maintenance)
{
    struct cq_process *process = maintenance->process;
    enum cq_abandon_guard_action action = cq_abandon_guard_round(&maintenance->abandon_guard, cq_clock_now(),
                                                                 cq_clock_monotonic());
    for (int i = 0; action == CQ_ABANDON_GUARD_HEARTBEAT && i < process->slot_count; i++)
        if (ev_is_active(&process->slots[i].heartbeat_timer))
            cq_slot_heartbeat(&process->slots[i]);
    return action == CQ_ABANDON_GUARD_JUDGE;
}

static void on_time(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    struct cq_maintenance *maintenance = data;
    struct cq_process *process = maintenance->process;
    cq_time now = cq_clock_now(), redis_now = 0;
    maintenance->asking_time = false;
    if (!lost && cq_reply_len(reply) == 2)
        redis_now = cq_reply_time(reply);
    if (redis_now <= 0 || !may_judge(maintenance)) { /* the round is left out */
        round_over(process);
        return;
    }
    cq_abandon_guard_heard(&maintenance->abandon_guard, now, cq_clock_monotonic());
    tell_difference(maintenance, now, redis_now);
    maintenance->judge_by = cq_abandon_guard_judge_by(now, redis_now);
    maintenance->abandon_at = 0;
    abandon_next(maintenance);
}

static void on_abandon_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)events;
    struct cq_maintenance *maintenance = timer->data;
    struct cq_process *process = maintenance->process;
    if (cq_maintenance_is_asking(maintenance) || !cq_async_is_ready(process->redis))
        return; /* the last round is not over, or it is not the time for one */
    if (!may_judge(maintenance))
        return;
    maintenance->asking_time = true;
    struct cq_command *command = cq_async_begin(process->redis);
    cq_command_text(command, "TIME");
    cq_async_call(process->redis, command, on_time, maintenance);
}

bool cq_maintenance_is_asking(const struct cq_maintenance *maintenance)
{
    return maintenance->asking_time || maintenance->abandon_at < maintenance->process->queue_count;
}

static void on_clean(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    struct cq_maintenance *maintenance = data;
    struct cq_process *process = maintenance->process;
    struct cq_error err;
    int64_t cleaned = 0;
    bool more = false;
    if (lost) {
        maintenance->clean_at = process->queue_count;
        return;
    }
    if (cq_clean_read(reply, &cleaned, &more, &err) != CQ_OK)
        cq_log(process->log, CQ_LOG_ERROR, process->name, NULL, "cleaning registries: %s", err.text);
    else if (cleaned)
        cq_log(process->log, CQ_LOG_INFO, process->name, NULL, "cleaned %lld entries of queue %.*s",
               (long long)cleaned, (int)process->queues[maintenance->clean_at].len,
               process->queues[maintenance->clean_at].data);
    if (more)
        clean_next(maintenance);
    else
        sweep_next(maintenance);
    if (cleaned)
        cq_process_wake(process);
}

/* Then what is beyond the bounds, and entries without jobs; and on to the next queue. */
static void on_sweep(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    struct cq_maintenance *maintenance = data;
    struct cq_process *process = maintenance->process;
    struct cq_error err;
    int64_t taken = 0, deleted = 0;
    bool more = false;
    if (lost) {
        maintenance->clean_at = process->queue_count;
        return;
    }
    const struct cq_str queue = process->queues[maintenance->clean_at];
    if (cq_sweep_read(reply, &taken, &deleted, &more, &err) != CQ_OK)
        cq_log(process->log, CQ_LOG_ERROR, process->name, NULL, "sweeping registries: %s", err.text);
    maintenance->stale += taken - deleted;
    maintenance->surplus += deleted;
    if (more) {
        sweep_next(maintenance);
        return;
    }
    if (maintenance->stale)
        cq_log(process->log, CQ_LOG_INFO, process->name, NULL,
               "took out %lld entries of queue %.*s whose jobs are gone", (long long)maintenance->stale,
               (int)queue.len, queue.data);
    if (maintenance->surplus)
        cq_log(process->log, CQ_LOG_INFO, process->name, NULL,
               "deleted %lld failed jobs of queue %.*s, beyond the bounds", (long long)maintenance->surplus,
               (int)queue.len, queue.data);
    maintenance->stale = maintenance->surplus = 0;
    maintenance->clean_at++;
    clean_next(maintenance);
}

static void sweep_next(struct cq_maintenance *maintenance)
{
    struct cq_process *process = maintenance->process;
    if (!cq_async_is_ready(process->redis)) {
        maintenance->clean_at = process->queue_count;
        return;
    }
    struct cq_sweep sweep = {
        .queue = process->queues[maintenance->clean_at],
        .now = cq_clock_now(),
        .limit = SWEEP_CHUNK,
        .interval_s = process->settings->maintenance_interval_s,
        .most_failed = process->settings->max_failed_jobs,
        .failed_age_s = process->settings->max_failed_age_s,
    };
    struct cq_command *command = cq_async_begin(process->redis);
    cq_sweep_build(&sweep, command);
    cq_async_call(process->redis, command, on_sweep, maintenance);
}

static void clean_next(struct cq_maintenance *maintenance)
{
    struct cq_process *process = maintenance->process;
    if (maintenance->clean_at >= process->queue_count || !cq_async_is_ready(process->redis)) {
        maintenance->clean_at = process->queue_count;
        return;
    }
    struct cq_clean clean = {
        .queue = process->queues[maintenance->clean_at], .now = cq_clock_now(), .limit = CLEAN_CHUNK};
    struct cq_command *command = cq_async_begin(process->redis);
    cq_clean_build(&clean, command);
    cq_async_call(process->redis, command, on_clean, maintenance);
}

static void on_clean_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)events;
    struct cq_maintenance *maintenance = timer->data;
    if (maintenance->clean_at < maintenance->process->queue_count)
        return;
    maintenance->clean_at = 0;
    clean_next(maintenance);
}

static void on_tick(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)events;
    struct cq_maintenance *maintenance = timer->data;
    for (int i = 0; i < maintenance->process->slot_count; i++)
        cq_execution_tick(&maintenance->process->slots[i]);
    cq_runtimes_tick(maintenance->process->runtimes);
}

struct cq_maintenance *cq_maintenance_new(struct cq_process *process)
{
    struct cq_maintenance *maintenance = cq_calloc(1, sizeof(*maintenance));
    maintenance->process = process;
    maintenance->abandon_at = maintenance->clean_at = process->queue_count;
    double every = abandon_every_s + abandon_spread_s * (double)random() / (double)RAND_MAX;
    ev_timer_init(&maintenance->abandon_timer, on_abandon_timer, every, every);
    double interval = process->settings->maintenance_interval_s;
    ev_timer_init(&maintenance->clean_timer, on_clean_timer, interval, interval);
    ev_timer_init(&maintenance->tick_timer, on_tick, 1., 1.);
    maintenance->abandon_timer.data = maintenance->clean_timer.data = maintenance->tick_timer.data =
        maintenance;
    return maintenance;
}

void cq_maintenance_start(struct cq_maintenance *maintenance)
{
    struct ev_loop *loop = maintenance->process->loop;
    ev_timer_start(loop, &maintenance->abandon_timer);
    ev_timer_start(loop, &maintenance->clean_timer);
    ev_timer_start(loop, &maintenance->tick_timer);
    on_clean_timer(loop, &maintenance->clean_timer, 0);
    on_abandon_timer(loop, &maintenance->abandon_timer, 0);
}

void cq_maintenance_free(struct cq_maintenance *maintenance)
{
    if (!maintenance)
        return;
    struct ev_loop *loop = maintenance->process->loop;
    ev_timer_stop(loop, &maintenance->abandon_timer);
    ev_timer_stop(loop, &maintenance->clean_timer);
    ev_timer_stop(loop, &maintenance->tick_timer);
    free(maintenance);
}
