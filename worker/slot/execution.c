#include "worker/slot/execution.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "lifecycle/meta.h"
#include "worker/slot/horses.h"
#include "worker/slot/job_frame.h"
#include "worker/runtimes/horse.h"
#include "worker/runtimes/route.h"
#include "worker/runtimes/runtime.h"

enum {
    FOREIGN_ID_MAX = 1024 * 1024, /* of a job's id; others write ids longer than ours */
    DESCRIPTION_MAX = 1024,       /* bytes of it in the log */
    KEEP_MAX = 1024 * 1024,       /* bytes of an outcome's buffers that stay for the next one */
};

static const char stopped_text[] = "Job stopped by user, work-horse terminated.";

void cq_running_init(struct cq_running *run)
{
    *run = (struct cq_running){.timeout_s = CQ_TTL_FOREVER};
    cq_buf_init(&run->job_id, FOREIGN_ID_MAX);
    cq_buf_init(&run->queue, CQ_NAME_MAX);
    cq_buf_init(&run->description, DESCRIPTION_MAX);
    cq_buf_init(&run->value, CQ_FRAME_JOB_MAX);
    cq_buf_init(&run->exc_text, CQ_FRAME_JOB_MAX);
    cq_buf_init(&run->meta, CQ_FRAME_JOB_MAX);
    cq_buf_init(&run->retry_intervals, CQ_FRAME_CONTROL_MAX);
    cq_buf_init(&run->unsent, (size_t)CQ_FRAME_JOB_MAX + CQ_FRAME_CONTROL_MAX);
}

void cq_running_release(struct cq_running *run)
{
    struct cq_buf *all[] = {&run->job_id,   &run->queue, &run->description,     &run->value,
                            &run->exc_text, &run->meta,  &run->retry_intervals, &run->unsent};
    for (size_t i = 0; i < CQ_ARRAY_LEN(all); i++)
        cq_buf_release(all[i]);
}

void cq_running_trim(struct cq_running *run)
{
    struct cq_buf *large[] = {&run->value, &run->exc_text, &run->meta};
    for (size_t i = 0; i < CQ_ARRAY_LEN(large); i++)
        if (large[i]->cap > KEEP_MAX)
            cq_buf_release(large[i]);
}

/* Replace what buf holds. */
static void put(struct cq_buf *buf, struct cq_str text)
{
    cq_buf_clear(buf);
    if (text.data)
        cq_buf_str(buf, text);
}

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

