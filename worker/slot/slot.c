#include "worker/slot/slot.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "job/id.h"
#include "lifecycle/worker/birth.h"
#include "lifecycle/worker/death.h"
#include "lifecycle/worker/state.h"
#include "worker/callback.h"
#include "worker/maintenance.h"
#include "worker/pool/resize.h"
#include "worker/runtimes/runtimes.h"
#include "worker/slot/execution.h"
#include "worker/slot/horses.h"
#include "worker/slot/order.h"
#include "worker/waiter.h"

static void slot_name(struct cq_slot *slot)
{
    const struct cq_settings *settings = slot->process->settings;
    int first_number = slot->process->context->first_number;
    if (!settings->name)
        cq_execution_id_generate(slot->name); /* 32 hex digits, as RQ's uuid4().hex */
    else if (first_number || settings->num_workers > 1 || slot->index)
        snprintf(slot->name, sizeof(slot->name), "%s.%d", settings->name,
                 (first_number ? first_number : 1) + slot->index);
    else
        snprintf(slot->name, sizeof(slot->name), "%s", settings->name);
    slot->logger = (struct cq_logger){slot->process->log, slot->name};
}

static void set_order(struct cq_slot *slot)
{
    for (size_t i = 0; i < slot->process->queue_count; i++)
        slot->order_names[i] = slot->process->queues[slot->order[i]];
}

/* RQ's strategies, applied after each job. Source: rq/worker/base.py reorder_queues. */
static void reorder(struct cq_slot *slot, size_t taken_from)
{
    size_t count = slot->process->queue_count;
    if (count < 2 || slot->process->settings->dequeue_strategy == CQ_DEQUEUE_DEFAULT)
        return;
    if (slot->process->settings->dequeue_strategy == CQ_DEQUEUE_RANDOM)
        cq_order_shuffle(slot->order, count, cq_order_draw, NULL);
    else if (slot->process->settings->dequeue_strategy == CQ_DEQUEUE_ROUND_ROBIN)
        cq_order_rotate(slot->order, count, taken_from);
    set_order(slot);
}

static void die(struct cq_slot *slot);

static void on_idle_too_long(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)events;
    struct cq_slot *slot = timer->data;
    if (slot->state != CQ_SLOT_IDLE)
        return;
    cq_log(slot->process->log, CQ_LOG_INFO, slot->name, NULL, "idle for %lld seconds, quitting",
           (long long)slot->process->settings->max_idle_time_s);
    die(slot);
}

static void on_again(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)events;
    struct cq_slot *slot = timer->data;
    if (slot->state == CQ_SLOT_IDLE)
        cq_slot_fetch(slot);
    else if (slot->state == CQ_SLOT_COMMITTING)
        cq_execution_commit(slot);
}

void cq_slot_again_later(struct cq_slot *slot)
{
    ev_timer_stop(slot->process->loop, &slot->again_timer);
    ev_timer_set(&slot->again_timer, CQ_SLOT_AGAIN_S, 0.);
    ev_timer_start(slot->process->loop, &slot->again_timer);
}

static void become_idle(struct cq_slot *slot)
{
    struct cq_process *process = slot->process;
    bool was_idle = slot->state == CQ_SLOT_FETCHING;
    slot->state = CQ_SLOT_IDLE;
    if (slot->stopping) {
        die(slot);
        return;
    }
    if (process->settings->max_idle_time_s && !(was_idle && ev_is_active(&slot->idle_timer))) {
        ev_timer_stop(process->loop, &slot->idle_timer);
        ev_timer_set(&slot->idle_timer, (double)process->settings->max_idle_time_s, 0.);
        ev_timer_start(process->loop, &slot->idle_timer);
    }
}

