#include <stdlib.h>

#include "worker/exception.h"
#include "worker/slot/execution.h"
#include "worker/slot/horses.h"
#include "worker/webhooks/webhooks.h"

static struct cq_str optional(bool present, const struct cq_buf *buf)
{
    return present ? cq_buf_view(buf) : CQ_STR_NONE;
}

static void log_verdict(struct cq_slot *slot, enum cq_finish_verdict verdict)
{
    struct cq_log *log = slot->process->log;
    struct cq_running *run = &slot->run;
    const char *id = run->job_id.data;
    double seconds = (double)(run->ended_at - run->started_at) / CQ_SECOND;
    if (verdict == CQ_VERDICT_FENCED) {
        cq_log(log, CQ_LOG_WARNING, slot->name, id,
               "its outcome was refused: this execution is not in rq:wip:%s any more (committed "
               "before a lost connection, deleted, or judged abandoned)",
               run->queue.data);
        return;
    }
    if (run->outcome == CQ_OUTCOME_SUCCESS) {
        cq_log(log, CQ_LOG_INFO, slot->name, id, "%s: Job OK (%.3f s)%s", run->queue.data, seconds,
               verdict == CQ_VERDICT_SCHEDULED || verdict == CQ_VERDICT_REQUEUED ? ", to be repeated" : "");
        return;
    }
    static const char *const words[] = {
        [CQ_VERDICT_FENCED] = "",
        [CQ_VERDICT_FINISHED] = "finished",
        [CQ_VERDICT_FAILED] = "failed",
        [CQ_VERDICT_STOPPED] = "stopped",
        [CQ_VERDICT_REQUEUED] = "queued for a retry",
        [CQ_VERDICT_SCHEDULED] = "scheduled for a retry",
        [CQ_VERDICT_CANCELED] = "canceled meanwhile",
        [CQ_VERDICT_DELETED] = "deleted meanwhile",
    };
    struct cq_str line = run->outcome == CQ_OUTCOME_RETRY ? CQ_STR_LIT("asked to be retried")
                                                          : cq_exception_line(cq_buf_view(&run->exc_text));
    cq_log(log,
           verdict == CQ_VERDICT_REQUEUED || verdict == CQ_VERDICT_SCHEDULED ? CQ_LOG_WARNING : CQ_LOG_ERROR,
           slot->name, id, "%s: %s (%.3f s): %.*s", run->queue.data, words[verdict], seconds,
           (int)(line.len < 1000 ? line.len : 1000), line.data);
}

/*
 * RQ sends webhooks of a job that has finished, also when it is to be repeated, and of one that has failed
 * for good: neither of an attempt that is retried nor of a stopped job. Source: rq/worker/base.py
 * perform_job, handle_job_failure, handle_job_retry.
 */
static void send_webhooks(struct cq_slot *slot, enum cq_finish_verdict verdict)
{
    const struct cq_running *run = &slot->run;
    bool again = verdict == CQ_VERDICT_REQUEUED || verdict == CQ_VERDICT_SCHEDULED,
         failed = run->outcome != CQ_OUTCOME_SUCCESS;
    if (!run->fields.len || verdict == CQ_VERDICT_FENCED || run->outcome == CQ_OUTCOME_STOPPED ||
        (failed && again))
        return;
    cq_webhooks_send(
        slot->process->webhooks,
        &(struct cq_webhook_event){
            .worker = slot->name,
            .job_id = cq_buf_view(&run->job_id),
            .fields = cq_buf_view(&run->fields),
            .failed = failed,
            .exc_text = run->outcome == CQ_OUTCOME_FAILED ? cq_buf_view(&run->exc_text) : CQ_STR_LIT(""),
            .ended_at = run->ended_at,
        });
}

/* Redis cannot hold the outcome as it is: the job fails with what it said. */
static void commit_as_failure(struct cq_slot *slot, const struct cq_error *err)
{
    struct cq_running *run = &slot->run;
    bool was_success = run->outcome == CQ_OUTCOME_SUCCESS;
    run->outcome = CQ_OUTCOME_FAILED;
    run->meta_present = false;
    cq_buf_release(&run->value);
    cq_buf_release(&run->exc_text);
    cq_buf_printf(&run->exc_text, "cq.OutcomeRefused: the %s could not be stored: %s\n",
                  was_success ? "result" : "outcome", err->text);
    cq_execution_commit(slot);
}

static void try_again(struct cq_slot *slot, const char *why)
{
    cq_log(slot->process->log, CQ_LOG_ERROR, slot->name, slot->run.job_id.data,
           "cannot store its outcome: %s; trying again in %d s", why, CQ_SLOT_AGAIN_S);
    cq_slot_again_later(slot);
}

void cq_slot_not_fetched(struct cq_slot *slot, const char *why)
{
    cq_log(slot->process->log, CQ_LOG_ERROR, slot->name, NULL, "cannot fetch a job: %s; trying again in %d s",
           why, CQ_SLOT_AGAIN_S);
    slot->state = CQ_SLOT_IDLE;
    if (!slot->stopping || slot->resume) /* what a lost call may have started is still to be asked for */
        cq_slot_again_later(slot);
    else
        cq_slot_abandon(slot);
}