/* Give the job frame to a horse, or keep it until there is one. */
static void hand_over(struct cq_slot *slot, struct cq_str frame)
{
    if (!cq_horses_take(slot, frame)) { /* cq_slot_runtime_ready comes back for it */
        put(&slot->run.unsent, frame);
        return;
    }
    if (slot->run.timeout_s > 0) {
        ev_timer_set(&slot->timeout_timer, (double)slot->run.timeout_s, 0.);
        ev_timer_start(slot->process->loop, &slot->timeout_timer);
    }
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

/* The end of an execution whose horse has no say in it; its text is in exc_text. */
static void end_refused(struct cq_slot *slot)
{
    slot->run.outcome = CQ_OUTCOME_FAILED;
    slot->run.ended_at = cq_clock_now();
    cq_execution_commit(slot);
}

static void end_unavailable(struct cq_slot *slot, const char *why)
{
    cq_buf_clear(&slot->run.exc_text);
    cq_buf_printf(&slot->run.exc_text, "cq.RuntimeUnavailable: %s\n", why);
    end_refused(slot);
}

static void end_as(struct cq_slot *slot, enum cq_outcome outcome, const char *text)
{
    slot->run.outcome = outcome;
    slot->run.ended_at = cq_clock_now();
    put(&slot->run.exc_text, cq_str(text));
    cq_execution_commit(slot);
}

void cq_execution_start(struct cq_slot *slot, const struct cq_started *started)
{
    struct cq_process *process = slot->process;
    struct cq_running *run = &slot->run;
    put(&run->job_id, started->job_id);
    put(&run->queue, process->queues[slot->order[started->queue_index]]);
    struct cq_str description = cq_reply_field(started->fields, "description");
    if (description.len > run->description.limit)
        description.len = run->description.limit;
    put(&run->description, description);
    memcpy(run->execution_id, slot->next_execution, sizeof(run->execution_id));
    slot->next_execution[0] = '\0';
    run->timeout_s = cq_job_frame_timeout(started->fields);
    run->started_at = cq_clock_now();
    run->started_monotonic = cq_clock_monotonic();
    run->value_present = run->meta_present = run->lost = run->refused = false;
    run->kill_reason = CQ_KILL_NONE;
    slot->state = CQ_SLOT_RUNNING;
    if (cq_log_enabled(process->log, CQ_LOG_INFO)) {
        if (process->options->log_job_description)
            cq_log(process->log, CQ_LOG_INFO, slot->name, run->job_id.data, "%s: %.*s", run->queue.data, (int)run->description.len,
                   run->description.len ? run->description.data : "");
        else
            cq_log(process->log, CQ_LOG_INFO, slot->name, run->job_id.data, "%s", run->queue.data);
    }
    struct cq_runtime *runtime = cq_router_find(process->router, started->fields, &run->exc_text);
    if (!runtime) {
        end_refused(slot);
        return;
    }
    slot->runtime = runtime;
    const char *unavailable = cq_runtime_want(runtime);
    if (unavailable)
        end_unavailable(slot, unavailable);
    else if (cq_job_frame_build(slot, started))
        hand_over(slot, cq_buf_view(&process->frame));
    else
        end_as(slot, CQ_OUTCOME_FAILED, "cq.PayloadTooLarge: the job's hash does not fit in a job frame of 513 MiB\n");
}

void cq_slot_runtime_failed(struct cq_slot *slot, const struct cq_runtime *runtime)
{
    if (!waits_for(slot, runtime))
        return;
    cq_buf_release(&slot->run.unsent);
    end_unavailable(slot, runtime->reason.data);
}

bool cq_execution_kill(struct cq_slot *slot, enum cq_kill_reason reason)
{
    if (slot->state != CQ_SLOT_RUNNING)
        return false;
    if (slot->run.kill_reason != CQ_KILL_STOPPED) /* whatever comes while its horse dies: the user wanted it so */
        slot->run.kill_reason = reason;
    if (!slot->horse) { /* it waits for a stable: nothing to kill */
        cq_buf_release(&slot->run.unsent);
        if (reason == CQ_KILL_STOPPED)
            end_as(slot, CQ_OUTCOME_STOPPED, stopped_text);
        else
            end_as(slot, CQ_OUTCOME_FAILED, "Work-horse terminated unexpectedly; it had not started");
        return true;
    }
    cq_horse_kill(slot->horse, reason == CQ_KILL_TIMEOUT ? SIGTERM : SIGKILL);
    return true;
}

/* First the timeout itself, then the grace. */
static void on_timeout(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)events;
    struct cq_slot *slot = timer->data;
    if (slot->state != CQ_SLOT_RUNNING || !slot->horse)
        return;
    if (slot->run.kill_reason != CQ_KILL_NONE) {
        cq_horse_kill(slot->horse, SIGKILL);
        return;
    }
    cq_log(slot->process->log, CQ_LOG_WARNING, slot->name, slot->run.job_id.data, "exceeded its timeout of %lld s; ending its horse %d",
           (long long)slot->run.timeout_s, (int)slot->horse->pid);
    cq_execution_kill(slot, CQ_KILL_TIMEOUT);
    ev_timer_set(timer, (double)slot->process->options->kill_grace_s, 0.);
    ev_timer_start(loop, timer);
}

/* HSET meta now; a job that was deleted meanwhile is not created anew. */
static void save_meta(struct cq_slot *slot, struct cq_str meta)
{
    struct cq_process *process = slot->process;
    if (!cq_async_is_ready(process->redis)) { /* it goes with the outcome */
        put(&slot->run.meta, meta);
        slot->run.meta_present = true;
        return;
    }
    struct cq_command *command = cq_process_command(process);
    cq_meta_build(cq_buf_view(&slot->run.job_id), meta, command);
    cq_async_call(process->redis, command, NULL, NULL);
}

static void keep_meta(struct cq_slot *slot, const struct cq_frame *frame)
{
    struct cq_str meta = cq_frame_get_str(frame, "meta");
    if (!meta.data)
        return;
    put(&slot->run.meta, meta);
    slot->run.meta_present = true;
}

static struct cq_slot *slot_of(struct cq_rider *rider)
{
    return (struct cq_slot *)((char *)rider - offsetof(struct cq_slot, rider));
}

