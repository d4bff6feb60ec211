#include "worker/slot/heartbeat.h"

#include <string.h>

#include "base/random.h"
#include "lifecycle/worker/heartbeat.h"
#include "worker/slot/registration.h"

/* The slot may have its next job when the reply comes: the reply is about the execution it was sent for. */
static void on_heartbeat(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    struct cq_slot *slot = data;
    struct cq_error err;
    bool ours = true, missing = false;
    if (lost || cq_worker_has_ended(slot->worker.state))
        return;
    if (cq_heartbeat_read(reply, &ours, &missing, &err) != CQ_OK) {
        cq_log_warning(&slot->logger, "heartbeat: %s", err.text);
        return;
    }
    if (missing) {
        cq_log_warning(&slot->logger, "its key had expired; registering again");
        cq_slot_register(slot, true);
    }
    bool same = strcmp(slot->beat_for, slot->run.id) == 0 && cq_execution_runs(slot->worker.execution);
    if (!ours && same && strcmp(slot->not_ours, slot->run.id) != 0) {
        memcpy(slot->not_ours, slot->run.id, sizeof(slot->not_ours)); /* said once */
        cq_log_job_warning(
            &slot->logger, slot->run.job_id.data,
            "this execution is no longer in rq:wip:%s (deleted, or judged abandoned); its outcome will be "
            "refused",
            slot->run.queue.data);
    }
}

void cq_slot_heartbeat(struct cq_slot *slot)
{
    struct cq_worker_context *context = slot->context;
    if (!cq_async_is_ready(context->redis) || slot->worker.state == CQ_WORKER_UNREGISTERED ||
        cq_worker_has_ended(slot->worker.state))
        return; /* when Redis is back every slot registers again */
    struct cq_heartbeat heartbeat = {
        .id = &slot->identity,
        .now = cq_clock_now(),
        .monitoring_interval_s = context->settings->job_monitoring_interval_s,
        .timeout_s = CQ_TTL_FOREVER,
    };
    slot->beat_for[0] = '\0';
    /* An outcome that Redis refuses for now keeps its execution, too. */
    if (slot->worker.execution != CQ_EXECUTION_NONE) {
        memcpy(slot->beat_for, slot->run.id, sizeof(slot->beat_for));
        heartbeat.job_id = cq_buf_view(&slot->run.job_id);
        heartbeat.queue = cq_buf_view(&slot->run.queue);
        heartbeat.execution_id = cq_str(slot->run.id);
        heartbeat.timeout_s = slot->run.timeout_s;
        heartbeat.working_time_s = (double)(cq_clock_monotonic() - slot->run.started_monotonic) / CQ_SECOND;
    }
    struct cq_command *command = cq_async_begin(context->redis);
    cq_heartbeat_build(&heartbeat, command);
    cq_async_call(context->redis, command, on_heartbeat, slot);
}

static void on_timer(void *data)
{
    cq_slot_heartbeat(data);
}

void cq_slot_init_heartbeat(struct cq_slot *slot)
{
    cq_timer_init(&slot->heartbeat_timer, slot->context->loop, on_timer, slot);
}

void cq_slot_start_beating(struct cq_slot *slot)
{
    double interval = slot->context->settings->job_monitoring_interval_s;
    /* Spread heartbeats, so that those of many slots do not come at once. */
    double first = interval * (0.5 + 0.5 * cq_random());
    cq_timer_arm_every(&slot->heartbeat_timer, first, interval);
}
