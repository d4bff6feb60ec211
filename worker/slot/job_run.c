#include "worker/slot/job_run.h"

#include <signal.h>

#include "job/keys.h"
#include "worker/callback.h"
#include "worker/runtimes/route.h"
#include "worker/runtimes/runtime.h"
#include "worker/slot/callbacks.h"
#include "worker/slot/commit.h"
#include "worker/slot/fetch.h"
#include "worker/slot/horses.h"
#include "worker/slot/job_frame.h"
#include "worker/slot/record.h"

/* ---- its start ---- */

/* The job's hash is kept when a callback or webhooks may need it without the job's own horse. */
static void keep_fields(struct cq_execution *run, const struct cq_started *started)
{
    static const char *const wanted[] = {"success_callback_name", "failure_callback_name",
                                         "stopped_callback_name", "webhooks"};
    cq_buf_clear(&run->fields);
    for (size_t i = 0; i + 1 < cq_reply_len(started->fields); i += 2) {
        struct cq_str name = cq_reply_str(cq_reply_at(started->fields, i));
        for (size_t k = 0; k < CQ_ARRAY_LEN(wanted); k++) {
            if (cq_str_is(name, wanted[k]) && cq_reply_str(cq_reply_at(started->fields, i + 1)).len) {
                cq_job_fields_keep(started->fields, &run->fields);
                return;
            }
        }
    }
}

static void take(struct cq_slot *slot, const struct cq_started *started)
{
    struct cq_execution *run = &slot->run;
    cq_execution_put(&run->job_id, started->job_id);
    cq_execution_put(&run->queue, slot->context->queues[slot->order[started->queue_index]]);
    struct cq_str description = cq_reply_field(started->fields, "description");
    if (description.len > run->description.limit)
        description.len = run->description.limit;
    cq_execution_put(&run->description, description);
    memcpy(run->id, slot->next_execution, sizeof(run->id));
    slot->next_execution[0] = '\0';
    run->found_by = slot->found_by;
    run->timeout_s = cq_job_frame_timeout(started->fields);
    cq_execution_set_limit(run, run->timeout_s);
    run->started_at = cq_clock_now();
    run->started_monotonic = cq_clock_monotonic();
    run->value_present = run->meta_present = false;
    run->ended_frames = 0;
    cq_buf_clear(&run->meta);
    cq_output_tail_clear(&run->tail);
    cq_buf_release(&run->unsent);
    keep_fields(run, started);
}

static void log_start(const struct cq_slot *slot)
{
    const struct cq_worker_context *context = slot->context;
    const struct cq_execution *run = &slot->run;
    if (!cq_log_enabled(context->log, CQ_LOG_INFO))
        return;
    if (context->settings->log_job_description)
        cq_log_job_info(&slot->logger, run->job_id.data, "%s: %.*s", run->queue.data,
                        (int)run->description.len, run->description.len ? run->description.data : "");
    else
        cq_log_job_info(&slot->logger, run->job_id.data, "%s", run->queue.data);
}

/* Find its runtime, ready or about to be. False: the job cannot run, and that is recorded. */
static bool find_runtime(struct cq_slot *slot, const struct cq_started *started)
{
    struct cq_execution *run = &slot->run;
    struct cq_runtime *runtime = cq_router_find(slot->context->router, started->fields, &run->exc_text);
    if (!runtime) {
        cq_record_failure(run, NULL);
        return false;
    }
    slot->runtime = runtime;
    cq_slot_route_callbacks(slot);
    const char *unavailable = cq_runtime_want(runtime);
    if (unavailable)
        cq_record_unavailable(run, unavailable);
    return !unavailable;
}

void cq_slot_start_job(struct cq_slot *slot)
{
    const struct cq_started *started = slot->found;
    take(slot, started);
    cq_slot_reorder(slot, started->queue_index);
    log_start(slot);
    bool runs = find_runtime(slot, started);
    if (runs && !cq_job_frame_build(slot, started)) {
        cq_record_failure(&slot->run,
                          "cq.PayloadTooLarge: the job's hash does not fit in a job frame of 513 MiB\n");
        runs = false;
    }
    cq_execution_raise(&slot->worker, runs ? CQ_EXECUTION_START : CQ_EXECUTION_CANNOT_RUN);
}