/* A key of the job's, or of the next one's, holds what it should not: no time mends that. The slot goes on
 * without it. */
static void give_up(struct cq_slot *slot, const char *why)
{
    cq_log(slot->process->log, CQ_LOG_ERROR, slot->name, slot->run.job_id.data,
           "cannot store its outcome: %s; it will be found abandoned", why);
    slot->jobs_done++;
    slot->process->jobs_done++;
    if (slot->resume) {
        slot->state = CQ_SLOT_IDLE;
        cq_slot_fetch(slot);
        return;
    }
    slot->asked = false;
    cq_slot_next(slot, CQ_FETCH_EMPTY, NULL);
}

static void on_finish(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    struct cq_slot *slot = data;
    struct cq_process *process = slot->process;
    struct cq_error err;
    struct cq_finished finished;
    if (slot->state != CQ_SLOT_COMMITTING)
        return;
    if (lost && lost->code == CQ_ERR_CONNECTION) { /* cq_slot_redis_ready sends it again */
        slot->resume = slot->next_execution[0] != '\0';
        return;
    }
    if (lost) { /* too much is under way, of other slots */
        try_again(slot, lost->text);
        return;
    }
    enum cq_code code = cq_finish_read(reply, &finished, &err);
    if (code == CQ_ERR_LIMIT || (code != CQ_OK && code != CQ_ERR_REDIS && code != CQ_ERR_CONNECTION)) {
        commit_as_failure(slot, &err);
        return;
    }
    if (code == CQ_ERR_REDIS && slot->run.refused) {
        give_up(slot, err.text);
        return;
    }
    if (code != CQ_OK) {
        slot->run.refused = code == CQ_ERR_REDIS;
        try_again(slot, err.text);
        return;
    }
    if (cq_log_enabled(process->log, CQ_LOG_INFO) || finished.verdict == CQ_VERDICT_FENCED ||
        slot->run.outcome != CQ_OUTCOME_SUCCESS)
        log_verdict(slot, finished.verdict);
    send_webhooks(slot, finished.verdict);
    slot->jobs_done++;
    process->jobs_done++;
    cq_running_trim(&slot->run);
    slot->in_a_row = finished.next_verdict == CQ_FETCH_STARTED;
    cq_slot_next(slot, finished.next_verdict, &finished.next);
    if (!slot->in_a_row)
        cq_horses_warm(slot);
}

/* RQ stores the Retry that a function has returned as its result. */
static bool has_value(enum cq_outcome outcome)
{
    return outcome == CQ_OUTCOME_SUCCESS || outcome == CQ_OUTCOME_RETRY;
}

void cq_execution_commit(struct cq_slot *slot)
{
    struct cq_process *process = slot->process;
    struct cq_running *run = &slot->run;
    struct cq_error err;
    struct cq_fetch next;
    if (run->given_back) {
        cq_execution_give_back(slot);
        return;
    }
    slot->state = CQ_SLOT_COMMITTING;
    /* Two of them under way would start two jobs under one execution id. */
    ev_timer_stop(process->loop, &slot->again_timer);
    if (!cq_async_is_ready(process->redis))
        return; /* kept; cq_slot_redis_ready comes back for it */
    bool fetches = cq_slot_next_fetch(slot, &next);
    struct cq_finish finish = {
        .outcome = run->outcome,
        .job_id = cq_buf_view(&run->job_id),
        .queue = cq_buf_view(&run->queue),
        .execution_id = cq_str(run->execution_id),
        .worker = cq_str(slot->name),
        .started_at = run->started_at,
        .ended_at = run->ended_at,
        .return_value = optional(has_value(run->outcome) && run->value_present, &run->value),
        .exc_text = optional(run->outcome == CQ_OUTCOME_FAILED || run->outcome == CQ_OUTCOME_STOPPED,
                             &run->exc_text),
        .output = run->outcome == CQ_OUTCOME_SUCCESS ? CQ_STR_NONE : cq_tail_last(&run->tail),
        .default_result_ttl_s = process->settings->results_ttl_s,
        .unregistered = !process->settings->default_exception_handler,
        .retry_max = run->retry_max,
        .retry_intervals = cq_buf_view(&run->retry_intervals),
        .meta = optional(run->meta_present, &run->meta),
        .worker_ttl_s = process->settings->worker_ttl_s,
        .next = fetches ? &next : NULL,
    };
    struct cq_command *command = cq_async_begin(process->redis);
    enum cq_code code = cq_finish_build(&finish, command, &err);
    if (code == CQ_OK && command->body.overflow)
        code = cq_error_set(&err, CQ_ERR_LIMIT, "result and meta together are above the limit of a command");
    if (code != CQ_OK) {
        cq_async_drop_command(process->redis, command);
        commit_as_failure(slot, &err);
        return;
    }
    cq_async_call(process->redis, command, on_finish, slot);
}
