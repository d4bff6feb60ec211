#include "worker/callback.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/mem.h"
#include "base/number.h"
#include "worker/exception.h"
#include "worker/fields.h"
#include "worker/runtimes/horse.h"
#include "worker/runtimes/runtime.h"
#include "worker/slot/horses.h"

enum {
    DEFAULT_TIMEOUT_S = 60, /* rq/defaults.py CALLBACK_TIMEOUT */
    HORSE_WITHIN_S = 30,    /* a runtime that does not give one in this time does without the callback */
    LEAVE_WITHIN_S = 5,     /* after its answer */
    JOB_ID_MAX = 1024 * 1024,
    META_MAX = 64 * 1024 * 1024,
};

enum stage { WAITING, RUNNING, ENDING /* it got SIGTERM */, LEAVING };

struct cq_callback {
    struct cq_process *process;
    struct cq_callback *next; /* in process->callbacks */
    struct cq_rider rider;
    enum cq_callback_kind kind;
    struct cq_runtime *runtime;
    struct cq_slot *slot;     /* NULL: none */
    struct cq_horse *horse;
    enum stage stage;
    int64_t timeout_s;
    int64_t limit_s;          /* the same and the grace of a runtime that raises on its own */
    struct cq_buf job_id, meta;
    bool meta_present;
    struct cq_buf frame;      /* until it is sent */
    unsigned turn;            /* the last one in which it asked for a horse */
    bool asking;              /* try_to_run is at it: a start that fails at once tells all others */
    ev_timer timer;
    struct cq_callback **at;  /* NULL: told, or nobody waits */
    void (*over)(void *data, struct cq_str meta);
    void *data;
};

static const char *const names[] = {[CQ_CALLBACK_STOPPED] = "stopped", [CQ_CALLBACK_FAILURE] = "failure"};

static const char *field_name(enum cq_callback_kind kind, bool timeout)
{
    if (kind == CQ_CALLBACK_STOPPED)
        return timeout ? "stopped_callback_timeout" : "stopped_callback_name";
    return timeout ? "failure_callback_timeout" : "failure_callback_name";
}

bool cq_callback_is_named(struct cq_str fields, enum cq_callback_kind kind)
{
    return cq_fields_get(fields, field_name(kind, false)).len > 0;
}

/* Seconds; 0: none. */
static int64_t timeout_of(struct cq_str fields, enum cq_callback_kind kind)
{
    int64_t seconds;
    struct cq_str text = cq_fields_get(fields, field_name(kind, true));
    if (!text.len || !cq_number_duration(text, &seconds))
        return DEFAULT_TIMEOUT_S;
    return seconds > 0 ? seconds : 0;
}

/* ---- its end ---- */

static void set_timer(struct cq_callback *callback, double seconds)
{
    ev_timer_stop(callback->process->loop, &callback->timer);
    ev_timer_set(&callback->timer, seconds, 0.);
    ev_timer_start(callback->process->loop, &callback->timer);
}

/* Nobody holds it any more. */
static bool let_loose(struct cq_callback *callback)
{
    bool held = callback->at != NULL;
    if (held)
        *callback->at = NULL;
    callback->at = NULL;
    return held;
}

static void destroy(struct cq_callback *callback)
{
    struct cq_process *process = callback->process;
    for (struct cq_callback **at = &process->callbacks; *at; at = &(*at)->next) {
        if (*at == callback) {
            *at = callback->next;
            break;
        }
    }
    ev_timer_stop(process->loop, &callback->timer);
    cq_horse_free(callback->horse);
    if (!callback->slot)
        cq_rider_close_output(&callback->rider);
    let_loose(callback);
    cq_buf_release(&callback->job_id);
    cq_buf_release(&callback->meta);
    cq_buf_release(&callback->frame);
    free(callback);
}

/* Tell whoever waits. What is left of it leaves by itself. */
static void tell(struct cq_callback *callback)
{
    callback->stage = LEAVING;
    if (let_loose(callback))
        callback->over(callback->data, callback->meta_present ? cq_buf_view(&callback->meta) : CQ_STR_NONE);
}

static void complain(const struct cq_callback *callback, const char *what)
{
    cq_log(callback->process->log, CQ_LOG_WARNING, callback->rider.name, callback->job_id.data, "its %s callback %s", names[callback->kind],
           what);
}

