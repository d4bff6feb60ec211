#include "worker/callback.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/mem.h"
#include "worker/exception.h"
#include "worker/runtimes/horse.h"
#include "worker/runtimes/runtime.h"
#include "worker/slot/horses.h"

enum {
    HORSE_WITHIN_S = 30, /* a runtime that does not give one in this time does without the callback */
    ASK_EVERY_S = 1,
    LEAVE_WITHIN_S = 5, /* after its answer */
    JOB_ID_MAX = 1024 * 1024,
    META_MAX = 64 * 1024 * 1024,
    NAME_MAX_BYTES = 500, /* of its function, in texts */
};

enum stage { WAITING, RUNNING, ENDING /* it got SIGTERM */, LEAVING };

struct cq_callback {
    struct cq_process *process;
    struct cq_callback *next; /* in process->callbacks */
    struct cq_rider rider;
    enum cq_callback_kind kind;
    struct cq_runtime *runtime;
    struct cq_slot *slot; /* NULL: none */
    struct cq_horse *horse;
    enum stage stage;
    int64_t timeout_s;
    int64_t limit_s; /* the same and the grace of a runtime that raises on its own */
    struct cq_buf job_id, meta;
    bool meta_present;
    struct cq_buf function; /* its name, or the beginning of it */
    struct cq_buf exc;      /* what went wrong */
    bool failed;
    struct cq_buf frame; /* until a horse is there that has it */
    cq_time horse_by;    /* monotonic: it is given up when it has none by then */
    unsigned turn;       /* the last one in which it asked for a horse */
    bool asking;         /* try_to_run is at it: a start that fails at once tells all others */
    ev_timer timer;
    struct cq_callback **at; /* NULL: told, or nobody waits */
    void (*over)(void *data, const struct cq_callback_end *end);
    void *data;
};

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
    cq_buf_release(&callback->function);
    cq_buf_release(&callback->exc);
    cq_buf_release(&callback->frame);
    free(callback);
}

/* Tell whoever waits. What is left of it leaves by itself. */
static void tell(struct cq_callback *callback)
{
    callback->stage = LEAVING;
    if (let_loose(callback))
        callback->over(callback->data,
                       &(struct cq_callback_end){
                           .meta = callback->meta_present ? cq_buf_view(&callback->meta) : CQ_STR_NONE,
                           .exc = callback->failed ? cq_buf_view(&callback->exc) : CQ_STR_NONE,
                       });
}

static void complain(const struct cq_callback *callback, const char *what)
{
    cq_log(callback->process->log, CQ_LOG_WARNING, callback->rider.name, callback->job_id.data,
           "its %s callback %s", cq_callback_word(callback->kind), what);
}

/* There is no answer, and will be none. */
static void give_up(struct cq_callback *callback, const char *why)
{
    complain(callback, why);
    callback->failed = true;
    if (callback->stage == ENDING)
        cq_buf_printf(&callback->exc,
                      "rq.timeouts.JobTimeoutException: Task exceeded maximum timeout value (%lld seconds)\n",
                      (long long)callback->timeout_s);
    else
        cq_buf_printf(&callback->exc, "cq.CallbackFailed: the %s callback %s %s\n",
                      cq_callback_word(callback->kind), callback->function.data, why);
    tell(callback);
    destroy(callback);
}

static struct cq_callback *callback_of(struct cq_rider *rider)
{
    return (struct cq_callback *)((char *)rider - offsetof(struct cq_callback, rider));
}

static void on_forked(struct cq_rider *rider, struct cq_horse *horse)
{
    (void)horse;
    cq_buf_release(&callback_of(rider)->frame);
}

static void on_gone(struct cq_rider *rider, struct cq_horse *horse)
{
    struct cq_callback *callback = callback_of(rider);
    char what[96];
    int status = horse->status;
    bool unborn = horse->unborn && callback->stage == RUNNING;
    cq_horse_free(horse);
    callback->horse = NULL;
    if (unborn) { /* no memory, too many processes: that passes, and another is asked for */
        callback->stage = WAITING;
        set_timer(callback, ASK_EVERY_S);
        return;
    }
    if (callback->stage == LEAVING) {
        destroy(callback);
        return;
    }
    if (callback->stage == ENDING)
        snprintf(what, sizeof(what), "did not end within its timeout of %lld s",
                 (long long)callback->timeout_s);
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

static void take_failure(struct cq_callback *callback, struct cq_str exc)
{
    struct cq_str line = cq_exception_line(exc);
    cq_log(callback->process->log, CQ_LOG_WARNING, callback->rider.name, callback->job_id.data,
           "its %s callback failed: %.*s", cq_callback_word(callback->kind),
           (int)(line.len < 1000 ? line.len : 1000), line.data ? line.data : "");
    callback->failed = true;
    cq_buf_str(&callback->exc, cq_str_n(exc.data ? exc.data : "", exc.len));
}

static void on_answer(struct cq_rider *rider, struct cq_horse *horse, const struct cq_frame *frame)
{
    struct cq_callback *callback = callback_of(rider);
    if (callback->stage == LEAVING)
        return;
    if (cq_str_is(frame->type, "log")) {
        cq_rider_log(callback->process->log, rider->name, callback->job_id.data,
                     callback->slot ? &callback->slot->run.tail : NULL, frame);
        return;
    }
    keep_meta(callback, cq_frame_get_str(frame, "meta"));
    if (cq_str_is(frame->type, "meta") || cq_str_is(frame->type, "ended"))
        return;
    if (!cq_str_is(frame->type, "done"))
        take_failure(callback, cq_frame_get_str(frame, "exc"));
    horse->answered = true;
    if (!callback->slot)
        cq_rider_drain(rider);
    set_timer(callback, LEAVE_WITHIN_S);
    cq_horse_close(horse);
    tell(callback);
}

static void try_to_run(struct cq_callback *callback);

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)events;
    struct cq_callback *callback = timer->data;
    switch (callback->stage) {
    case WAITING:
        if (cq_clock_monotonic() >= callback->horse_by) {
            give_up(callback, "is left out: its runtime gave no horse in time");
            break;
        }
        set_timer(callback, ASK_EVERY_S);
        try_to_run(callback);
        break;
    case RUNNING: {
        double left_s = cq_horse_time_left(callback->horse, (double)callback->limit_s);
        if (left_s > 0) {
            set_timer(callback, left_s);
            break;
        }
        callback->stage = ENDING;
        cq_horse_kill(callback->horse, SIGTERM);
        set_timer(callback, callback->process->settings->kill_grace_s);
        break;
    }
    case ENDING:
    case LEAVING: cq_horse_kill(callback->horse, SIGKILL); break;
    }
}

