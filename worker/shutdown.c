#include "worker/shutdown.h"

#include <signal.h>
#include <stdlib.h>

#include "base/mem.h"
#include "worker/orphans.h"
#include "worker/pool/notify.h"
#include "worker/runtimes/horse.h"
#include "worker/runtimes/runtimes.h"
#include "worker/scheduler.h"
#include "worker/slot/execution.h"
#include "worker/webhooks/webhooks.h"

enum {
    COLD_GRACE_S = 5, /* for the outcomes and the deaths to reach Redis after a cold stop */
    LAST_GRACE_S = 1, /* then for the deaths of those that could not store their outcome */
};

struct cq_shutdown {
    struct cq_process *process;
    ev_signal interrupt, terminate, hang_up;
    cq_time requested; /* monotonic; 0: not yet */
    bool cold, gave_up;
    ev_timer deadline; /* of the warm stop */
    ev_timer give_up;
};

static void give_up_in(struct cq_shutdown *shutdown, double seconds)
{
    struct ev_loop *loop = shutdown->process->loop;
    ev_timer_stop(loop, &shutdown->give_up);
    ev_timer_set(&shutdown->give_up, seconds, 0.);
    ev_timer_start(loop, &shutdown->give_up);
}

/* Whatever is still to be said to Redis has so long; then slots end without it. */
static void end_soon(struct cq_shutdown *shutdown, double seconds)
{
    struct cq_process *process = shutdown->process;
    process->cold = true;
    cq_orphans_drop(process->orphans);
    cq_webhooks_drop(process->webhooks);
    cq_process_maybe_end(process);
    shutdown->gave_up = false;
    give_up_in(shutdown, seconds);
}

static void on_deadline(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)events;
    struct cq_shutdown *shutdown = timer->data;
    struct cq_process *process = shutdown->process;
    cq_log(process->log, CQ_LOG_WARNING, process->name, NULL,
           "%lld s have passed since the shutdown was requested: running jobs are ended and return to their "
           "queues",
           (long long)process->settings->shutdown_timeout_s);
    for (int i = 0; i < process->slot_count; i++)
        cq_execution_kill(&process->slots[i], CQ_KILL_DEADLINE);
    end_soon(shutdown, process->settings->kill_grace_s + COLD_GRACE_S);
}

static void warm(struct cq_shutdown *shutdown, int signal_number)
{
    struct cq_process *process = shutdown->process;
    shutdown->requested = cq_clock_monotonic();
    process->stopping = true;
    cq_notify_send(&process->notify, "STOPPING=1");
    cq_log(process->log, CQ_LOG_INFO, process->name, NULL, "%s: warm shut down requested%s",
           signal_number == SIGINT ? "SIGINT" : "SIGTERM",
           process->jobs_done || process->started ? "; once more for a cold one" : "");
    cq_scheduler_stop(process->scheduler); /* now, so that another one need not wait for our last job */
    if (process->settings->shutdown_timeout_s) {
        ev_timer_set(&shutdown->deadline, (double)process->settings->shutdown_timeout_s, 0.);
        ev_timer_start(process->loop, &shutdown->deadline);
    }
    cq_webhooks_stop(process->webhooks);
    for (int i = 0; i < process->slot_count; i++)
        cq_slot_stop(&process->slots[i]);
    cq_process_maybe_end(process); /* there may be none, but for those that were to be added */
}

/* A Redis that hangs takes what it is told and answers nothing: nobody waits for it until its commands time
 * out. */
static void on_give_up(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)events;
    struct cq_shutdown *shutdown = timer->data;
    struct cq_process *process = shutdown->process;
    if (shutdown->gave_up) {
        cq_log(process->log, CQ_LOG_WARNING, process->name, NULL, "Redis does not answer: ended without it");
        ev_break(loop, EVBREAK_ALL);
        return;
    }
    shutdown->gave_up = true;
    for (int i = 0; i < process->slot_count; i++)
        cq_slot_abandon(&process->slots[i]);
    give_up_in(shutdown, LAST_GRACE_S);
}

static void cold(struct cq_shutdown *shutdown)
{
    struct cq_process *process = shutdown->process;
    bool gives_back = process->settings->shutdown_timeout_s > 0;
    shutdown->cold = true;
    ev_timer_stop(process->loop, &shutdown->deadline);
    cq_log(process->log, CQ_LOG_WARNING, process->name, NULL, "cold shut down%s",
           gives_back ? ": running jobs return to their queues" : "");
    for (int i = 0; i < process->slot_count; i++) {
        struct cq_slot *slot = &process->slots[i];
        /* An outcome that cannot be stored now is found abandoned by the next worker. */
        if (slot->state < CQ_SLOT_DYING && !cq_async_is_ready(process->redis))
            cq_slot_abandon(slot);
        else
            cq_execution_kill(slot, gives_back ? CQ_KILL_DEADLINE : CQ_KILL_COLD);
        if (gives_back && slot->horse)
            cq_horse_kill(slot->horse, SIGKILL);
    }
    end_soon(shutdown, COLD_GRACE_S);
}

static void on_signal(struct ev_loop *loop, ev_signal *watcher, int events)
{
    (void)loop, (void)events;
    struct cq_shutdown *shutdown = watcher->data;
    struct cq_process *process = shutdown->process;
    if (!shutdown->requested)
        warm(shutdown, watcher->signum);
    else if (cq_clock_monotonic() - shutdown->requested < CQ_SECOND)
        cq_log(process->log, CQ_LOG_DEBUG, process->name, NULL,
               "shutdown signal ignored, received twice in less than 1 second");
    else if (!shutdown->cold)
        cold(shutdown);
}

static void on_hang_up(struct ev_loop *loop, ev_signal *watcher, int events)
{
    (void)loop, (void)events;
    struct cq_shutdown *shutdown = watcher->data;
    if (shutdown->requested) /* it leaves anyway */
        return;
    cq_runtimes_reload(shutdown->process->runtimes);
    cq_notify_reloaded(&shutdown->process->notify);
}

struct cq_shutdown *cq_shutdown_new(struct cq_process *process)
{
    struct cq_shutdown *shutdown = cq_calloc(1, sizeof(*shutdown));
    shutdown->process = process;
    signal(SIGPIPE, SIG_IGN);
    ev_signal_init(&shutdown->interrupt, on_signal, SIGINT);
    ev_signal_init(&shutdown->terminate, on_signal, SIGTERM);
    ev_init(&shutdown->deadline, on_deadline);
    ev_init(&shutdown->give_up, on_give_up);
    shutdown->deadline.data = shutdown->give_up.data = shutdown;
    ev_signal_init(&shutdown->hang_up, on_hang_up, SIGHUP);
    shutdown->interrupt.data = shutdown->terminate.data = shutdown->hang_up.data = shutdown;
    ev_signal_start(process->loop, &shutdown->interrupt);
    ev_signal_start(process->loop, &shutdown->terminate);
    ev_signal_start(process->loop, &shutdown->hang_up);
    return shutdown;
}

void cq_shutdown_free(struct cq_shutdown *shutdown)
{
    if (!shutdown)
        return;
    struct ev_loop *loop = shutdown->process->loop;
    ev_signal_stop(loop, &shutdown->interrupt);
    ev_signal_stop(loop, &shutdown->terminate);
    ev_signal_stop(loop, &shutdown->hang_up);
    ev_timer_stop(loop, &shutdown->deadline);
    ev_timer_stop(loop, &shutdown->give_up);
    free(shutdown);
}