/* It will not get a horse. */
static void give_up(struct cq_callback *callback, const char *why)
{
    complain(callback, why);
    tell(callback);
    destroy(callback);
}

static void on_gone(struct cq_rider *rider, struct cq_horse *horse)
{
    struct cq_callback *callback = (struct cq_callback *)((char *)rider - offsetof(struct cq_callback, rider));
    char what[96];
    int status = horse->status;
    cq_horse_free(horse);
    callback->horse = NULL;
    if (callback->stage == LEAVING) {
        destroy(callback);
        return;
    }
    if (callback->stage == ENDING)
        snprintf(what, sizeof(what), "did not end within its timeout of %lld s", (long long)callback->timeout_s);
    else if (WIFSIGNALED(status))
        snprintf(what, sizeof(what), "died: signal %d", WTERMSIG(status));
    else
        snprintf(what, sizeof(what), "ended without an answer, with status %d", WEXITSTATUS(status));
    give_up(callback, what);
}

/* ---- its run ---- */

static void keep_meta(struct cq_callback *callback, struct cq_str meta)
{
    if (!meta.data)
        return;
    cq_buf_clear(&callback->meta);
    callback->meta_present = cq_buf_str(&callback->meta, meta);
}

static void on_answer(struct cq_rider *rider, struct cq_horse *horse, const struct cq_frame *frame)
{
    struct cq_callback *callback = (struct cq_callback *)((char *)rider - offsetof(struct cq_callback, rider));
    if (callback->stage == LEAVING)
        return;
    if (cq_str_is(frame->type, "log")) {
        cq_rider_log(callback->process->log, rider->name, callback->job_id.data, callback->slot ? &callback->slot->run.tail : NULL, frame);
        return;
    }
    keep_meta(callback, cq_frame_get_str(frame, "meta"));
    if (cq_str_is(frame->type, "meta"))
        return;
    struct cq_str exc = cq_exception_line(cq_frame_get_str(frame, "exc"));
    if (!cq_str_is(frame->type, "done"))
        cq_log(callback->process->log, CQ_LOG_WARNING, rider->name, callback->job_id.data, "its %s callback failed: %.*s",
               names[callback->kind], (int)(exc.len < 1000 ? exc.len : 1000), exc.data ? exc.data : "");
    horse->answered = true;
    if (!callback->slot)
        cq_rider_drain(rider);
    set_timer(callback, LEAVE_WITHIN_S);
    cq_horse_close(horse);
    tell(callback);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)events;
    struct cq_callback *callback = timer->data;
    switch (callback->stage) {
    case WAITING: give_up(callback, "is left out: its runtime gave no horse in time"); break;
    case RUNNING: {
        double left_s = cq_horse_time_left(callback->horse, (double)callback->limit_s);
        if (left_s > 0) {
            set_timer(callback, left_s);
            break;
        }
        callback->stage = ENDING;
        cq_horse_kill(callback->horse, SIGTERM);
        set_timer(callback, callback->process->options->kill_grace_s);
        break;
    }
    case ENDING:
    case LEAVING: cq_horse_kill(callback->horse, SIGKILL); break;
    }
}

static struct cq_horse *get_horse(struct cq_callback *callback)
{
    struct cq_horse *horse;
    while ((horse = callback->slot ? cq_horses_take_fresh(callback->slot) : cq_horse_fork(callback->runtime, &callback->rider))) {
        horse->rider = &callback->rider;
        if (cq_horse_send(horse, cq_buf_view(&callback->frame)))
            return horse;
        cq_horse_free(horse); /* it died while it was warm */
    }
    return NULL;
}

/* Get a horse that runs it, when there is one. */
static void try_to_run(struct cq_callback *callback)
{
    struct cq_runtime *runtime = callback->runtime;
    callback->asking = true;
    const char *unavailable = cq_runtime_want(runtime);
    callback->asking = false;
    if (unavailable) {
        cq_log(callback->process->log, CQ_LOG_WARNING, callback->rider.name, callback->job_id.data, "%s", unavailable);
        give_up(callback, "is left out");
        return;
    }
    if (!cq_runtime_is_ready(runtime))
        return; /* cq_callbacks_runtime_changed comes back for it, or the timer */
    if (!runtime->stable->callbacks) {
        give_up(callback, "is left out: its runtime has no callbacks");
        return;
    }
    callback->horse = get_horse(callback);
    if (!callback->horse)
        return;
    cq_buf_release(&callback->frame);
    callback->stage = RUNNING;
    ev_timer_stop(callback->process->loop, &callback->timer);
    callback->limit_s = callback->timeout_s + (runtime->stable->soft_timeout ? callback->process->options->kill_grace_s : 0);
    if (callback->timeout_s)
        set_timer(callback, (double)callback->limit_s);
}