static struct cq_horse *get_horse(struct cq_callback *callback)
{
    struct cq_horse *horse;
    while ((horse = callback->slot ? cq_horses_take_fresh(callback->slot, callback->runtime)
                                   : cq_horse_fork(callback->runtime, &callback->rider))) {
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
        char why[600];
        snprintf(why, sizeof(why), "is left out: %s", unavailable);
        give_up(callback, why);
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
    callback->stage = RUNNING;
    if (callback->horse->pid)
        cq_buf_release(&callback->frame);
    ev_timer_stop(callback->process->loop, &callback->timer);
    callback->limit_s = callback->timeout_s +
                        (runtime->stable->soft_timeout ? callback->process->settings->kill_grace_s : 0);
    if (callback->timeout_s)
        set_timer(callback, (double)callback->limit_s);
}

static bool write_frame(struct cq_callback *callback, const struct cq_callback_order *order)
{
    struct cq_frame_writer writer;
    cq_frame_start(&writer, &callback->frame, "callback");
    cq_frame_add_str(&writer, "kind", cq_str(cq_callback_word(order->kind)));
    if (order->kind == CQ_CALLBACK_FAILURE)
        cq_frame_add_str(&writer, "exc", order->exc);
    if (order->kind == CQ_CALLBACK_SUCCESS)
        cq_frame_add_bin(&writer, "value", order->value);
    cq_frame_add_str(&writer, "id", order->job_id);
    cq_frame_add_str(&writer, "queue", order->queue);
    cq_frame_add_str(&writer, "worker", cq_str(order->worker));
    cq_frame_add_int(&writer, "timeout", callback->timeout_s ? callback->timeout_s : -1);
    cq_fields_add(&writer, order->fields, order->meta);
    return cq_frame_end(&writer);
}

static void prepare(struct cq_callback *callback, struct cq_process *process,
                    const struct cq_callback_order *order)
{
    *callback = (struct cq_callback){
        .process = process,
        .next = process->callbacks,
        .rider = {.process = process,
                  .name = order->worker,
                  .output = {{.fd = -1}, {.fd = -1}},
                  .pipes = {-1, -1}},
        .kind = order->kind,
        .runtime = order->runtime,
        .slot = order->slot,
        .timeout_s = cq_callback_timeout(order->fields, order->kind),
        .job_id = CQ_BUF_INIT(JOB_ID_MAX),
        .meta = CQ_BUF_INIT(META_MAX),
        .function = CQ_BUF_INIT(NAME_MAX_BYTES),
        .exc = CQ_BUF_INIT(CQ_FRAME_JOB_MAX),
        .horse_by = cq_clock_monotonic() + HORSE_WITHIN_S * CQ_SECOND,
        .frame = CQ_BUF_INIT((size_t)CQ_FRAME_JOB_MAX + CQ_FRAME_CONTROL_MAX),
        .over = order->over,
        .data = order->data,
    };
    callback->rider.job_id = &callback->job_id;
    callback->rider.answer = on_answer;
    callback->rider.forked = on_forked;
    callback->rider.gone = on_gone;
    ev_init(&callback->timer, on_timer);
    callback->timer.data = callback;
    process->callbacks = callback;
}

void cq_callback_start(struct cq_process *process, const struct cq_callback_order *order,
                       struct cq_callback **at)
{
    struct cq_callback *callback = cq_calloc(1, sizeof(*callback));
    prepare(callback, process, order);
    *at = callback;
    callback->at = at;
    cq_buf_str(&callback->job_id, order->job_id);
    struct cq_str function = cq_callback_name(order->fields, order->kind);
    cq_buf_append(&callback->function, function.data ? function.data : "",
                  function.len < NAME_MAX_BYTES ? function.len : NAME_MAX_BYTES);
    bool room = order->slot || cq_rider_open_output(&callback->rider);
    if (order->slot)
        memcpy(callback->rider.pipes, order->slot->rider.pipes, sizeof(callback->rider.pipes));
    if (!room || !write_frame(callback, order)) {
        give_up(callback, "is left out: there is no room for it");
        return;
    }
    set_timer(callback, ASK_EVERY_S);
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

/* One that has not asked in this turn. A turn may be inside of another: a start that fails at once tells all
 * of them. */
static struct cq_callback *next_waiting(const struct cq_process *process, const struct cq_runtime *runtime,
                                        unsigned turn)
{
    for (struct cq_callback *callback = process->callbacks; callback; callback = callback->next)
        if (callback->stage == WAITING && !callback->asking && callback->runtime == runtime &&
            callback->turn != turn)
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
