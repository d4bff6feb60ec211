/* What the horses of a slot say, and what it means when one is gone. */
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "lifecycle/meta.h"
#include "worker/runtimes/horse.h"
#include "worker/slot/calls.h"
#include "worker/slot/execution.h"
#include "worker/slot/horses.h"

enum {
    ENDED_MAX = 2
}; /* `ended` frames that count: of the function, and of a success callback that fails the job */

/* Lost on the way: it goes with the outcome, which comes after it on the same connection. */
static void on_meta(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    (void)reply;
    struct cq_slot *slot = data;
    if (lost && (slot->state == CQ_SLOT_RUNNING || slot->state == CQ_SLOT_COMMITTING))
        slot->run.meta_present = true;
}

/* HSET meta now; a job that was deleted meanwhile is not created anew. */
static void save_meta(struct cq_slot *slot, struct cq_str meta)
{
    struct cq_process *process = slot->process;
    if (!meta.data)
        return;
    cq_running_put(&slot->run.meta, meta);
    slot->run.meta_present = !cq_async_is_ready(process->redis); /* then it goes with the outcome */
    if (slot->run.meta_present)
        return;
    struct cq_command *command = cq_async_begin(process->redis);
    cq_meta_build(cq_buf_view(&slot->run.job_id), meta, command);
    cq_async_call(process->redis, command, on_meta, slot);
}

static void keep_meta(struct cq_slot *slot, const struct cq_frame *frame)
{
    struct cq_str meta = cq_frame_get_str(frame, "meta");
    if (!meta.data)
        return;
    cq_running_put(&slot->run.meta, meta);
    slot->run.meta_present = true;
}

static struct cq_slot *slot_of(struct cq_rider *rider)
{
    return (struct cq_slot *)((char *)rider - offsetof(struct cq_slot, rider));
}

/* The function is over, callbacks and handlers run: they have a time of their own. */
static void on_ended(struct cq_slot *slot, const struct cq_frame *frame)
{
    int64_t timeout_s = 0;
    if (slot->run.ended++ == ENDED_MAX) { /* or a job could live for ever */
        slot->run.ended = ENDED_MAX;
        return;
    }
    slot->run.ended_at = cq_clock_now();
    slot->run.calls_success = cq_str_is(cq_frame_get_str(frame, "callback"), "success");
    if (cq_frame_get_int(frame, "timeout", &timeout_s) && slot->run.kill_reason == CQ_KILL_NONE)
        cq_execution_set_limit(slot, timeout_s);
}

/* Frames that come before the answer. */
static bool on_message(struct cq_slot *slot, const struct cq_frame *frame)
{
    if (cq_str_is(frame->type, "log"))
        cq_rider_log(slot->process->log, slot->name, slot->run.job_id.data, &slot->run.tail, frame);
    else if (cq_str_is(frame->type, "meta"))
        save_meta(slot, cq_frame_get_str(frame, "meta"));
    else if (cq_str_is(frame->type, "ended"))
        on_ended(slot, frame);
    else
        return false;
    return true;
}

static void take_value(struct cq_running *run, const struct cq_frame *frame)
{
    struct cq_str value = cq_frame_get_str(frame, "value");
    run->value_present = value.data != NULL;
    cq_running_put(&run->value, value);
}

/* The answer. False: it is none. */
static bool take_outcome(struct cq_running *run, const struct cq_frame *frame)
{
    if (cq_str_is(frame->type, "done")) {
        run->outcome = CQ_OUTCOME_SUCCESS;
        take_value(run, frame);
    } else if (cq_str_is(frame->type, "failed")) {
        run->outcome = CQ_OUTCOME_FAILED;
        cq_running_put(&run->exc_text, cq_frame_get_str(frame, "exc"));
    } else if (cq_str_is(frame->type, "retry")) {
        run->outcome = CQ_OUTCOME_RETRY;
        run->retry_max = 1;
        cq_frame_get_int(frame, "max", &run->retry_max);
        cq_running_put(&run->retry_intervals, cq_frame_get_str(frame, "intervals"));
        take_value(run, frame);
    } else {
        return false;
    }
    return true;
}

