#include "worker/pool/resize.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/timer.h"
#include "core/resize_state.h"
#include "worker/commands.h"
#include "worker/pool/supervisor_link.h"
#include "worker/pool/notify.h"
#include "worker/slot/slot.h"

struct cq_resize {
    struct cq_process *process;
    struct cq_resize_count count;
    int signals; /* a signalfd; -1: none, there is no resizing by signal */
    ev_io reader;
    struct cq_timer refill;
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

/* The memory of one that is dead, or new; NULL: there is no room. */
static struct cq_slot *take_slot(struct cq_process *process)
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
    struct cq_slot *slot = take_slot(process);
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
    int more = cq_resize_count_to(&process->resize->count, wanted, before);
    if (!more)
        return;
    cq_log_info(&process->logger, "resizing from %d to %d workers", before, wanted);
    cq_resize_descriptors(wanted, process->queue_count);
    for (int i = 0; i < more; i++)
        if (!add(process))
            break;
    if (more < 0)
        stop_some(process, -more);
}

void cq_resize_leave(struct cq_process *process)
{
    if (process->stopping)
        return;
    cq_log_info(&process->logger, "told to leave: it ends when its running jobs have");
    process->stopping = true;
    for (int i = 0; i < process->slot_count; i++)
        cq_slot_stop(&process->slots[i]);
}

void cq_resize_asked(struct cq_process *process, int wanted)
{
    if (wanted < 1 || wanted > CQ_SLOTS_MAX)
        cq_log_warning(&process->logger, "resize to %d workers ignored: it must be between 1 and %d", wanted,
                       CQ_SLOTS_MAX);
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
        cq_resize_asked(process, process->resize->count.wanted + more);
}

/* ---- those that come and go ---- */

static void apply(struct cq_resize *resize, enum cq_resize_event event, uint32_t facts);

static void add_missing(struct cq_resize *resize)
{
    struct cq_process *process = resize->process;
    while (cq_resize_count_adds(&resize->count, active(process), process->stopping)) {
        if (!add(process)) {
            apply(resize, CQ_RESIZE_ON_NOT_ADDED, 0);
            return;
        }
    }
}

static void perform(struct cq_resize *resize, enum cq_resize_action action)
{
    struct cq_process *process = resize->process;
    switch (action) {
    case CQ_RESIZE_TELL_READY:
        cq_notify_send(&process->notify, "READY=1");
        if (process->supervisor)
            cq_supervisor_link_say(process->supervisor, CQ_SUPERVISOR_READY, 0);
        break;
    case CQ_RESIZE_TELL_MAX_JOBS:
        if (process->supervisor)
            cq_supervisor_link_say(process->supervisor, CQ_SUPERVISOR_MAX_JOBS_DONE, 0);
        break;
    case CQ_RESIZE_COUNT: break; /* in the count itself */
    case CQ_RESIZE_ARM_NOW: cq_timer_arm(&resize->refill, 0); break;
    case CQ_RESIZE_ARM_LATER: cq_timer_arm(&resize->refill, CQ_RESIZE_PAUSE_S); break;
    case CQ_RESIZE_ADD: add_missing(resize); break;
    }
}

static void apply(struct cq_resize *resize, enum cq_resize_event event, uint32_t facts)
{
    const struct cq_process *process = resize->process;
    const struct cq_rule *rule = cq_resize_count_apply(&resize->count, event, facts);
    if (!rule) {
        cq_log_error(&process->logger, "bug: resizing: %s is illegal in state %s; please report it",
                     cq_resize_machine.events[event], cq_resize_machine.states[resize->count.state]);
        return;
    }
    for (int i = 0; i < CQ_RULE_ACTIONS && rule->actions[i]; i++)
        perform(resize, rule->actions[i]);
}

void cq_resize_born(struct cq_process *process)
{
    apply(process->resize, CQ_RESIZE_ON_REGISTERED, 0);
}

void cq_resize_slot_dead(struct cq_process *process, const struct cq_slot *slot)
{
    struct cq_resize *resize = process->resize;
    uint32_t facts = (process->context->keep_slots ? CQ_RESIZE_REPLACES : 0) |
                     (process->stopping ? CQ_RESIZE_STOPPING : 0) |
                     (process->settings->burst ? CQ_RESIZE_BURST : 0) |
                     (active(process) < resize->count.wanted ? CQ_RESIZE_WANTED : 0) |
                     (slot->worn ? CQ_RESIZE_MAX_JOBS : 0) | (slot->registered ? CQ_RESIZE_REGISTERED : 0);
    apply(resize, CQ_RESIZE_ON_SLOT_ENDED, facts);
}

static void on_due(void *data)
{
    struct cq_resize *resize = data;
    apply(resize, CQ_RESIZE_ON_DUE, 0);
    cq_process_maybe_end(resize->process);
}

bool cq_resize_is_due(const struct cq_resize *resize)
{
    return resize && cq_resize_count_is_short(&resize->count) && !resize->process->stopping;
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
    resize->count.wanted = process->settings->num_workers;
    cq_timer_init(&resize->refill, process->loop, on_due, resize);
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
    cq_timer_cancel(&resize->refill);
    if (resize->signals >= 0) {
        ev_io_stop(resize->process->loop, &resize->reader);
        close(resize->signals);
    }
    free(resize);
}

static void on_have_slots(void *data, int count)
{
    cq_resize_to(data, count);
}

static void on_leave(void *data)
{
    cq_resize_leave(data);
}

struct cq_supervisor_link *cq_resize_open_link(struct cq_process *process)
{
    struct cq_supervisor_link_owner owner = {
        .loop = process->loop,
        .logger = &process->logger,
        .data = process,
        .have_slots = on_have_slots,
        .leave = on_leave,
    };
    int fd = process->context->supervisor_fd;
    return fd > 0 ? cq_supervisor_link_new(fd, &owner) : NULL;
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
