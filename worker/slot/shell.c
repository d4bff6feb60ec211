#include "worker/slot/shell.h"

#include <stdlib.h>

#include "base/mem.h"
#include "worker/runtimes/runtimes.h"
#include "worker/slot/answer.h"
#include "worker/slot/fetch.h"
#include "worker/slot/heartbeat.h"
#include "worker/slot/horses.h"
#include "worker/slot/job_run.h"
#include "worker/slot/registration.h"

/* ---- what its machines ask for ---- */

static struct cq_slot *slot_of(struct cq_worker *worker)
{
    return (struct cq_slot *)worker;
}

static uint32_t worker_facts(struct cq_worker *worker)
{
    const struct cq_worker_context *context = slot_of(worker)->context;
    uint32_t facts = 0;
    if (cq_async_is_ready(context->redis))
        facts |= CQ_WORKER_REDIS;
    if (cq_runtimes_take_jobs(context->runtimes))
        facts |= CQ_WORKER_RUNTIMES;
    if (context->settings->burst)
        facts |= CQ_WORKER_BURST;
    if (!context->jobs_may_come_back)
        facts |= CQ_WORKER_QUEUES_EMPTY;
    return facts;
}

static uint32_t execution_facts(struct cq_worker *worker)
{
    return cq_slot_execution_facts(slot_of(worker));
}

static void say(const struct cq_slot *slot, enum cq_log_level level, const char *text)
{
    cq_log(slot->context->log, level, slot->name, NULL, "%s", text);
}

/* Log why it ends, and keep the reason. */
static void say_end(struct cq_slot *slot, enum cq_worker_action action)
{
    const struct cq_worker_context *context = slot->context;
    switch (action) {
    case CQ_WORKER_DO_SAY_ENOUGH:
        slot->end = CQ_SLOT_END_MAX_JOBS;
        cq_log_info(&slot->logger, "finished executing %lld jobs, quitting",
                    (long long)slot->worker.jobs_done);
        break;
    case CQ_WORKER_DO_SAY_IDLE_LONG:
        slot->end = CQ_SLOT_END_NO_WORK;
        cq_log_info(&slot->logger, "idle for %lld seconds, quitting",
                    (long long)context->settings->max_idle_time_s);
        break;
    case CQ_WORKER_DO_SAY_BURST_DONE:
        slot->end = CQ_SLOT_END_NO_WORK;
        cq_log_info(&slot->logger, "done, quitting%s",
                    cq_slot_found_paused(slot) ? "; there are jobs on queues that are paused" : "");
        break;
    case CQ_WORKER_DO_SAY_SUSPENDED:
        slot->end = CQ_SLOT_END_NO_WORK;
        say(slot, CQ_LOG_INFO,
            "suspended in burst mode, quitting; there could still be unfinished jobs on the queue");
        break;
    case CQ_WORKER_DO_SAY_NAME_TAKEN:
        slot->end = CQ_SLOT_END_NAME_TAKEN;
        if (slot->origin == CQ_SLOT_ADDED)
            cq_log_error(&slot->logger, "cannot register: %s; it was not added", slot->refusal->text);
        break;
    default: cq_log_error(&slot->logger, "cannot register again: %s", slot->refusal->text);
    }
}

/* Redis refused a fetch, and on_again tries again. commit.c logs why an outcome was refused. */
static void arm_again(struct cq_slot *slot)
{
    cq_log_error(&slot->logger, "cannot fetch a job: %s; trying again in %d s", slot->trouble,
                 CQ_SLOT_AGAIN_S);
    cq_timer_arm(&slot->again_timer, CQ_SLOT_AGAIN_S);
}

static void deregister(struct cq_slot *slot)
{
    cq_timer_cancel(&slot->heartbeat_timer);
    cq_timer_cancel(&slot->limit_timer);
    cq_timer_cancel(&slot->idle_timer);
    cq_timer_cancel(&slot->again_timer);
    cq_callback_drop(slot->callback);
    cq_horses_release(slot);
    cq_slot_deregister(slot);
}

static void tell(struct cq_slot *slot, enum cq_worker_action action)
{
    struct cq_worker_context *context = slot->context;
    struct cq_slot_empty empty = {.slot = slot, .asked_by = slot->found_by, .found = slot->found};
    switch (action) {
    case CQ_WORKER_DO_TELL_REGISTERED: cq_worker_tell_of(context, CQ_NEWS_REGISTERED, slot); break;
    case CQ_WORKER_DO_TELL_NAME_TAKEN:
        if (slot->origin == CQ_SLOT_OF_START)
            cq_worker_tell_of(context, CQ_NEWS_NAME_TAKEN, slot);
        break;
    case CQ_WORKER_DO_TELL_JOB: cq_worker_tell_of(context, CQ_NEWS_JOB, slot); break;
    case CQ_WORKER_DO_TELL_NO_JOB: cq_worker_tell_of(context, CQ_NEWS_NO_JOB, &empty); break;
    case CQ_WORKER_DO_TELL_SUSPENDED: cq_worker_tell_of(context, CQ_NEWS_SUSPENDED, slot); break;
    case CQ_WORKER_DO_TELL_GONE: cq_worker_tell_of(context, CQ_NEWS_GONE, slot); break;
    default: cq_worker_tell(context, CQ_NEWS_WORK);
    }
}

