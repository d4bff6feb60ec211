#include "worker/slot/commit.h"

#include <stdio.h>

#include "lifecycle/give_back.h"
#include "worker/exception.h"
#include "worker/runtimes/runtimes.h"
#include "worker/slot/fetch.h"
#include "worker/slot/horses.h"
#include "worker/webhooks/webhooks.h"

static struct cq_str optional(bool present, const struct cq_buf *buf)
{
    return present ? cq_buf_view(buf) : CQ_STR_NONE;
}

static void log_verdict(struct cq_slot *slot, enum cq_finish_verdict verdict)
{
    struct cq_log *log = slot->context->log;
    struct cq_execution *run = &slot->run;
    const char *id = run->job_id.data;
    double seconds = (double)(run->ended_at - run->started_at) / CQ_SECOND;
    if (verdict == CQ_VERDICT_FENCED) {
        cq_log_job_warning(&slot->logger, id,
                           "its outcome was refused: this execution is not in rq:wip:%s any more (committed "
                           "before a lost connection, deleted, or judged abandoned)",
                           run->queue.data);
        return;
    }
    if (run->outcome == CQ_OUTCOME_SUCCESS) {
        cq_log_job_info(&slot->logger, id, "%s: Job OK (%.3f s)%s", run->queue.data, seconds,
                        verdict == CQ_VERDICT_SCHEDULED || verdict == CQ_VERDICT_REQUEUED ? ", to be repeated"
                                                                                          : "");
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
    const struct cq_execution *run = &slot->run;
    bool again = verdict == CQ_VERDICT_REQUEUED || verdict == CQ_VERDICT_SCHEDULED,
         failed = run->outcome != CQ_OUTCOME_SUCCESS;
    if (!run->fields.len || verdict == CQ_VERDICT_FENCED || run->outcome == CQ_OUTCOME_STOPPED ||
        (failed && again))
        return;
    cq_webhooks_send(
        slot->context->webhooks,
        &(struct cq_webhook_event){
            .worker = slot->name,
            .job_id = cq_buf_view(&run->job_id),
            .fields = cq_buf_view(&run->fields),
            .failed = failed,
            .exc_text = run->outcome == CQ_OUTCOME_FAILED ? cq_buf_view(&run->exc_text) : CQ_STR_LIT(""),
            .ended_at = run->ended_at,
        });
}

/* ---- what its machine asks for ---- */

void cq_commit_report(struct cq_slot *slot)
{
    enum cq_finish_verdict verdict = slot->run.verdict;
    if (cq_log_enabled(slot->context->log, CQ_LOG_INFO) || verdict == CQ_VERDICT_FENCED ||
        slot->run.outcome != CQ_OUTCOME_SUCCESS)
        log_verdict(slot, verdict);
    send_webhooks(slot, verdict);
    slot->context->jobs_done++;
    cq_execution_trim(&slot->run);
}

void cq_commit_give_up(struct cq_slot *slot)
{
    cq_log_job_error(&slot->logger, slot->run.job_id.data,
                     "cannot store its outcome: %s; it will be found abandoned", slot->trouble);
    slot->context->jobs_done++;
}

void cq_commit_again_later(struct cq_slot *slot)
{
    cq_log_job_error(&slot->logger, slot->run.job_id.data,
                     "cannot store its outcome: %s; trying again in %d s", slot->trouble, CQ_SLOT_AGAIN_S);
    cq_timer_arm(&slot->again_timer, CQ_SLOT_AGAIN_S);
}

static void not_stored(struct cq_slot *slot, enum cq_call_failure why, const char *text)
{
    snprintf(slot->trouble, sizeof(slot->trouble), "%s", text);
    cq_worker_not_stored(&slot->worker, why);
}

/* Does a refusal pass? It does when Redis is full, read-only or loading, and not when a key holds something
 * else. */
static enum cq_call_failure failure_of(enum cq_code code)
{
    switch (code) {
    case CQ_ERR_REDIS: return CQ_CALL_REFUSED;
    case CQ_ERR_CONNECTION: return CQ_CALL_BUSY;
    default: return CQ_CALL_TOO_LARGE;
    }
}

static void on_finish(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    struct cq_slot *slot = data;
    struct cq_error err;
    struct cq_finished finished;
    enum cq_execution_state state = slot->worker.execution;
    if (state != CQ_EXECUTION_COMMITTING && state != CQ_EXECUTION_REFUSED_COMMITTING)
        return;
    if (lost) { /* else too much is under way, of other slots */
        not_stored(slot, lost->code == CQ_ERR_CONNECTION ? CQ_CALL_LOST : CQ_CALL_BUSY, lost->text);
        return;
    }
    enum cq_code code = cq_finish_read(reply, &finished, &err);
    if (code != CQ_OK) {
        not_stored(slot, failure_of(code), err.text);
        return;
    }
    slot->run.verdict = finished.verdict;
    enum cq_found found = CQ_FOUND_NOT_ASKED;
    if (slot->worker.claim != CQ_CLAIM_NONE)
        found = cq_slot_read_found(slot, finished.next_verdict, &finished.next, CQ_FOUND_BY_FINISH);
    cq_worker_finished(&slot->worker, found);
    slot->found = NULL;
    if (found != CQ_FOUND_JOB)
        cq_horses_warm(slot);
}

/* RQ stores the Retry that a function has returned as its result. */
static bool has_value(enum cq_outcome outcome)
{
    return outcome == CQ_OUTCOME_SUCCESS || outcome == CQ_OUTCOME_RETRY;
}

void cq_commit_send(struct cq_slot *slot)
{
    struct cq_worker_context *context = slot->context;
    const struct cq_execution *run = &slot->run;
    struct cq_error err;
    struct cq_fetch next;
    bool resume_only = false;
    bool fetches = cq_worker_claims_next(&slot->worker, cq_runtimes_take_jobs(context->runtimes),
                                         &resume_only);
    if (fetches)
        cq_slot_fill_fetch(slot, resume_only, &next);
    struct cq_finish finish = {
        .outcome = run->outcome,
        .job_id = cq_buf_view(&run->job_id),
        .queue = cq_buf_view(&run->queue),
        .execution_id = cq_str(run->id),
        .worker = cq_str(slot->name),
        .started_at = run->started_at,
        .ended_at = run->ended_at,
        .return_value = optional(has_value(run->outcome) && run->value_present, &run->value),
        .exc_text = optional(run->outcome == CQ_OUTCOME_FAILED || run->outcome == CQ_OUTCOME_STOPPED,
                             &run->exc_text),
        .output = run->outcome == CQ_OUTCOME_SUCCESS ? CQ_STR_NONE : cq_output_tail_last(&run->tail),
        .default_result_ttl_s = context->settings->results_ttl_s,
        .unregistered = !context->settings->default_exception_handler,
        .retry_max = run->retry_max,
        .retry_intervals = cq_buf_view(&run->retry_intervals),
        .meta = optional(run->meta_present, &run->meta),
        .worker_ttl_s = context->settings->worker_ttl_s,
        .next = fetches ? &next : NULL,
    };
    struct cq_command *command = cq_async_begin(context->redis);
    enum cq_code code = cq_finish_build(&finish, command, &err);
    if (code == CQ_OK && command->body.overflow)
        code = cq_error_set(&err, CQ_ERR_LIMIT, "result and meta together are above the limit of a command");
    if (code != CQ_OK) {
        cq_async_drop_command(context->redis, command);
        not_stored(slot, CQ_CALL_TOO_LARGE, err.text);
        return;
    }
    cq_async_call(context->redis, command, on_finish, slot);
}

/* ---- a job that the deadline of a shutdown ended goes back to its queue, as the last act of its slot ----
 */

static void log_return(const struct cq_slot *slot, enum cq_give_back_verdict verdict)
{
    static const char *const words[] = {
        [CQ_GIVE_BACK_REQUEUED] = "ended by the shutdown's deadline; it is at the front of its queue again",
        [CQ_GIVE_BACK_FENCED] = "ended by the shutdown's deadline; it was not given back, as this execution "
                                "is not in rq:wip any more "
                                "(judged abandoned, or enqueued anew)",
        [CQ_GIVE_BACK_CANCELED] = "ended by the shutdown's deadline; it was canceled meanwhile",
        [CQ_GIVE_BACK_DELETED] = "ended by the shutdown's deadline; it was deleted meanwhile",
    };
    cq_log_job_warning(&slot->logger, slot->run.job_id.data, "%s: %s", slot->run.queue.data, words[verdict]);
}

static void on_given_back(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    struct cq_slot *slot = data;
    struct cq_error err;
    enum cq_give_back_verdict verdict;
    if (slot->worker.execution != CQ_EXECUTION_RETURNING)
        return;
    if (lost) {
        snprintf(slot->trouble, sizeof(slot->trouble), "%s", lost->text);
        cq_worker_not_stored(&slot->worker, lost->code == CQ_ERR_CONNECTION ? CQ_CALL_LOST : CQ_CALL_BUSY);
        return;
    }
    if (cq_give_back_read(reply, &verdict, &err) == CQ_OK)
        log_return(slot, verdict);
    else
        cq_log_job_error(
            &slot->logger, slot->run.job_id.data,
            "ended by the shutdown's deadline; it cannot be given back: %s; it will be found abandoned",
            err.text);
    cq_worker_returned(&slot->worker);
}

void cq_commit_send_return(struct cq_slot *slot)
{
    struct cq_worker_context *context = slot->context;
    struct cq_give_back give_back = {
        .job_id = cq_buf_view(&slot->run.job_id),
        .queue = cq_buf_view(&slot->run.queue),
        .execution_id = cq_str(slot->run.id),
        .worker = cq_str(slot->name),
        .now = cq_clock_now(),
        .worker_ttl_s = context->settings->worker_ttl_s,
    };
    struct cq_command *command = cq_async_begin(context->redis);
    cq_give_back_build(&give_back, command);
    cq_async_call(context->redis, command, on_given_back, slot);
}
