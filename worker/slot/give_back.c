/* A job that the shutdown's deadline ended: back to its queue, and with it the slot's last act. */
#include "lifecycle/give_back.h"
#include "worker/slot/execution.h"

static void log_verdict(const struct cq_slot *slot, enum cq_give_back_verdict verdict)
{
    static const char *const words[] = {
        [CQ_GIVE_BACK_REQUEUED] = "ended by the shutdown's deadline; it is at the front of its queue again",
        [CQ_GIVE_BACK_FENCED] = "ended by the shutdown's deadline; it was not given back, as this execution "
                                "is not in rq:wip any more "
                                "(judged abandoned, or enqueued anew)",
        [CQ_GIVE_BACK_CANCELED] = "ended by the shutdown's deadline; it was canceled meanwhile",
        [CQ_GIVE_BACK_DELETED] = "ended by the shutdown's deadline; it was deleted meanwhile",
    };
    cq_log(slot->process->log, CQ_LOG_WARNING, slot->name, slot->run.job_id.data, "%s: %s",
           slot->run.queue.data, words[verdict]);
}

static void on_given_back(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    struct cq_slot *slot = data;
    struct cq_error err;
    enum cq_give_back_verdict verdict;
    if (slot->state != CQ_SLOT_COMMITTING)
        return;
    if (lost && lost->code == CQ_ERR_CONNECTION)
        return; /* cq_slot_redis_ready sends it again */
    if (lost) {
        cq_slot_again_later(slot);
        return;
    }
    if (cq_give_back_read(reply, &verdict, &err) == CQ_OK)
        log_verdict(slot, verdict);
    else
        cq_log(slot->process->log, CQ_LOG_ERROR, slot->name, slot->run.job_id.data,
               "ended by the shutdown's deadline; it cannot be given back: %s; it will be found abandoned",
               err.text);
    slot->asked = false;
    cq_slot_next(slot, CQ_FETCH_EMPTY, NULL);
}

void cq_execution_give_back(struct cq_slot *slot)
{
    struct cq_process *process = slot->process;
    slot->state = CQ_SLOT_COMMITTING;
    slot->run.given_back = true;
    ev_timer_stop(process->loop, &slot->again_timer);
    ev_timer_stop(process->loop, &slot->timeout_timer);
    if (!cq_async_is_ready(process->redis))
        return; /* cq_slot_redis_ready comes back for it */
    struct cq_give_back give_back = {
        .job_id = cq_buf_view(&slot->run.job_id),
        .queue = cq_buf_view(&slot->run.queue),
        .execution_id = cq_str(slot->run.execution_id),
        .worker = cq_str(slot->name),
        .now = cq_clock_now(),
        .worker_ttl_s = process->settings->worker_ttl_s,
    };
    struct cq_command *command = cq_async_begin(process->redis);
    cq_give_back_build(&give_back, command);
    cq_async_call(process->redis, command, on_given_back, slot);
}
