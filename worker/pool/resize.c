#include "worker/pool/resize.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/mem.h"
#include "worker/commands.h"
#include "worker/pool/supervisor_link.h"
#include "worker/pool/notify.h"
#include "worker/slot/slot.h"

static const double unborn_pause_s =
    5.0; /* before the place of a slot that could not even register is filled again */

struct cq_resize {
    struct cq_process *process;
    int signals; /* a signalfd; -1: none, there is no resizing by signal */
    ev_io reader;
    ev_timer refill;
    int missing; /* slots that refill is to add */
    int births;
    bool ready; /* all of the first ones are born */
};

static bool is_active(const struct cq_slot *slot)
{
    return slot->state < CQ_SLOT_DYING && !slot->stopping;
}

static int active(const struct cq_process *process)
{
    int count = 0;
    for (int i = 0; i < process->slot_count; i++)
        count += is_active(&process->slots[i]);
    return count;
}

/* ---- more ---- */

/* A place of one that is dead, or a new one; NULL: there is no room. */
static struct cq_slot *take_place(struct cq_process *process)
{
    for (int i = 0; i < process->slot_count; i++) {
        if (process->slots[i].state == CQ_SLOT_DEAD) {
            cq_slot_release(&process->slots[i]);
            cq_slot_init(&process->slots[i], process, i);
            return &process->slots[i];
        }
    }
    if (process->slot_count == CQ_SLOTS_MAX) /* those that still finish their jobs */
        return NULL;
    cq_slot_init(&process->slots[process->slot_count], process, process->slot_count);
    return &process->slots[process->slot_count++];
}

static bool add(struct cq_process *process)
{
    struct cq_slot *slot = take_place(process);
    if (!slot)
        return false;
    slot->added = true;
    if (!cq_rider_open_output(&slot->rider)) {
        cq_log(process->log, CQ_LOG_ERROR, slot->name, NULL,
               "cannot make its pipes: %s; raise `ulimit -n`. It was not added", strerror(errno));
        slot->state = CQ_SLOT_DEAD;
        return false;
    }
    if (process->python_version[0])
        slot->identity.python_version = process->python_version;
    slot->identity.replaces_pid = getpid(); /* a slot before it may have died without a word */
    process->slots_alive++;
    cq_commands_add(process->commands, slot);
    if (process->started && cq_async_is_ready(process->redis))
        cq_slot_redis_ready(slot);
    return true;
}

/* ---- fewer ---- */

/* Those that are idle first, of them the last; what runs is not disturbed. */
static void stop_some(struct cq_process *process, int count)
{
    for (int pass = 0; pass < 2; pass++)
        for (int i = process->slot_count - 1; i >= 0 && count > 0; i--) {
            struct cq_slot *slot = &process->slots[i];
            if (!is_active(slot) ||
                (pass == 0 && slot->state != CQ_SLOT_IDLE && slot->state != CQ_SLOT_UNBORN))
                continue;
            count--;
            cq_slot_stop(slot);
        }
}

void cq_resize_to(struct cq_process *process, int wanted)
{
    int before = active(process);
    if (process->stopping || wanted < 1 || wanted > CQ_SLOTS_MAX)
        return;
    process->slots_wanted = wanted;
    if (wanted == before)
        return;
    cq_log(process->log, CQ_LOG_INFO, process->name, NULL, "resizing from %d to %d workers", before, wanted);
    cq_resize_descriptors(wanted, process->queue_count);
    for (int i = before; i < wanted; i++)
        if (!add(process))
            break;
    if (wanted < before)
        stop_some(process, before - wanted);
}

void cq_resize_leave(struct cq_process *process)
{
    if (process->stopping)
        return;
    cq_log(process->log, CQ_LOG_INFO, process->name, NULL,
           "told to leave: it ends when its running jobs have");
    process->stopping = true;
    for (int i = 0; i < process->slot_count; i++)
        cq_slot_stop(&process->slots[i]);
}

void cq_resize_asked(struct cq_process *process, int wanted)
{
    if (wanted < 1 || wanted > CQ_SLOTS_MAX)
        cq_log(process->log, CQ_LOG_WARNING, process->name, NULL,
               "resize to %d workers ignored: 1 to %d is what there may be", wanted, CQ_SLOTS_MAX);
    else if (process->supervisor)
        cq_supervisor_link_say(process->supervisor, CQ_SUPERVISOR_RESIZE_TO, wanted);
    else
        cq_resize_to(process, wanted);
}

