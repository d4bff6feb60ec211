#include "worker/slot/execution.h"

#include <signal.h>

#include "worker/fields.h"
#include "worker/runtimes/horse.h"
#include "worker/runtimes/route.h"
#include "worker/runtimes/runtime.h"
#include "worker/slot/calls.h"
#include "worker/slot/horses.h"
#include "worker/slot/job_frame.h"

static const int64_t limit_max_s = INT64_C(1)
                                   << 53; /* as of durations in a job's hash: a horse may send anything */
static const char stopped_text[] = "Job stopped by user, work-horse terminated.";

void cq_execution_tick(struct cq_slot *slot)
{
    cq_horses_tick(slot);
    if (slot->state != CQ_SLOT_RUNNING)
        return;
    /* Its horse could not be asked for, as when no descriptor was left: nobody else comes back for it. */
    if (!slot->horse && cq_runtime_is_ready(slot->runtime))
        cq_slot_runtime_ready(slot, slot->runtime);
    if (slot->run.kill_reason != CQ_KILL_NONE)
        cq_horses_warm(slot);
}

/* Give the job frame to a horse, and keep it until that is there: a fork may fail. */
static void hand_over(struct cq_slot *slot, struct cq_str frame)
{
    bool taken = cq_horses_take(slot, frame);
    if (!taken || !slot->horse->pid)
        cq_running_put(&slot->run.unsent, frame);
    if (!taken) /* cq_slot_runtime_ready comes back for it */
        return;
    slot->run.soft_timeout = slot->horse->stable && slot->horse->stable->soft_timeout;
    if (slot->run.timeout_s > 0)
        cq_execution_set_limit(slot, slot->run.timeout_s);
}

static bool waits_for(const struct cq_slot *slot, const struct cq_runtime *runtime)
{
    return slot->state == CQ_SLOT_RUNNING && slot->runtime == runtime && !slot->horse && slot->run.unsent.len;
}

void cq_slot_runtime_ready(struct cq_slot *slot, struct cq_runtime *runtime)
{
    if (!slot->runtime)
        slot->runtime = runtime; /* the first job is likely to be one of its */
    cq_horses_let_go(slot, runtime);
    if (waits_for(slot, runtime)) {
        struct cq_buf frame = slot->run.unsent;
        cq_buf_init(&slot->run.unsent, frame.limit);
        hand_over(slot, cq_buf_view(&frame));
        cq_buf_release(&frame);
    } else if (slot->runtime == runtime) {
        cq_horses_warm(slot);
    }
}

/* ---- its end, when no horse has a say in it ---- */

static void note_end(struct cq_slot *slot, enum cq_outcome outcome, const char *text)
{
    slot->run.outcome = outcome;
    if (!slot->run.ended)
        slot->run.ended_at = cq_clock_now();
    if (text)
        cq_running_put(&slot->run.exc_text, cq_str(text));
}

void cq_execution_end(struct cq_slot *slot, enum cq_outcome outcome, const char *text)
{
    note_end(slot, outcome, text);
    cq_execution_commit(slot);
}

void cq_execution_end_calling(struct cq_slot *slot, enum cq_outcome outcome, const char *text,
                              enum cq_callback_kind kind)
{
    note_end(slot, outcome, text);
    cq_calls_without_horse(slot, kind);
}

void cq_execution_stopped(struct cq_slot *slot)
{
    cq_execution_end_calling(slot, CQ_OUTCOME_STOPPED, stopped_text, CQ_CALLBACK_STOPPED);
}

static void end_unavailable(struct cq_slot *slot, const char *why)
{
    cq_buf_clear(&slot->run.exc_text);
    cq_buf_printf(&slot->run.exc_text, "cq.RuntimeUnavailable: %s\n", why);
    cq_execution_end(slot, CQ_OUTCOME_FAILED, NULL);
}

/* ---- its start ---- */

/* What a callback needs that may have to run without the job's own horse, and webhooks when the outcome is
 * stored. */
static void keep_fields(struct cq_running *run, const struct cq_started *started)
{
    static const char *const wanted[] = {"success_callback_name", "failure_callback_name",
                                         "stopped_callback_name", "webhooks"};
    cq_buf_clear(&run->fields);
    for (size_t i = 0; i + 1 < cq_reply_len(started->fields); i += 2) {
        struct cq_str name = cq_reply_str(cq_reply_at(started->fields, i));
        for (size_t k = 0; k < CQ_ARRAY_LEN(wanted); k++) {
            if (cq_str_is(name, wanted[k]) && cq_reply_str(cq_reply_at(started->fields, i + 1)).len) {
                cq_fields_keep(started->fields, &run->fields);
                return;
            }
        }
    }
}

static void take(struct cq_slot *slot, const struct cq_started *started)
{
    struct cq_running *run = &slot->run;
    cq_running_put(&run->job_id, started->job_id);
    cq_running_put(&run->queue, slot->process->queues[slot->order[started->queue_index]]);
    struct cq_str description = cq_reply_field(started->fields, "description");
    if (description.len > run->description.limit)
        description.len = run->description.limit;
    cq_running_put(&run->description, description);
    memcpy(run->execution_id, slot->next_execution, sizeof(run->execution_id));
    slot->next_execution[0] = '\0';
    run->timeout_s = cq_job_frame_timeout(started->fields);
    run->started_at = cq_clock_now();
    run->started_monotonic = cq_clock_monotonic();
    run->value_present = run->meta_present = run->lost = run->refused = run->soft_timeout = run->given_back =
        false;
    run->ended = 0;
    run->calls_success = false;
    cq_buf_clear(&run->meta);
    run->kill_reason = CQ_KILL_NONE;
    run->limit_s = 0;
    cq_tail_clear(&run->tail);
    cq_buf_release(&run->unsent);
    keep_fields(run, started);
}

