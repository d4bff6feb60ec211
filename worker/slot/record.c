#include "worker/slot/record.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/process/exit_text.h"

/* What Python puts between an exception and the one that came while it was handled. */
static const char meanwhile[] = "\nDuring handling of the above exception, another exception occurred:\n\n";

/* When the function ended is known already, if its horse has said so. */
static void note_end(struct cq_execution *run, enum cq_outcome outcome, const char *text)
{
    run->outcome = outcome;
    if (!run->ended_frames)
        run->ended_at = cq_clock_now();
    if (text)
        cq_execution_put(&run->exc_text, cq_str(text));
}

void cq_record_failure(struct cq_execution *run, const char *text)
{
    note_end(run, CQ_OUTCOME_FAILED, text);
}

void cq_record_unavailable(struct cq_execution *run, const char *why)
{
    cq_buf_clear(&run->exc_text);
    cq_buf_printf(&run->exc_text, "cq.RuntimeUnavailable: %s\n", why);
    note_end(run, CQ_OUTCOME_FAILED, NULL);
}

/* ---- its horse has answered ---- */

static void take_value(struct cq_execution *run)
{
    struct cq_str value = cq_frame_get_str(run->frame, "value");
    run->value_present = value.data != NULL;
    cq_execution_put(&run->value, value);
}

static void record_answer(struct cq_slot *slot)
{
    struct cq_execution *run = &slot->run;
    const struct cq_frame *frame = run->frame;
    if (cq_str_is(frame->type, "done")) {
        note_end(run, CQ_OUTCOME_SUCCESS, NULL);
        take_value(run);
    } else if (cq_str_is(frame->type, "failed")) {
        note_end(run, CQ_OUTCOME_FAILED, NULL);
        cq_execution_put(&run->exc_text, cq_frame_get_str(frame, "exc"));
    } else {
        note_end(run, CQ_OUTCOME_RETRY, NULL);
        run->retry_max = 1;
        cq_frame_get_int(frame, "max", &run->retry_max);
        cq_execution_put(&run->retry_intervals, cq_frame_get_str(frame, "intervals"));
        take_value(run);
    }
    struct cq_str meta = cq_frame_get_str(frame, "meta");
    if (meta.data) {
        cq_execution_put(&run->meta, meta);
        run->meta_present = true;
    }
    slot->horse->answers = slot->horse->jobs;
    slot->horse->rss_kb = 0;
    cq_frame_get_int(frame, "rss_kb", &slot->horse->rss_kb);
    if (run->outcome != CQ_OUTCOME_SUCCESS)
        cq_output_drain(&slot->output); /* its last lines go with the outcome */
}

/* ---- its horse is gone ---- */

/* The stored text is RQ's and has waitpid's number; this line says what the number means. */
static void say_death(const struct cq_slot *slot)
{
    int status = slot->run.death_status;
    const char *more = !WIFSIGNALED(status)          ? " and had not answered"
                       : WTERMSIG(status) == SIGKILL ? ": by somebody, or by the kernel for want of memory"
                                                     : "";
    char how[CQ_EXIT_TEXT_SIZE];
    cq_exit_text(status, how, sizeof(how));
    cq_log_job_error(&slot->logger, slot->run.job_id.data, "its horse %s%s", how, more);
}

/* Source: rq/worker/worker_classes.py monitor_work_horse. */
static void record_death(struct cq_execution *run)
{
    char text[160];
    int status = run->death_status;
    if (WIFSIGNALED(status))
        snprintf(text, sizeof(text), "Work-horse terminated unexpectedly; waitpid returned %d (signal %d); ",
                 status, WTERMSIG(status));
    else
        snprintf(text, sizeof(text), "Work-horse terminated unexpectedly; waitpid returned %d; ", status);
    note_end(run, CQ_OUTCOME_FAILED, text);
}

static void record_timeout(struct cq_execution *run)
{
    char text[160];
    snprintf(text, sizeof(text),
             "rq.timeouts.JobTimeoutException: Task exceeded maximum timeout value (%lld seconds)\n",
             (long long)run->limit_s);
    note_end(run, CQ_OUTCOME_FAILED, text);
}

/* ---- a callback has failed ---- */

static void record_callback(struct cq_execution *run)
{
    run->outcome = CQ_OUTCOME_FAILED;
    run->ended_at = cq_clock_now();
    run->value_present = false;
    cq_execution_put(&run->exc_text, run->callback_exc);
}

/* ---- Redis cannot hold it as it is ---- */

static void record_too_large(struct cq_slot *slot)
{
    struct cq_execution *run = &slot->run;
    bool was_success = run->outcome == CQ_OUTCOME_SUCCESS;
    run->outcome = CQ_OUTCOME_FAILED;
    run->meta_present = false;
    cq_buf_release(&run->value);
    cq_buf_release(&run->exc_text);
    cq_buf_printf(&run->exc_text, "cq.OutcomeRefused: the %s could not be stored: %s\n",
                  was_success ? "result" : "outcome", slot->trouble);
}

void cq_record(struct cq_slot *slot, enum cq_execution_action action)
{
    struct cq_execution *run = &slot->run;
    switch (action) {
    case CQ_EXECUTION_DO_NOTE_ENDED: run->ended_at = cq_clock_now(); break;
    case CQ_EXECUTION_DO_SAY_DEATH: say_death(slot); break;
    case CQ_EXECUTION_DO_RECORD_ANSWER: record_answer(slot); break;
    case CQ_EXECUTION_DO_RECORD_DEATH: record_death(run); break;
    case CQ_EXECUTION_DO_RECORD_TIMEOUT: record_timeout(run); break;
    case CQ_EXECUTION_DO_RECORD_STOP:
        note_end(run, CQ_OUTCOME_STOPPED, "Job stopped by user, work-horse terminated.");
        break;
    case CQ_EXECUTION_DO_RECORD_NOT_STARTED:
        note_end(run, CQ_OUTCOME_FAILED, "Work-horse terminated unexpectedly; it had not started");
        break;
    case CQ_EXECUTION_DO_RECORD_CALLBACK: record_callback(run); break;
    case CQ_EXECUTION_DO_ADD_CALLBACK:
        cq_buf_text(&run->exc_text, meanwhile);
        cq_buf_str(&run->exc_text, run->callback_exc);
        break;
    case CQ_EXECUTION_DO_RECORD_TOO_LARGE: record_too_large(slot); break;
    default: break;
    }
}