static void fill_fetch(struct cq_slot *slot, struct cq_fetch *fetch)
{
    const struct cq_settings *settings = slot->process->settings;
    struct cq_process *process = slot->process;
    /* The id of a lost call is kept: what it may have started is found by it. Random for the process and
     * counted in it: as unique as RQ's uuid4().hex, without its system calls for every job. */
    if (!slot->next_execution[0])
        snprintf(slot->next_execution, sizeof(slot->next_execution), "%.16s%016llx",
                 process->execution_prefix, process->execution_count++);
    if (settings->dequeue_strategy == CQ_DEQUEUE_WEIGHTED && process->queue_count > 1) {
        cq_order_draw_weighted(slot->order, settings->queue_numbers, process->queue_count, cq_order_draw,
                               NULL);
        set_order(slot);
    }
    *fetch = (struct cq_fetch){
        .queues = slot->order_names,
        .queue_count = slot->process->queue_count,
        .worker = cq_str(slot->name),
        .execution_id = cq_str(slot->next_execution),
        .now = cq_clock_now(),
        .monitoring_interval_s = settings->job_monitoring_interval_s,
        .lasting = settings->reuse_horses,
        .worker_ttl_s = settings->worker_ttl_s,
        .resume = slot->resume,
        .resume_only = slot->stopping,
        .targets = cq_buf_view(&process->targets),
    };
    slot->asked = true;
}

bool cq_slot_next_fetch(struct cq_slot *slot, struct cq_fetch *ret_fetch)
{
    const struct cq_settings *settings = slot->process->settings;
    /* A fetch whose reply was lost is always asked for again: it may have started a job. */
    bool enough = slot->stopping || (settings->max_jobs && slot->jobs_done + 1 >= settings->max_jobs);
    slot->asked = false;
    if ((enough || slot->run.refused || !cq_runtimes_take_jobs(slot->process->runtimes)) && !slot->resume)
        return false;
    fill_fetch(slot, ret_fetch);
    ret_fetch->resume_only = enough;
    return true;
}

static void on_fetch(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    struct cq_slot *slot = data;
    enum cq_fetch_verdict verdict = CQ_FETCH_EMPTY;
    struct cq_started started;
    struct cq_error err;
    if (slot->state != CQ_SLOT_FETCHING)
        return;
    if (lost && lost->code == CQ_ERR_CONNECTION) {
        slot->resume = true;
        slot->state = CQ_SLOT_IDLE;
        return;
    }
    if (lost || cq_fetch_read(reply, &verdict, &started, &err) != CQ_OK)
        cq_slot_not_fetched(slot, lost ? lost->text : err.text);
    else
        cq_slot_next(slot, verdict, &started);
}

bool cq_slot_fetch(struct cq_slot *slot)
{
    struct cq_process *process = slot->process;
    struct cq_fetch fetch;
    if (slot->state != CQ_SLOT_IDLE || !cq_async_is_ready(process->redis) ||
        !cq_runtimes_take_jobs(process->runtimes))
        return false;
    fill_fetch(slot, &fetch);
    slot->state = CQ_SLOT_FETCHING;
    struct cq_command *command = cq_async_begin(process->redis);
    cq_fetch_build(&fetch, command);
    cq_async_call(process->redis, command, on_fetch, slot);
    return true;
}

/* started: of a fetch that found nothing; NULL: it was not asked. */
static bool anything_paused(const struct cq_slot *slot, const struct cq_started *started)
{
    for (size_t i = 0; started && i < slot->process->queue_count; i++)
        if (cq_fetch_is_paused(started, i))
            return true;
    return false;
}

/* In burst mode; but while abandoned jobs are looked for, some may yet be put back. */
static bool ends_with_the_queues(const struct cq_slot *slot)
{
    return slot->process->settings->burst && !slot->stopping && slot->asked &&
           !cq_maintenance_is_asking(slot->process->maintenance);
}