void cq_execution_start(struct cq_slot *slot, const struct cq_started *started)
{
    struct cq_process *process = slot->process;
    struct cq_running *run = &slot->run;
    take(slot, started);
    slot->state = CQ_SLOT_RUNNING;
    if (cq_log_enabled(process->log, CQ_LOG_INFO)) {
        if (process->settings->log_job_description)
            cq_log(process->log, CQ_LOG_INFO, slot->name, run->job_id.data, "%s: %.*s", run->queue.data,
                   (int)run->description.len, run->description.len ? run->description.data : "");
        else
            cq_log(process->log, CQ_LOG_INFO, slot->name, run->job_id.data, "%s", run->queue.data);
    }
    struct cq_runtime *runtime = cq_router_find(process->router, started->fields, &run->exc_text);
    if (!runtime) {
        cq_execution_end(slot, CQ_OUTCOME_FAILED, NULL);
        return;
    }
    slot->runtime = runtime;
    cq_calls_route(slot);
    const char *unavailable = cq_runtime_want(runtime);
    if (unavailable)
        end_unavailable(slot, unavailable);
    else if (cq_job_frame_build(slot, started))
        hand_over(slot, cq_buf_view(&process->frame));
    else
        cq_execution_end(slot, CQ_OUTCOME_FAILED,
                         "cq.PayloadTooLarge: the job's hash does not fit in a job frame of 513 MiB\n");
}

void cq_slot_runtime_failed(struct cq_slot *slot, const struct cq_runtime *runtime)
{
    if (!waits_for(slot, runtime))
        return;
    cq_buf_release(&slot->run.unsent);
    end_unavailable(slot, runtime->reason.data);
}

/* ---- ending it ---- */

static void set_timer(struct cq_slot *slot, double seconds)
{
    ev_timer_stop(slot->process->loop, &slot->timeout_timer);
    ev_timer_set(&slot->timeout_timer, seconds, 0.);
    ev_timer_start(slot->process->loop, &slot->timeout_timer);
}

bool cq_execution_kill(struct cq_slot *slot, enum cq_kill_reason reason)
{
    if (slot->state != CQ_SLOT_RUNNING)
        return false;
    if (slot->callback) { /* how the job ended is settled */
        if (reason == CQ_KILL_STOPPED)
            return false;
        if (slot->run.outcome == CQ_OUTCOME_SUCCESS) /* but for its success callback */
            slot->run.kill_reason = reason;
        cq_callback_kill(slot->callback);
        return true;
    }
    if (reason == CQ_KILL_DEADLINE && slot->run.kill_reason != CQ_KILL_NONE)
        return true; /* it is being ended already, for what it did */
    if (slot->run.kill_reason !=
        CQ_KILL_STOPPED) /* whatever comes while its horse dies: the user wanted it so */
        slot->run.kill_reason = reason;
    if (!slot->horse) { /* it waits for a stable: nothing to kill */
        cq_buf_release(&slot->run.unsent);
        if (reason == CQ_KILL_STOPPED)
            cq_execution_stopped(slot);
        else if (reason == CQ_KILL_DEADLINE)
            cq_execution_give_back(slot);
        else
            cq_execution_end(slot, CQ_OUTCOME_FAILED,
                             "Work-horse terminated unexpectedly; it had not started");
        return true;
    }
    cq_horse_kill(slot->horse, reason == CQ_KILL_TIMEOUT || reason == CQ_KILL_DEADLINE ? SIGTERM : SIGKILL);
    if (reason == CQ_KILL_DEADLINE)
        set_timer(slot, (double)slot->process->settings->kill_grace_s);
    return true;
}

static double limit_and_grace_s(const struct cq_slot *slot)
{
    return (double)(slot->run.limit_s + (slot->run.soft_timeout ? slot->process->settings->kill_grace_s : 0));
}

void cq_execution_set_limit(struct cq_slot *slot, int64_t seconds)
{
    struct cq_running *run = &slot->run;
    run->limit_s = seconds < 0 ? 0 : seconds < limit_max_s ? seconds : limit_max_s;
    ev_timer_stop(slot->process->loop, &slot->timeout_timer);
    if (run->limit_s)
        set_timer(slot, limit_and_grace_s(slot));
}

/* First the timeout itself, then the grace. */
static void on_timeout(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)events;
    struct cq_slot *slot = timer->data;
    if (slot->state != CQ_SLOT_RUNNING || !slot->horse)
        return;
    if (slot->run.kill_reason != CQ_KILL_NONE) {
        cq_horse_kill(slot->horse, SIGKILL);
        return;
    }
    double left_s = cq_horse_time_left(slot->horse, limit_and_grace_s(slot));
    if (left_s > 0) {
        set_timer(slot, left_s);
        return;
    }
    cq_log(slot->process->log, CQ_LOG_WARNING, slot->name, slot->run.job_id.data,
           "exceeded its timeout of %lld s; ending its horse %d", (long long)slot->run.limit_s,
           (int)slot->horse->pid);
    cq_execution_kill(slot, CQ_KILL_TIMEOUT);
    set_timer(slot, (double)slot->process->settings->kill_grace_s);
}

void cq_execution_timer_init(struct cq_slot *slot)
{
    ev_init(&slot->timeout_timer, on_timeout);
    slot->timeout_timer.data = slot;
}