static void on_answer(struct cq_rider *rider, struct cq_horse *horse, const struct cq_frame *frame)
{
    struct cq_slot *slot = slot_of(rider);
    struct cq_running *run = &slot->run;
    if (horse != slot->horse || horse->answered || slot->state != CQ_SLOT_RUNNING) {
        cq_log(slot->process->log, CQ_LOG_DEBUG, slot->name, NULL, "horse %d sent '%.*s' out of turn",
               (int)horse->pid, (int)frame->type.len, frame->type.data);
        return;
    }
    if (on_message(slot, frame))
        return;
    /* One that is being killed has lost its say: what is recorded is why. But what is done need not be done
     * again. */
    bool done_in_time = run->kill_reason == CQ_KILL_DEADLINE && cq_str_is(frame->type, "done");
    if (run->kill_reason != CQ_KILL_NONE && !done_in_time)
        return;
    if (!take_outcome(run, frame)) {
        cq_log(slot->process->log, CQ_LOG_ERROR, slot->name, run->job_id.data,
               "horse %d sent an unknown frame '%.*s'; killing it", (int)horse->pid, (int)frame->type.len,
               frame->type.data);
        cq_execution_kill(slot, CQ_KILL_COMMAND);
        return;
    }
    horse->answered = true;
    horse->rss_kb = 0;
    cq_frame_get_int(frame, "rss_kb", &horse->rss_kb);
    keep_meta(slot, frame);
    if (!run->ended)
        run->ended_at = cq_clock_now();
    if (run->outcome != CQ_OUTCOME_SUCCESS)
        cq_rider_drain(rider); /* its last lines go with the outcome */
    /* The outcome leaves first: the rest is done while Redis works on it, with one job after the other
     * forking too. A lone job's outcome should not have to share the processors with it: whoever waits for
     * that gets it first. */
    cq_calls_after_answer(slot);
    ev_timer_stop(slot->process->loop, &slot->timeout_timer);
    cq_rider_drain(rider);
    cq_horses_dismiss(slot);
    if (slot->in_a_row)
        cq_horses_warm(slot);
}

/* Nobody here has ended it. RQ's text, which is stored, has waitpid's number; this has what it means. */
static void log_death(const struct cq_slot *slot, int status)
{
    struct cq_log *log = slot->process->log;
    const char *id = slot->run.job_id.data;
    if (WIFSIGNALED(status))
        cq_log(log, CQ_LOG_ERROR, slot->name, id, "its horse was killed by signal %d (%s)%s",
               WTERMSIG(status), strsignal(WTERMSIG(status)),
               WTERMSIG(status) == SIGKILL ? ": by somebody, or by the kernel for want of memory" : "");
    else
        cq_log(log, CQ_LOG_ERROR, slot->name, id, "its horse exited with status %d and had not answered",
               WEXITSTATUS(status));
}

/* The running horse is gone without an answer: record why. Source: rq/worker/worker_classes.py
 * monitor_work_horse. */
static void died(struct cq_slot *slot, int status)
{
    char text[160];
    struct cq_running *run = &slot->run;
    switch (run->kill_reason) {
    case CQ_KILL_STOPPED: cq_execution_stopped(slot); return;
    case CQ_KILL_DEADLINE: cq_execution_give_back(slot); return;
    case CQ_KILL_TIMEOUT:
        snprintf(text, sizeof(text),
                 "rq.timeouts.JobTimeoutException: Task exceeded maximum timeout value (%lld seconds)\n",
                 (long long)run->limit_s);
        if (run->ended &&
            !run->calls_success) /* the horse has called it, and died of that or of what came after it */
            break;
        cq_execution_end_calling(slot, CQ_OUTCOME_FAILED, text, CQ_CALLBACK_FAILURE);
        return;
    case CQ_KILL_NONE: log_death(slot, status); /* fall through */
    case CQ_KILL_COMMAND:
    case CQ_KILL_COLD:
        if (WIFSIGNALED(status))
            snprintf(text, sizeof(text),
                     "Work-horse terminated unexpectedly; waitpid returned %d (signal %d); ", status,
                     WTERMSIG(status));
        else
            snprintf(text, sizeof(text), "Work-horse terminated unexpectedly; waitpid returned %d; ", status);
        break;
    }
    cq_execution_end(slot, CQ_OUTCOME_FAILED, text);
}

static void on_forked(struct cq_rider *rider, struct cq_horse *horse)
{
    struct cq_slot *slot = slot_of(rider);
    if (horse == slot->horse)
        cq_buf_release(&slot->run.unsent);
}

static void on_gone(struct cq_rider *rider, struct cq_horse *horse)
{
    struct cq_slot *slot = slot_of(rider);
    bool running = slot->horse == horse && slot->state == CQ_SLOT_RUNNING;
    bool unborn = horse->unborn && slot->run.kill_reason == CQ_KILL_NONE;
    int status = horse->status;
    cq_horses_forget(slot, horse);
    if (running) {
        ev_timer_stop(slot->process->loop, &slot->timeout_timer);
        if (unborn) /* no memory, too many processes: that passes. The next tick asks for another */
            return;
        cq_buf_release(&slot->run.unsent);
        cq_rider_drain(rider);
        died(slot, status);
    }
}

void cq_execution_rider_init(struct cq_slot *slot)
{
    slot->rider = (struct cq_rider){
        .process = slot->process,
        .name = slot->name,
        .job_id = &slot->run.job_id,
        .tail = &slot->run.tail,
        .output = {{.fd = -1}, {.fd = -1}},
        .pipes = {-1, -1},
        .answer = on_answer,
        .forked = on_forked,
        .gone = on_gone,
    };
}