static void on_answer(struct cq_rider *rider, struct cq_horse *horse, const struct cq_frame *frame)
{
    struct cq_slot *slot = slot_of(rider);
    struct cq_running *run = &slot->run;
    if (horse != slot->horse || horse->answered || slot->state != CQ_SLOT_RUNNING) {
        cq_log(slot->process->log, CQ_LOG_DEBUG, slot->name, NULL, "horse %d sent '%.*s' out of turn", (int)horse->pid, (int)frame->type.len,
               frame->type.data);
        return;
    }
    if (cq_str_is(frame->type, "log")) {
        cq_rider_log(slot->process->log, slot->name, run->job_id.data, frame);
        return;
    }
    if (cq_str_is(frame->type, "meta")) {
        save_meta(slot, cq_frame_get_str(frame, "meta"));
        return;
    }
    /* One that is being killed has lost its say: what is recorded is why. */
    if (run->kill_reason != CQ_KILL_NONE)
        return;
    if (cq_str_is(frame->type, "done")) {
        struct cq_str value = cq_frame_get_str(frame, "value");
        run->outcome = CQ_OUTCOME_SUCCESS;
        run->value_present = value.data != NULL;
        put(&run->value, value);
    } else if (cq_str_is(frame->type, "failed")) {
        run->outcome = CQ_OUTCOME_FAILED;
        put(&run->exc_text, cq_frame_get_str(frame, "exc"));
    } else if (cq_str_is(frame->type, "retry")) {
        run->outcome = CQ_OUTCOME_RETRY;
        run->retry_max = 1;
        cq_frame_get_int(frame, "max", &run->retry_max);
        put(&run->retry_intervals, cq_frame_get_str(frame, "intervals"));
    } else {
        cq_log(slot->process->log, CQ_LOG_ERROR, slot->name, run->job_id.data, "horse %d sent an unknown frame '%.*s'; killing it",
               (int)horse->pid, (int)frame->type.len, frame->type.data);
        cq_execution_kill(slot, CQ_KILL_COMMAND);
        return;
    }
    horse->answered = true;
    horse->rss_kb = 0;
    cq_frame_get_int(frame, "rss_kb", &horse->rss_kb);
    keep_meta(slot, frame);
    run->ended_at = cq_clock_now();
    /* The outcome leaves first: the rest is done while Redis works on it, with one job after the other forking too. A lone
     * job's outcome should not have to share the processors with it: whoever waits for that gets it first. */
    cq_execution_commit(slot);
    ev_timer_stop(slot->process->loop, &slot->timeout_timer);
    cq_rider_drain(rider);
    cq_horses_dismiss(slot);
    if (slot->in_a_row)
        cq_horses_warm(slot);
}

/* The running horse is gone without an answer: record why. Source: rq/worker/worker_classes.py monitor_work_horse. */
static void died(struct cq_slot *slot, int status)
{
    char text[160];
    struct cq_running *run = &slot->run;
    switch (run->kill_reason) {
    case CQ_KILL_STOPPED:
        end_as(slot, CQ_OUTCOME_STOPPED, stopped_text);
        return;
    case CQ_KILL_TIMEOUT:
        snprintf(text, sizeof(text), "rq.timeouts.JobTimeoutException: Task exceeded maximum timeout value (%lld seconds)\n",
                 (long long)run->timeout_s);
        break;
    case CQ_KILL_NONE:
    case CQ_KILL_COMMAND:
    case CQ_KILL_COLD:
        if (WIFSIGNALED(status))
            snprintf(text, sizeof(text), "Work-horse terminated unexpectedly; waitpid returned %d (signal %d); ", status, WTERMSIG(status));
        else
            snprintf(text, sizeof(text), "Work-horse terminated unexpectedly; waitpid returned %d; ", status);
        break;
    }
    end_as(slot, CQ_OUTCOME_FAILED, text);
}

static void on_gone(struct cq_rider *rider, struct cq_horse *horse)
{
    struct cq_slot *slot = slot_of(rider);
    bool running = slot->horse == horse && slot->state == CQ_SLOT_RUNNING;
    int status = horse->status;
    cq_horses_forget(slot, horse);
    if (running) {
        ev_timer_stop(slot->process->loop, &slot->timeout_timer);
        cq_rider_drain(rider);
        died(slot, status);
    }
}

void cq_execution_init(struct cq_slot *slot)
{
    slot->rider = (struct cq_rider){
        .process = slot->process,
        .name = slot->name,
        .job_id = &slot->run.job_id,
        .output = {{.fd = -1}, {.fd = -1}},
        .pipes = {-1, -1},
        .answer = on_answer,
        .gone = on_gone,
    };
    ev_init(&slot->timeout_timer, on_timeout);
    slot->timeout_timer.data = slot;
}
