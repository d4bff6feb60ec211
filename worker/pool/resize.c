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
#include "worker/pool/supervisor_link.h"
#include "worker/slot/slots.h"

struct cq_resize {
    struct cq_worker_context *context;
    struct cq_supervisor_link *supervisor; /* owned; NULL: it has no supervisor */
    struct cq_resize_count count;
    int signals; /* a signalfd; -1: none, there is no resizing by signal */
    ev_io reader;
    struct cq_timer refill;
};

/* ---- more ---- */

static bool add(struct cq_resize *resize)
{
    struct cq_worker_context *context = resize->context;
    /* A slot of this process may have had its name, and died without a word. */
    struct cq_slot *slot = cq_slots_add(context->slots, CQ_SLOT_ADDED, getpid());
    if (!slot) {
        if (errno)
            cq_log_error(&context->logger,
                         "cannot make the pipes of another worker: %s; raise `ulimit -n`. It was not added",
                         strerror(errno));
        return false;
    }
    cq_worker_tell_of(context, CQ_NEWS_ADDED, slot);
    if (cq_process_has_begun(context->state) && cq_async_is_ready(context->redis))
        cq_slot_redis_ready(slot);
    return true;
}

/* ---- fewer ---- */

/* Those that are idle first, of them the last; what runs is not disturbed. */
static void stop_some(struct cq_slots *slots, int count)
{
    for (int pass = 0; pass < 2; pass++)
        for (int i = slots->count - 1; i >= 0 && count > 0; i--) {
            struct cq_slot *slot = &slots->items[i];
            enum cq_worker_state state = slot->worker.state;
            bool idle = state == CQ_WORKER_IDLE || state == CQ_WORKER_UNREGISTERED;
            if (!cq_worker_stays(state) || (pass == 0 && !idle))
                continue;
            count--;
            cq_slot_stop(slot);
        }
}

void cq_resize_to(struct cq_resize *resize, int wanted)
{
    struct cq_worker_context *context = resize->context;
    int before = cq_slots_staying(context->slots);
    if (cq_process_is_stopping(context->state) || wanted < 1 || wanted > CQ_SLOTS_MAX)
        return;
    int more = cq_resize_count_to(&resize->count, wanted, before);
    if (!more)
        return;
    cq_log_info(&context->logger, "resizing from %d to %d workers", before, wanted);
    cq_resize_descriptors(wanted, context->queue_count);
    for (int i = 0; i < more; i++)
        if (!add(resize))
            break;
    if (more < 0)
        stop_some(context->slots, -more);
}

void cq_resize_asked(struct cq_resize *resize, int wanted)
{
    if (wanted < 1 || wanted > CQ_SLOTS_MAX)
        cq_log_warning(&resize->context->logger, "resize to %d workers ignored: it must be between 1 and %d",
                       wanted, CQ_SLOTS_MAX);
    else if (resize->supervisor)
        cq_supervisor_link_say(resize->supervisor, CQ_SUPERVISOR_RESIZE_TO, wanted);
    else
        cq_resize_to(resize, wanted);
}

void cq_resize_asked_more(struct cq_resize *resize, int more)
{
    if (resize->supervisor)
        cq_supervisor_link_say(resize->supervisor, CQ_SUPERVISOR_RESIZE_BY, more);
    else
        cq_resize_asked(resize, resize->count.wanted + more);
}

/* ---- those that come and go ---- */

static void apply(struct cq_resize *resize, enum cq_resize_event event, uint32_t facts);

static void add_missing(struct cq_resize *resize)
{
    struct cq_worker_context *context = resize->context;
    while (cq_resize_count_adds(&resize->count, cq_slots_staying(context->slots),
                                cq_process_is_stopping(context->state))) {
        if (!add(resize)) {
            apply(resize, CQ_RESIZE_ON_NOT_ADDED, 0);
            return;
        }
    }
}

static void perform(struct cq_resize *resize, enum cq_resize_action action)
{
    switch (action) {
    case CQ_RESIZE_TELL_READY:
        cq_worker_tell(resize->context, CQ_NEWS_READY);
        if (resize->supervisor)
            cq_supervisor_link_say(resize->supervisor, CQ_SUPERVISOR_READY, 0);
        break;
    case CQ_RESIZE_TELL_MAX_JOBS:
        if (resize->supervisor)
            cq_supervisor_link_say(resize->supervisor, CQ_SUPERVISOR_MAX_JOBS_DONE, 0);
        break;
    case CQ_RESIZE_COUNT: break; /* in the count itself */
    case CQ_RESIZE_ARM_NOW: cq_timer_arm(&resize->refill, 0); break;
    case CQ_RESIZE_ARM_LATER: cq_timer_arm(&resize->refill, CQ_RESIZE_PAUSE_S); break;
    case CQ_RESIZE_ADD: add_missing(resize); break;
    }
}

