#include "worker/shutdown.h"

#include <signal.h>

#include "worker/maintenance/abandoned_callbacks.h"
#include "worker/runtimes/runtimes.h"
#include "worker/scheduler.h"
#include "worker/slot/job_run.h"
#include "worker/slot/slots.h"
#include "worker/webhooks/webhooks.h"

enum {
    COLD_GRACE_S = 5, /* for the outcomes and the deaths to reach Redis after a cold shutdown */
    LAST_GRACE_S = 1, /* then for the deaths of those that could not store their outcome */
};

/* ---- what happens ---- */

static void on_signal(struct ev_loop *loop, ev_signal *watcher, int events)
{
    (void)loop, (void)events;
    struct cq_process *process = watcher->data;
    process->signal_number = watcher->signum;
    cq_process_raise(process, CQ_PROCESS_SIGNAL);
}

static void on_hang_up(struct ev_loop *loop, ev_signal *watcher, int events)
{
    (void)loop, (void)events;
    struct cq_process *process = watcher->data;
    if (process->signal_number) /* it leaves anyway */
        return;
    cq_runtimes_reload(process->context.runtimes);
    cq_notify_reloaded(&process->notify);
}

static void on_deadline(void *data)
{
    cq_process_raise(data, CQ_PROCESS_DEADLINE);
}

static void on_give_up(void *data)
{
    cq_process_raise(data, CQ_PROCESS_GIVE_UP);
}

/* ---- what its machine asks for ---- */

static bool jobs_go_back(const struct cq_process *process)
{
    return process->context.settings->shutdown_timeout_s > 0;
}

static void begin_warm(struct cq_process *process)
{
    struct cq_worker_context *context = &process->context;
    process->stopped_at = cq_clock_monotonic();
    cq_notify_send(&process->notify, "STOPPING=1");
    cq_log_info(&context->logger, "%s: warm shut down requested",
                process->signal_number == SIGINT ? "SIGINT" : "SIGTERM");
    if (jobs_go_back(process))
        cq_timer_arm(&process->deadline, (double)context->settings->shutdown_timeout_s);
}

static void kill_jobs(struct cq_process *process)
{
    struct cq_slots *slots = process->context.slots;
    for (int i = 0; i < slots->count; i++) {
        struct cq_slot *slot = &slots->items[i];
        /* An outcome that cannot be stored now is found abandoned by the next worker. */
        if (!cq_async_is_ready(process->context.redis))
            cq_slot_abandon(slot);
        else if (jobs_go_back(process))
            cq_slot_end_job_now(slot);
        else
            cq_slot_kill_job(slot);
    }
}

static void end_jobs(struct cq_process *process)
{
    struct cq_slots *slots = process->context.slots;
    for (int i = 0; i < slots->count; i++)
        cq_slot_end_job(&slots->items[i]);
}

static void arm_give_up(struct cq_process *process)
{
    int grace_s = COLD_GRACE_S;
    cq_timer_cancel(&process->deadline);
    if (process->context.state == CQ_PROCESS_ENDING) /* SIGTERM comes first */
        grace_s += process->context.settings->kill_grace_s;
    cq_timer_arm(&process->give_up, grace_s);
}

static void say(const struct cq_process *process, enum cq_process_action action)
{
    const struct cq_logger *logger = &process->context.logger;
    switch (action) {
    case CQ_PROCESS_DO_SAY_LEAVING:
        cq_log_info(logger, "told to leave: it ends when its running jobs have");
        break;
    case CQ_PROCESS_DO_SAY_ONCE_MORE:
        cq_log_info(logger, "the same signal once more is a cold shutdown, which ends running jobs");
        break;
    case CQ_PROCESS_DO_SAY_TOO_SOON:
        cq_log_debug(logger, "shutdown signal ignored, received twice in less than 1 second");
        break;
    case CQ_PROCESS_DO_SAY_DEADLINE:
        cq_log_warning(
            logger,
            "%lld s have passed since the shutdown was requested: running jobs are ended and return "
            "to their queues",
            (long long)process->context.settings->shutdown_timeout_s);
        break;
    case CQ_PROCESS_DO_SAY_COLD:
        cq_log_warning(logger, "cold shut down%s",
                       jobs_go_back(process) ? ": running jobs return to their queues" : "");
        break;
    default: cq_log_warning(logger, "Redis does not answer: ended without it");
    }
}

void cq_shutdown_do(struct cq_process *process, enum cq_process_action action)
{
    struct cq_worker_context *context = &process->context;
    switch (action) {
    case CQ_PROCESS_DO_BEGIN_WARM: begin_warm(process); break;
    case CQ_PROCESS_DO_STOP_PARTS:
        cq_scheduler_stop(process->scheduler); /* now, so that another one need not wait for our last job */
        cq_webhooks_stop(context->webhooks);
        break;
    case CQ_PROCESS_DO_STOP_WORKERS: cq_slots_stop(context->slots); break;
    case CQ_PROCESS_DO_END_JOBS: end_jobs(process); break;
    case CQ_PROCESS_DO_KILL_JOBS: kill_jobs(process); break;
    case CQ_PROCESS_DO_DROP_PARTS:
        cq_abandoned_callbacks_drop(process->abandoned_callbacks);
        cq_webhooks_drop(context->webhooks);
        break;
    case CQ_PROCESS_DO_ABANDON_WORKERS: cq_slots_abandon(context->slots); break;
    case CQ_PROCESS_DO_ARM_GIVE_UP: arm_give_up(process); break;
    case CQ_PROCESS_DO_ARM_LAST: cq_timer_arm(&process->give_up, LAST_GRACE_S); break;
    case CQ_PROCESS_DO_BREAK: ev_break(context->loop, EVBREAK_ALL); break;
    default: say(process, action);
    }
}

/* ---- life cycle ---- */

void cq_shutdown_init(struct cq_process *process)
{
    struct ev_loop *loop = process->context.loop;
    signal(SIGPIPE, SIG_IGN);
    ev_signal_init(&process->interrupt, on_signal, SIGINT);
    ev_signal_init(&process->terminate, on_signal, SIGTERM);
    ev_signal_init(&process->hang_up, on_hang_up, SIGHUP);
    process->interrupt.data = process->terminate.data = process->hang_up.data = process;
    cq_timer_init(&process->deadline, loop, on_deadline, process);
    cq_timer_init(&process->give_up, loop, on_give_up, process);
    ev_signal_start(loop, &process->interrupt);
    ev_signal_start(loop, &process->terminate);
    ev_signal_start(loop, &process->hang_up);
}

void cq_shutdown_release(struct cq_process *process)
{
    struct ev_loop *loop = process->context.loop;
    ev_signal_stop(loop, &process->interrupt);
    ev_signal_stop(loop, &process->terminate);
    ev_signal_stop(loop, &process->hang_up);
    cq_timer_cancel(&process->deadline);
    cq_timer_cancel(&process->give_up);
    cq_timer_cancel(&process->resume_timer);
}