/* Give the job frame to a horse, and keep it until the horse is forked: a fork may fail. */
static void take_horse(struct cq_slot *slot)
{
    struct cq_execution *run = &slot->run;
    struct cq_buf kept = run->unsent;
    cq_buf_init(&run->unsent, kept.limit);
    struct cq_str frame = kept.len ? cq_buf_view(&kept) : cq_job_frame(slot);
    bool taken = cq_horses_take(slot, frame);
    if (!taken || !slot->horse->pid)
        cq_execution_put(&run->unsent, frame);
    cq_buf_release(&kept);
    if (!taken) /* cq_slot_runtime_ready comes back for it, or the tick */
        return;
    bool raises = slot->horse->stable && slot->horse->stable->soft_timeout;
    run->grace_s = raises ? slot->context->settings->kill_grace_s : 0;
    cq_execution_raise(&slot->worker, CQ_EXECUTION_HORSE_TAKEN);
}

static bool waits_for_horse(const struct cq_slot *slot)
{
    return slot->worker.execution == CQ_EXECUTION_WAITING;
}

void cq_slot_runtime_ready(struct cq_slot *slot, struct cq_runtime *runtime)
{
    if (!slot->runtime)
        slot->runtime = runtime; /* the first job is likely to be one of its */
    cq_horses_let_go(slot, runtime);
    if (slot->runtime != runtime)
        return;
    if (waits_for_horse(slot))
        cq_execution_raise(&slot->worker, CQ_EXECUTION_TRY_HORSE);
    else
        cq_horses_warm(slot);
}

void cq_slot_runtime_failed(struct cq_slot *slot, const struct cq_runtime *runtime)
{
    if (!waits_for_horse(slot) || slot->runtime != runtime)
        return;
    cq_record_unavailable(&slot->run, runtime->reason.data);
    cq_execution_raise(&slot->worker, CQ_EXECUTION_CANNOT_RUN);
}

void cq_slot_tick_job(struct cq_slot *slot)
{
    /* No horse could be asked for, as when no descriptor was left: nothing else tries again. */
    if (waits_for_horse(slot) && cq_runtime_is_ready(slot->runtime))
        cq_execution_raise(&slot->worker, CQ_EXECUTION_TRY_HORSE);
    if (cq_execution_is_dying(slot->worker.execution))
        cq_horses_warm(slot);
}

/* ---- its time ---- */

static double limit_and_grace_s(const struct cq_slot *slot)
{
    return (double)(slot->run.limit_s + slot->run.grace_s);
}

static void arm_limit(struct cq_slot *slot)
{
    if (slot->run.limit_s)
        cq_timer_arm(&slot->limit_timer, limit_and_grace_s(slot));
    else
        cq_timer_cancel(&slot->limit_timer);
}

static void on_limit(void *data)
{
    struct cq_slot *slot = data;
    if (!cq_execution_runs(slot->worker.execution) || !slot->horse)
        return;
    double left_s = 0;
    if (!cq_execution_is_dying(slot->worker.execution))
        left_s = cq_horse_time_left(slot->horse, limit_and_grace_s(slot));
    if (left_s > 0)
        cq_timer_arm(&slot->limit_timer, left_s);
    else
        cq_execution_raise(&slot->worker, CQ_EXECUTION_TIME_UP);
}

void cq_slot_init_limit(struct cq_slot *slot)
{
    cq_timer_init(&slot->limit_timer, slot->context->loop, on_limit, slot);
}

static void say_timeout(const struct cq_slot *slot)
{
    cq_log_job_warning(&slot->logger, slot->run.job_id.data,
                       "exceeded its timeout of %lld s; ending its horse %d", (long long)slot->run.limit_s,
                       (int)slot->horse->pid);
}

/* ---- its end, from outside ---- */

bool cq_slot_stop_job(struct cq_slot *slot)
{
    if (!cq_execution_runs(slot->worker.execution)) /* how it ended is settled */
        return false;
    cq_execution_raise(&slot->worker, CQ_EXECUTION_STOP);
    return true;
}