static void arm_idle(struct cq_slot *slot)
{
    int64_t max_idle_s = slot->context->settings->max_idle_time_s;
    if (max_idle_s && !cq_timer_is_armed(&slot->idle_timer))
        cq_timer_arm(&slot->idle_timer, (double)max_idle_s);
}

static void do_worker(struct cq_worker *worker, enum cq_worker_action action)
{
    struct cq_slot *slot = slot_of(worker);
    switch (action) {
    case CQ_WORKER_DO_REGISTER: cq_slot_register(slot, false); break;
    case CQ_WORKER_DO_REGISTER_AGAIN: cq_slot_register(slot, true); break;
    case CQ_WORKER_DO_START_BEATING: cq_slot_start_beating(slot); break;
    case CQ_WORKER_DO_BEAT: cq_slot_heartbeat(slot); break;
    case CQ_WORKER_DO_SHOW_IDLE: cq_slot_show_state(slot, "idle"); break;
    case CQ_WORKER_DO_SHOW_SHUTDOWN: cq_slot_show_shutdown(slot); break;
    case CQ_WORKER_DO_WARM: cq_horses_warm(slot); break;
    case CQ_WORKER_DO_END_WARM:
        if (slot->horse) /* else one of those that wait may be for the job */
            cq_horses_end_warm(slot);
        break;
    case CQ_WORKER_DO_ARM_IDLE: arm_idle(slot); break;
    case CQ_WORKER_DO_STOP_IDLE: cq_timer_cancel(&slot->idle_timer); break;
    case CQ_WORKER_DO_ARM_AGAIN: arm_again(slot); break;
    case CQ_WORKER_DO_SEND_FETCH: cq_slot_send_fetch(slot); break;
    case CQ_WORKER_DO_START_JOB: cq_slot_start_job(slot); break;
    case CQ_WORKER_DO_SAY_IDLE_LONG:
    case CQ_WORKER_DO_SAY_ENOUGH:
    case CQ_WORKER_DO_SAY_BURST_DONE:
    case CQ_WORKER_DO_SAY_SUSPENDED:
    case CQ_WORKER_DO_SAY_NAME_TAKEN:
    case CQ_WORKER_DO_SAY_NOT_AGAIN: say_end(slot, action); break;
    case CQ_WORKER_DO_DEREGISTER: deregister(slot); break;
    default: tell(slot, action);
    }
}

static void do_execution(struct cq_worker *worker, enum cq_execution_action action)
{
    cq_slot_do_execution(slot_of(worker), action);
}

static void illegal(struct cq_worker *worker, const struct cq_machine *machine, int state, int event)
{
    const struct cq_slot *slot = slot_of(worker);
    cq_log_error(&slot->logger, "bug: %s: %s is illegal in state %s; please report it", machine->name,
                 machine->events[event], machine->states[state]);
}

static const struct cq_worker_shell shell = {
    .worker_facts = worker_facts,
    .execution_facts = execution_facts,
    .do_worker = do_worker,
    .do_execution = do_execution,
    .illegal = illegal,
};

/* ---- its timers ---- */

static void on_idle_too_long(void *data)
{
    struct cq_slot *slot = data;
    cq_worker_raise(&slot->worker, CQ_WORKER_IDLE_LONG);
}

static void on_again(void *data)
{
    struct cq_slot *slot = data;
    cq_worker_raise(&slot->worker, CQ_WORKER_AGAIN);
}

/* ---- life cycle ---- */

void cq_slot_init(struct cq_slot *slot, struct cq_worker_context *context, int index,
                  enum cq_slot_origin origin, int replaces_pid)
{
    const struct cq_runtimes *runtimes = context->runtimes;
    *slot = (struct cq_slot){.context = context, .index = index, .origin = origin};
    cq_worker_init(&slot->worker, &shell, context->settings->max_jobs);
    cq_slot_identify(slot, replaces_pid);
    cq_slot_init_order(slot);
    cq_execution_init(&slot->run);
    cq_output_init(&slot->output, context, slot->name, &slot->run.job_id, &slot->run.tail);
    cq_answer_init(slot);
    cq_timer_init(&slot->idle_timer, context->loop, on_idle_too_long, slot);
    cq_timer_init(&slot->again_timer, context->loop, on_again, slot);
    cq_slot_init_limit(slot);
    cq_slot_init_heartbeat(slot);
    slot->warm = cq_calloc((size_t)runtimes->count, sizeof(*slot->warm));
    if (runtimes->python && cq_runtime_starts_with_worker(runtimes->python))
        slot->runtime = runtimes->python;
    else if (cq_runtime_starts_with_worker(runtimes->native))
        slot->runtime = runtimes->native;
}

void cq_slot_release(struct cq_slot *slot)
{
    cq_timer_cancel(&slot->heartbeat_timer);
    cq_timer_cancel(&slot->limit_timer);
    cq_timer_cancel(&slot->idle_timer);
    cq_timer_cancel(&slot->again_timer);
    cq_horses_release(slot);
    cq_output_close(&slot->output);
    cq_execution_release(&slot->run);
    free(slot->warm);
    free(slot->order);
    free(slot->order_names);
}