void cq_slot_next(struct cq_slot *slot, enum cq_fetch_verdict verdict, const struct cq_started *started)
{
    struct cq_process *process = slot->process;
    const struct cq_settings *settings = process->settings;
    bool woken = slot->state == CQ_SLOT_FETCHING;
    slot->resume = verdict == CQ_FETCH_STARTED && started->queue_index >= process->queue_count;
    if (slot->resume) { /* no answer of our scripts: what they have started is asked for */
        cq_slot_not_fetched(slot, "Redis answered with a queue that was not asked for");
        return;
    }
    if (verdict == CQ_FETCH_STARTED) {
        ev_timer_stop(process->loop, &slot->idle_timer);
        size_t taken_from = started->queue_index;
        cq_execution_start(slot, started);
        reorder(slot, taken_from);
        if (woken) { /* there may be more for the others */
            cq_waiters_won(process->waiters);
            cq_process_wake(process);
        }
        return;
    }
    if (verdict == CQ_FETCH_AGAIN && !slot->stopping) {
        slot->state = CQ_SLOT_IDLE;
        if (cq_slot_fetch(slot))
            return;
    }
    if (settings->max_jobs && slot->jobs_done >= settings->max_jobs) {
        cq_log(process->log, CQ_LOG_INFO, slot->name, NULL, "finished executing %lld jobs, quitting",
               (long long)slot->jobs_done);
        slot->stopping = slot->worn = true;
    } else if (verdict == CQ_FETCH_EMPTY && ends_with_the_queues(slot)) {
        cq_log(process->log, CQ_LOG_INFO, slot->name, NULL, "done, quitting%s",
               anything_paused(slot, started) ? "; there are jobs on queues that are paused" : "");
        slot->stopping = true;
    } else if (verdict == CQ_FETCH_SUSPENDED && settings->burst) {
        cq_log(process->log, CQ_LOG_INFO, slot->name, NULL,
               "suspended in burst mode, quitting; there could still be unfinished jobs on the queue");
        slot->stopping = true;
    }
    become_idle(slot);
    for (size_t i = 0; verdict == CQ_FETCH_EMPTY && slot->asked && started && i < process->queue_count; i++)
        cq_waiters_hold(process->waiters, slot->order[i], cq_fetch_is_paused(started, i));
    if (verdict == CQ_FETCH_EMPTY && slot->asked && started && !settings->burst)
        cq_waiters_fetch_in(process->waiters, cq_fetch_wait_ms(started));
    if (verdict == CQ_FETCH_SUSPENDED && !settings->burst)
        cq_process_suspended(process, slot);
    else if (slot->stopping || !slot->asked)
        cq_process_wake(
            process); /* in burst the next slot finds out for itself; what was not asked for is now */
    else
        cq_waiters_arm(process->waiters, woken);
}

static void on_death(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    (void)reply, (void)lost; /* when it was lost the hash expires by itself */
    struct cq_slot *slot = data;
    if (slot->state != CQ_SLOT_DYING)
        return;
    slot->state = CQ_SLOT_DEAD;
    cq_process_slot_dead(slot->process, slot);
}

static void die(struct cq_slot *slot)
{
    struct cq_process *process = slot->process;
    slot->state = CQ_SLOT_DYING;
    ev_timer_stop(process->loop, &slot->heartbeat_timer);
    ev_timer_stop(process->loop, &slot->timeout_timer);
    ev_timer_stop(process->loop, &slot->idle_timer);
    ev_timer_stop(process->loop, &slot->again_timer);
    cq_callback_drop(slot->callback);
    cq_horses_release(slot);
    if (!cq_async_is_ready(process->redis)) {
        on_death(NULL, NULL, slot);
        return;
    }
    struct cq_command *command = cq_async_begin(process->redis);
    cq_worker_death_build(&slot->identity, cq_clock_now(), command);
    cq_async_call(process->redis, command, on_death, slot);
}

void cq_slot_abandon(struct cq_slot *slot)
{
    if (slot->state >= CQ_SLOT_DYING)
        return;
    die(slot);
}

void cq_slot_stop(struct cq_slot *slot)
{
    struct cq_process *process = slot->process;
    if (slot->stopping || slot->state >= CQ_SLOT_DYING)
        return;
    slot->stopping = true;
    if (slot->state == CQ_SLOT_RUNNING && slot->horse) {
        cq_horses_end_warm(slot);
    } else if (slot->state == CQ_SLOT_UNBORN ||
               (slot->state == CQ_SLOT_IDLE && (!slot->resume || !cq_async_is_ready(process->redis)))) {
        die(slot); /* what a lost call may have started is found abandoned, if it cannot be asked for */
        return;
    }
    if ((slot->state == CQ_SLOT_RUNNING || slot->state == CQ_SLOT_COMMITTING) &&
        cq_async_is_ready(process->redis)) {
        struct cq_command *command = cq_async_begin(process->redis);
        cq_worker_shutdown_build(cq_str(slot->name), cq_clock_now(), command);
        cq_async_call(process->redis, command, NULL, NULL);
    }
}