void cq_resize_asked_more(struct cq_process *process, int more)
{
    if (process->supervisor)
        cq_supervisor_link_say(process->supervisor, CQ_SUPERVISOR_RESIZE_BY, more);
    else
        cq_resize_asked(process, process->slots_wanted + more);
}

/* ---- those that come and go ---- */

void cq_resize_born(struct cq_process *process)
{
    struct cq_resize *resize = process->resize;
    if (resize->ready || ++resize->births < process->slots_wanted)
        return;
    resize->ready = true;
    cq_notify_send(&process->notify, "READY=1");
    if (process->supervisor)
        cq_supervisor_link_say(process->supervisor, CQ_SUPERVISOR_READY, 0);
}

void cq_resize_slot_dead(struct cq_process *process, const struct cq_slot *slot)
{
    struct cq_resize *resize = process->resize;
    if (slot->worn && !process->context->keep_slots && process->supervisor)
        cq_supervisor_link_say(process->supervisor, CQ_SUPERVISOR_MAX_JOBS_DONE, 0);
    if (!process->context->keep_slots || process->stopping || (process->settings->burst && !slot->worn) ||
        active(process) >= process->slots_wanted)
        return;
    resize->missing++;
    if (ev_is_active(&resize->refill))
        return;
    /* Not now: whoever has let it die is not done with it. */
    ev_timer_set(&resize->refill, slot->registered ? 0. : unborn_pause_s, 0.);
    ev_timer_start(process->loop, &resize->refill);
}

static void on_refill(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)events;
    struct cq_resize *resize = timer->data;
    struct cq_process *process = resize->process;
    int missing = resize->missing;
    resize->missing = 0;
    for (; missing > 0 && !process->stopping && active(process) < process->slots_wanted; missing--)
        if (!add(process)) { /* for want of descriptors: that passes */
            resize->missing = missing;
            ev_timer_set(&resize->refill, unborn_pause_s, 0.);
            ev_timer_start(loop, &resize->refill);
            break;
        }
    cq_process_maybe_end(process);
}

bool cq_resize_is_due(const struct cq_resize *resize)
{
    return resize && resize->missing > 0 && !resize->process->stopping;
}

/* ---- signals ---- */

static void on_signal(struct ev_loop *loop, ev_io *watcher, int events)
{
    (void)loop, (void)events;
    struct cq_resize *resize = watcher->data;
    struct signalfd_siginfo info;
    while (read(resize->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
        cq_resize_asked_more(resize->process, info.ssi_signo == SIGTTIN ? 1 : -1);
}

struct cq_resize *cq_resize_new(struct cq_process *process)
{
    struct cq_resize *resize = cq_calloc(1, sizeof(*resize));
    sigset_t signals;
    resize->process = process;
    ev_init(&resize->refill, on_refill);
    resize->refill.data = resize;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTTIN);
    sigaddset(&signals, SIGTTOU);
    sigprocmask(SIG_BLOCK, &signals, NULL); /* a stable starts with none blocked (runtimes/launch.c) */
    resize->signals = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    if (resize->signals >= 0) {
        ev_io_init(&resize->reader, on_signal, resize->signals, EV_READ);
        resize->reader.data = resize;
        ev_io_start(process->loop, &resize->reader);
    }
    return resize;
}

void cq_resize_free(struct cq_resize *resize)
{
    if (!resize)
        return;
    ev_timer_stop(resize->process->loop, &resize->refill);
    if (resize->signals >= 0) {
        ev_io_stop(resize->process->loop, &resize->reader);
        close(resize->signals);
    }
    free(resize);
}

void cq_resize_descriptors(int slots, size_t queues)
{
    struct rlimit limit;
    rlim_t want = 128 + 16 * (rlim_t)slots + (rlim_t)queues;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= want)
        return;
    limit.rlim_cur = limit.rlim_max < want ? limit.rlim_max : want;
    setrlimit(RLIMIT_NOFILE, &limit);
}
