#include <stdlib.h>

#include "lifecycle/worker/birth.h"
#include "lifecycle/worker/heartbeat.h"
#include "worker/slot/slot.h"

/* The reply may come when the slot is already in its next job: only the execution asked about counts. */
static void on_heartbeat(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    struct cq_slot *slot = data;
    struct cq_process *process = slot->process;
    struct cq_error err;
    bool ours = true, missing = false;
    if (lost || slot->state >= CQ_SLOT_DYING)
        return;
    if (cq_heartbeat_read(reply, &ours, &missing, &err) != CQ_OK) {
        cq_log(process->log, CQ_LOG_WARNING, slot->name, NULL, "heartbeat: %s", err.text);
        return;
    }
    if (missing) {
        cq_log(process->log, CQ_LOG_WARNING, slot->name, NULL, "its key had expired; registering again");
        struct cq_command *command = cq_async_begin(process->redis);
        cq_worker_birth_build(&slot->identity, slot->identity.birth, cq_clock_now(), true, command);
        cq_async_call(process->redis, command, NULL, NULL);
    }
    bool same = strcmp(slot->beat_for, slot->run.execution_id) == 0;
    if (!ours && same && slot->state == CQ_SLOT_RUNNING && !slot->run.lost) {
        slot->run.lost = true;
        cq_log(process->log, CQ_LOG_WARNING, slot->name, slot->run.job_id.data,
               "this execution is no longer in rq:wip:%s (deleted, or judged abandoned); its outcome will be "
               "refused",
               slot->run.queue.data);
    }
}

void cq_slot_heartbeat(struct cq_slot *slot)
{
    struct cq_process *process = slot->process;
    if (!cq_async_is_ready(process->redis))
        return; /* on its return every slot is born again */
    struct cq_heartbeat heartbeat = {
        .id = &slot->identity,
        .now = cq_clock_now(),
        .monitoring_interval_s = process->settings->job_monitoring_interval_s,
        .timeout_s = CQ_TTL_FOREVER,
    };
    slot->beat_for[0] = '\0';
    /* An outcome that Redis refuses for now keeps its execution, too. */
    if (slot->state == CQ_SLOT_RUNNING || slot->state == CQ_SLOT_COMMITTING) {
        memcpy(slot->beat_for, slot->run.execution_id, sizeof(slot->beat_for));
        heartbeat.job_id = cq_buf_view(&slot->run.job_id);
        heartbeat.queue = cq_buf_view(&slot->run.queue);
        heartbeat.execution_id = cq_str(slot->run.execution_id);
        heartbeat.timeout_s = slot->run.timeout_s;
        heartbeat.working_time_s = (double)(cq_clock_monotonic() - slot->run.started_monotonic) / CQ_SECOND;
    }
    struct cq_command *command = cq_async_begin(process->redis);
    cq_heartbeat_build(&heartbeat, command);
    cq_async_call(process->redis, command, on_heartbeat, slot);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)events;
    cq_slot_heartbeat(timer->data);
}

void cq_slot_heartbeat_init(struct cq_slot *slot)
{
    double interval = slot->process->settings->job_monitoring_interval_s;
    /* Spread, so that many slots do not beat as one. */
    double first = interval * (0.5 + 0.5 * (double)random() / (double)RAND_MAX);
    ev_timer_init(&slot->heartbeat_timer, on_timer, first, interval);
    slot->heartbeat_timer.data = slot;
}