/* Born, or born again: go on where it was. */
static void on_birth(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    struct cq_slot *slot = data;
    struct cq_process *process = slot->process;
    struct cq_error err;
    if (lost || slot->state >= CQ_SLOT_DYING)
        return; /* the next connection tries again */
    if (cq_worker_birth_read(reply, &err) != CQ_OK) {
        if (slot->state != CQ_SLOT_UNBORN) {
            cq_log(process->log, CQ_LOG_ERROR, slot->name, NULL, "cannot register again: %s", err.text);
            return;
        }
        slot->state = CQ_SLOT_DEAD;
        if (slot->added)
            cq_log(process->log, CQ_LOG_ERROR, slot->name, NULL, "cannot register: %s; it was not added",
                   err.text);
        else
            cq_process_refused(process, &err);
        cq_process_slot_dead(process, slot);
        return;
    }
    if (slot->state != CQ_SLOT_UNBORN)
        return;
    slot->state = CQ_SLOT_IDLE;
    slot->registered = true;
    cq_resize_born(process);
    ev_timer_start(process->loop, &slot->heartbeat_timer);
    struct cq_command *command = cq_async_begin(process->redis);
    cq_worker_state_build(cq_str(slot->name), "idle", command);
    cq_async_call(process->redis, command, NULL, NULL);
    become_idle(slot);
    cq_horses_warm(slot);
    cq_process_wake(process);
}

void cq_slot_redis_ready(struct cq_slot *slot)
{
    struct cq_process *process = slot->process;
    if (slot->state >= CQ_SLOT_DYING)
        return;
    bool again = slot->state != CQ_SLOT_UNBORN;
    slot->identity.ip_address = cq_async_peer_addr(process->redis);
    struct cq_command *command = cq_async_begin(process->redis);
    cq_worker_birth_build(&slot->identity, slot->identity.birth, cq_clock_now(), again, command);
    cq_async_call(process->redis, command, on_birth, slot);
    /* Before anybody, this process too, judges by its old score that it was abandoned. */
    if (slot->state == CQ_SLOT_RUNNING)
        cq_slot_heartbeat(slot);
    if (slot->state == CQ_SLOT_COMMITTING)
        cq_execution_commit(slot);
    else if (slot->state == CQ_SLOT_IDLE)
        cq_slot_fetch(slot);
}

void cq_slot_init(struct cq_slot *slot, struct cq_process *process, int index)
{
    const struct cq_settings *settings = process->settings;
    *slot = (struct cq_slot){.process = process, .index = index};
    slot_name(slot);
    cq_running_init(&slot->run);
    slot->order = cq_calloc(process->queue_count, sizeof(*slot->order));
    slot->order_names = cq_calloc(process->queue_count, sizeof(*slot->order_names));
    for (size_t i = 0; i < process->queue_count; i++)
        slot->order[i] = i;
    set_order(slot);
    slot->identity = (struct cq_worker_identity){
        .name = cq_str(slot->name),
        .queues = process->queues,
        .queue_count = process->queue_count,
        .pid = getpid(),
        .hostname = process->hostname,
        .ip_address = "unknown",
        .version = "cq " CQ_VERSION, /* tells cq's workers from RQ's: only ours know the command `reload` */
        .python_version = "native",
        .worker_ttl_s = settings->worker_ttl_s,
        .birth = cq_clock_now(),
        .replaces_pid = process->context->replaces_pid,
    };
    ev_init(&slot->idle_timer, on_idle_too_long);
    ev_init(&slot->again_timer, on_again);
    slot->idle_timer.data = slot->again_timer.data = slot;
    slot->warm = cq_calloc((size_t)process->runtimes->count, sizeof(*slot->warm));
    if (process->runtimes->python && cq_runtime_starts_with_worker(process->runtimes->python))
        slot->runtime = process->runtimes->python;
    else if (cq_runtime_starts_with_worker(process->runtimes->native))
        slot->runtime = process->runtimes->native;
    cq_execution_timer_init(slot);
    cq_execution_rider_init(slot);
    cq_slot_heartbeat_init(slot);
}

void cq_slot_release(struct cq_slot *slot)
{
    struct ev_loop *loop = slot->process->loop;
    ev_timer_stop(loop, &slot->heartbeat_timer);
    ev_timer_stop(loop, &slot->timeout_timer);
    ev_timer_stop(loop, &slot->idle_timer);
    ev_timer_stop(loop, &slot->again_timer);
    cq_horses_release(slot);
    cq_rider_close_output(&slot->rider);
    cq_running_release(&slot->run);
    free(slot->warm);
    free(slot->order);
    free(slot->order_names);
}