static void apply(struct cq_resize *resize, enum cq_resize_event event, uint32_t facts)
{
    const struct cq_rule *rule = cq_resize_count_apply(&resize->count, event, facts);
    if (!rule) {
        cq_log_error(&resize->context->logger, "bug: resizing: %s is illegal in state %s; please report it",
                     cq_resize_machine.events[event], cq_resize_machine.states[resize->count.state]);
        return;
    }
    for (int i = 0; i < CQ_RULE_ACTIONS && rule->actions[i]; i++)
        perform(resize, rule->actions[i]);
}

void cq_resize_slot_registered(struct cq_resize *resize)
{
    apply(resize, CQ_RESIZE_ON_REGISTERED, 0);
}

void cq_resize_slot_gone(struct cq_resize *resize, const struct cq_slot *slot)
{
    const struct cq_worker_context *context = resize->context;
    bool wanted = cq_slots_staying(context->slots) < resize->count.wanted;
    uint32_t facts = (context->setup->keep_slots ? CQ_RESIZE_REPLACES : 0) |
                     (cq_process_is_stopping(context->state) ? CQ_RESIZE_STOPPING : 0) |
                     (context->settings->burst ? CQ_RESIZE_BURST : 0) | (wanted ? CQ_RESIZE_WANTED : 0) |
                     (slot->end == CQ_SLOT_END_MAX_JOBS ? CQ_RESIZE_MAX_JOBS : 0) |
                     (slot->end != CQ_SLOT_END_NAME_TAKEN ? CQ_RESIZE_REGISTERED : 0);
    apply(resize, CQ_RESIZE_ON_SLOT_ENDED, facts);
}

static void on_due(void *data)
{
    struct cq_resize *resize = data;
    apply(resize, CQ_RESIZE_ON_DUE, 0);
    cq_worker_tell(resize->context, CQ_NEWS_DONE);
}

bool cq_resize_is_supervised(const struct cq_resize *resize)
{
    return resize->supervisor != NULL;
}

bool cq_resize_is_due(const struct cq_resize *resize)
{
    return cq_resize_count_is_short(&resize->count) && !cq_process_is_stopping(resize->context->state);
}

/* ---- signals ---- */

static void on_signal(struct ev_loop *loop, ev_io *watcher, int events)
{
    (void)loop, (void)events;
    struct cq_resize *resize = watcher->data;
    struct signalfd_siginfo info;
    while (read(resize->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
        cq_resize_asked_more(resize, info.ssi_signo == SIGTTIN ? 1 : -1);
}

/* ---- life cycle ---- */

static void on_have_slots(void *data, int count)
{
    cq_resize_to(data, count);
}

static void on_leave(void *data)
{
    const struct cq_resize *resize = data;
    cq_worker_tell(resize->context, CQ_NEWS_LEAVE);
}

static struct cq_supervisor_link *open_link(struct cq_resize *resize)
{
    struct cq_worker_context *context = resize->context;
    struct cq_supervisor_link_owner owner = {
        .loop = context->loop,
        .logger = &context->logger,
        .data = resize,
        .have_slots = on_have_slots,
        .leave = on_leave,
    };
    int fd = context->setup->supervisor_fd;
    return fd > 0 ? cq_supervisor_link_new(fd, &owner) : NULL;
}

struct cq_resize *cq_resize_new(struct cq_worker_context *context)
{
    struct cq_resize *resize = cq_calloc(1, sizeof(*resize));
    sigset_t signals;
    resize->context = context;
    resize->count.wanted = context->settings->num_workers;
    cq_timer_init(&resize->refill, context->loop, on_due, resize);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTTIN);
    sigaddset(&signals, SIGTTOU);
    sigprocmask(SIG_BLOCK, &signals, NULL); /* a stable starts with none blocked (runtimes/launch.c) */
    resize->signals = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    if (resize->signals >= 0) {
        ev_io_init(&resize->reader, on_signal, resize->signals, EV_READ);
        resize->reader.data = resize;
        ev_io_start(context->loop, &resize->reader);
    }
    resize->supervisor = open_link(resize);
    return resize;
}

void cq_resize_free(struct cq_resize *resize)
{
    if (!resize)
        return;
    cq_timer_cancel(&resize->refill);
    cq_supervisor_link_free(resize->supervisor);
    if (resize->signals >= 0) {
        ev_io_stop(resize->context->loop, &resize->reader);
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