static bool can_be_ended(const struct cq_slot *slot)
{
    return cq_execution_runs(slot->worker.execution) || cq_execution_is_calling(slot->worker.execution);
}

bool cq_slot_kill_job(struct cq_slot *slot)
{
    if (!can_be_ended(slot))
        return false;
    cq_execution_raise(&slot->worker, CQ_EXECUTION_KILL);
    return true;
}

void cq_slot_end_job(struct cq_slot *slot)
{
    if (can_be_ended(slot))
        cq_execution_raise(&slot->worker, CQ_EXECUTION_DEADLINE);
}

void cq_slot_end_job_now(struct cq_slot *slot)
{
    cq_slot_end_job(slot);
    if (slot->horse)
        cq_horse_kill(slot->horse, SIGKILL);
}

/* ---- what its machine asks for ---- */

/* Its horse has answered, and the outcome is on its way: the rest is done while Redis works on that. */
static void let_go(struct cq_slot *slot)
{
    cq_output_drain(&slot->output);
    cq_horses_dismiss(slot);
    /* When jobs follow each other the next horse is forked now. The outcome of a lone job should not share
     * the processors with a fork: its producer gets it first, and commit.c has the horse forked. */
    if (slot->run.found_by == CQ_FOUND_BY_FINISH)
        cq_horses_warm(slot);
}

static void kill_callback(struct cq_slot *slot)
{
    if (slot->callback)
        cq_callback_kill(slot->callback);
}

uint32_t cq_slot_execution_facts(const struct cq_slot *slot)
{
    uint32_t redis = cq_async_is_ready(slot->context->redis) ? CQ_EXECUTION_REDIS : 0;
    return redis | cq_slot_callback_facts(slot);
}

void cq_slot_do_execution(struct cq_slot *slot, enum cq_execution_action action)
{
    switch (action) {
    case CQ_EXECUTION_DO_TAKE_HORSE: take_horse(slot); break;
    case CQ_EXECUTION_DO_DROP_FRAME: cq_buf_release(&slot->run.unsent); break;
    case CQ_EXECUTION_DO_ARM_LIMIT: arm_limit(slot); break;
    case CQ_EXECUTION_DO_ARM_GRACE:
        cq_timer_arm(&slot->limit_timer, (double)slot->context->settings->kill_grace_s);
        break;
    case CQ_EXECUTION_DO_DISARM: cq_timer_cancel(&slot->limit_timer); break;
    case CQ_EXECUTION_DO_TERM_HORSE: cq_horse_kill(slot->horse, SIGTERM); break;
    case CQ_EXECUTION_DO_KILL_HORSE: cq_horse_kill(slot->horse, SIGKILL); break;
    case CQ_EXECUTION_DO_SAY_TIMEOUT: say_timeout(slot); break;
    case CQ_EXECUTION_DO_KILL_CALLBACK: kill_callback(slot); break;
    case CQ_EXECUTION_DO_CALL_SUCCESS: cq_slot_call(slot, CQ_CALLBACK_SUCCESS); break;
    case CQ_EXECUTION_DO_CALL_FAILURE: cq_slot_call(slot, CQ_CALLBACK_FAILURE); break;
    case CQ_EXECUTION_DO_CALL_STOPPED: cq_slot_call(slot, CQ_CALLBACK_STOPPED); break;
    case CQ_EXECUTION_DO_ARM_AGAIN: cq_commit_again_later(slot); break;
    case CQ_EXECUTION_DO_STOP_AGAIN: cq_timer_cancel(&slot->again_timer); break;
    case CQ_EXECUTION_DO_SEND_FINISH: cq_commit_send(slot); break;
    case CQ_EXECUTION_DO_SEND_RETURN: cq_commit_send_return(slot); break;
    case CQ_EXECUTION_DO_LET_GO: let_go(slot); break;
    case CQ_EXECUTION_DO_REPORT: cq_commit_report(slot); break;
    case CQ_EXECUTION_DO_GIVE_UP: cq_commit_give_up(slot); break;
    case CQ_EXECUTION_DO_RETURNED: break; /* commit.c has said so */
    default: cq_record(slot, action);
    }
}