static bool write_frame(struct cq_callback *callback, const struct cq_callback_order *order)
{
    struct cq_frame_writer writer;
    cq_frame_start(&writer, &callback->frame, "callback");
    cq_frame_add_str(&writer, "kind", cq_str(names[order->kind]));
    if (order->kind == CQ_CALLBACK_FAILURE)
        cq_frame_add_str(&writer, "exc", order->exc);
    cq_frame_add_str(&writer, "id", order->job_id);
    cq_frame_add_str(&writer, "queue", order->queue);
    cq_frame_add_str(&writer, "worker", cq_str(order->worker));
    cq_frame_add_int(&writer, "timeout", callback->timeout_s ? callback->timeout_s : -1);
    cq_fields_add(&writer, order->fields);
    return cq_frame_end(&writer);
}

static void prepare(struct cq_callback *callback, struct cq_process *process, const struct cq_callback_order *order)
{
    *callback = (struct cq_callback){
        .process = process,
        .next = process->callbacks,
        .rider = {.process = process, .name = order->worker, .output = {{.fd = -1}, {.fd = -1}}, .pipes = {-1, -1}},
        .kind = order->kind,
        .runtime = order->runtime,
        .slot = order->slot,
        .timeout_s = timeout_of(order->fields, order->kind),
        .job_id = CQ_BUF_INIT(JOB_ID_MAX),
        .meta = CQ_BUF_INIT(META_MAX),
        .frame = CQ_BUF_INIT((size_t)CQ_FRAME_JOB_MAX + CQ_FRAME_CONTROL_MAX),
        .over = order->over,
        .data = order->data,
    };
    callback->rider.job_id = &callback->job_id;
    callback->rider.answer = on_answer;
    callback->rider.gone = on_gone;
    ev_init(&callback->timer, on_timer);
    callback->timer.data = callback;
    process->callbacks = callback;
}

void cq_callback_start(struct cq_process *process, const struct cq_callback_order *order, struct cq_callback **at)
{
    struct cq_callback *callback = cq_calloc(1, sizeof(*callback));
    prepare(callback, process, order);
    *at = callback;
    callback->at = at;
    cq_buf_str(&callback->job_id, order->job_id);
    bool room = order->slot || cq_rider_open_output(&callback->rider);
    if (order->slot)
        memcpy(callback->rider.pipes, order->slot->rider.pipes, sizeof(callback->rider.pipes));
    if (!room || !write_frame(callback, order)) {
        give_up(callback, "is left out: there is no room for it");
        return;
    }
    set_timer(callback, HORSE_WITHIN_S);
    try_to_run(callback);
}

void cq_callback_kill(struct cq_callback *callback)
{
    if (callback->stage == WAITING)
        give_up(callback, "is left out");
    else
        cq_horse_kill(callback->horse, SIGKILL);
}

void cq_callback_drop(struct cq_callback *callback)
{
    if (!callback)
        return;
    let_loose(callback);
    cq_callback_kill(callback);
}

/* One that has not asked in this turn. A turn may be inside of another: a start that fails at once tells all of them. */
static struct cq_callback *next_waiting(const struct cq_process *process, const struct cq_runtime *runtime, unsigned turn)
{
    for (struct cq_callback *callback = process->callbacks; callback; callback = callback->next)
        if (callback->stage == WAITING && !callback->asking && callback->runtime == runtime && callback->turn != turn)
            return callback;
    return NULL;
}

void cq_callbacks_runtime_changed(struct cq_process *process, const struct cq_runtime *runtime)
{
    unsigned turn = ++process->callback_turn;
    struct cq_callback *callback;
    while ((callback = next_waiting(process, runtime, turn))) {
        callback->turn = turn;
        try_to_run(callback);
    }
}

void cq_callbacks_release(struct cq_process *process)
{
    while (process->callbacks)
        destroy(process->callbacks);
}
