#include "worker/callback.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/process/exit_text.h"
#include "base/mem.h"
#include "base/timer.h"
#include "core/callback_state.h"
#include "worker/exception.h"
#include "worker/runtimes/horse_fork.h"

enum {
    HORSE_WITHIN_S = 30, /* a runtime that does not give one in this time does without the callback */
    ASK_EVERY_S = 1,
    LEAVE_WITHIN_S = 5, /* after its answer */
    JOB_ID_MAX = 1024 * 1024,
    META_MAX = 64 * 1024 * 1024,
    NAME_MAX_BYTES = 500, /* of its function, in texts */
    WHY_MAX = 600,
};

struct cq_callbacks {
    struct cq_worker_context *context;
    struct cq_callback *first;
    unsigned turn; /* counts how often those that wait were told to ask for horses */
};

struct cq_callback {
    struct cq_horse_owner owner; /* of its horse; first, so that it leads to the callback */
    struct cq_callbacks *all;
    struct cq_callback *next;
    enum cq_callback_state state; /* changed by raise alone */
    struct cq_output own_output;  /* where its horse writes, unless it uses another's pipes */
    enum cq_callback_kind kind;
    struct cq_runtime *runtime;
    struct cq_horse *(*fork)(void *data, struct cq_runtime *runtime); /* NULL: cq_horse_fork */
    struct cq_horse *horse;
    int64_t timeout_s;
    int64_t limit_s; /* the same and the grace of a runtime that raises on its own */
    struct cq_buf job_id;
    struct cq_buf meta;     /* as it was sent last; empty: it was not */
    struct cq_buf function; /* its name, or the beginning of it */
    struct cq_buf exc;      /* what went wrong; empty: nothing */
    struct cq_buf frame;    /* until a horse is there that has it */
    char why[WHY_MAX];      /* it is left out, or died */
    cq_time horse_by;       /* monotonic: it is given up when it has none by then */
    unsigned turn;          /* the last one in which it asked for a horse */
    struct cq_timer timer;
    /* Where its owner holds it; NULL once the owner was told, or does not wait any more. */
    struct cq_callback **at;
    void (*over)(void *data, const struct cq_callback_end *end);
    void *data;
};

static struct cq_worker_context *context_of(const struct cq_callback *callback)
{
    return callback->all->context;
}

/* Its owner does not hold it any more. Returns whether it did. */
static bool unhold(struct cq_callback *callback)
{
    bool held = callback->at != NULL;
    if (held)
        *callback->at = NULL;
    callback->at = NULL;
    return held;
}

static void destroy(struct cq_callback *callback)
{
    for (struct cq_callback **at = &callback->all->first; *at; at = &(*at)->next) {
        if (*at == callback) {
            *at = callback->next;
            break;
        }
    }
    cq_timer_cancel(&callback->timer);
    cq_horse_free(callback->horse);
    cq_output_close(&callback->own_output);
    unhold(callback);
    cq_buf_release(&callback->job_id);
    cq_buf_release(&callback->meta);
    cq_buf_release(&callback->function);
    cq_buf_release(&callback->exc);
    cq_buf_release(&callback->frame);
    free(callback);
}

/* ---- its end is told ---- */

static void tell(struct cq_callback *callback)
{
    if (unhold(callback))
        callback->over(callback->data,
                       &(struct cq_callback_end){
                           .meta = callback->meta.len ? cq_buf_view(&callback->meta) : CQ_STR_NONE,
                           .exc = callback->exc.len ? cq_buf_view(&callback->exc) : CQ_STR_NONE,
                       });
}

/* There will not be an answer: callback->why says the reason. */
static void tell_failure(struct cq_callback *callback, bool timed_out)
{
    if (timed_out)
        snprintf(callback->why, sizeof(callback->why), "did not end within its timeout of %lld s",
                 (long long)callback->timeout_s);
    cq_log(context_of(callback)->log, CQ_LOG_WARNING, callback->owner.output->worker, callback->job_id.data,
           "its %s callback %s", cq_callback_word(callback->kind), callback->why);
    cq_buf_clear(&callback->exc);
    if (timed_out)
        cq_buf_printf(&callback->exc,
                      "rq.timeouts.JobTimeoutException: Task exceeded maximum timeout value (%lld seconds)\n",
                      (long long)callback->timeout_s);
    else
        cq_buf_printf(&callback->exc, "cq.CallbackFailed: the %s callback %s %s\n",
                      cq_callback_word(callback->kind), callback->function.data, callback->why);
    tell(callback);
}

static void tell_left_out(struct cq_callback *callback, const char *reason)
{
    char why[WHY_MAX] = "is left out";
    if (reason)
        snprintf(why, sizeof(why), "is left out: %.500s", reason);
    memcpy(callback->why, why, sizeof(why));
    tell_failure(callback, false);
}

/* ---- its states ---- */

static void raise_event(struct cq_callback *callback, enum cq_callback_event event);

static struct cq_horse *get_horse(struct cq_callback *callback)
{
    struct cq_horse *horse;
    while ((horse = callback->fork ? callback->fork(callback->data, callback->runtime)
                                   : cq_horse_fork(callback->runtime, &callback->owner))) {
        horse->owner = &callback->owner;
        if (cq_horse_send(horse, cq_buf_view(&callback->frame)))
            return horse;
        cq_horse_free(horse); /* it died while it was warm */
    }
    return NULL;
}

static void ask(struct cq_callback *callback)
{
    struct cq_runtime *runtime = callback->runtime;
    const char *unavailable = cq_runtime_want(runtime);
    if (!unavailable && cq_runtime_is_ready(runtime) && !runtime->stable->callbacks)
        unavailable = "its runtime has no callbacks";
    if (unavailable) {
        snprintf(callback->why, sizeof(callback->why), "%s", unavailable);
        raise_event(callback, CQ_CALLBACK_UNAVAILABLE);
        return;
    }
    /* When it is not ready yet, cq_callbacks_runtime_changed or the timer tries again. */
    callback->horse = cq_runtime_is_ready(runtime) ? get_horse(callback) : NULL;
    raise_event(callback, callback->horse ? CQ_CALLBACK_HORSE : CQ_CALLBACK_NO_HORSE);
}

static void arm_limit(struct cq_callback *callback)
{
    if (callback->horse->pid)
        cq_buf_release(&callback->frame);
    cq_timer_cancel(&callback->timer);
    int grace_s = callback->runtime->stable->soft_timeout ? context_of(callback)->settings->kill_grace_s : 0;
    callback->limit_s = callback->timeout_s + grace_s;
    if (callback->timeout_s)
        cq_timer_arm(&callback->timer, (double)callback->limit_s);
}

static void perform(struct cq_callback *callback, enum cq_callback_action action)
{
    switch (action) {
    case CQ_CALLBACK_DO_ASK: ask(callback); break;
    case CQ_CALLBACK_DO_ARM_ASK: cq_timer_arm(&callback->timer, ASK_EVERY_S); break;
    case CQ_CALLBACK_DO_ARM_LIMIT: arm_limit(callback); break;
    case CQ_CALLBACK_DO_ARM_GRACE:
        cq_timer_arm(&callback->timer, context_of(callback)->settings->kill_grace_s);
        break;
    case CQ_CALLBACK_DO_ARM_LEAVE: cq_timer_arm(&callback->timer, LEAVE_WITHIN_S); break;
    case CQ_CALLBACK_DO_CLOSE_HORSE: cq_horse_close(callback->horse); break;
    case CQ_CALLBACK_DO_TERM_HORSE: cq_horse_kill(callback->horse, SIGTERM); break;
    case CQ_CALLBACK_DO_KILL_HORSE: cq_horse_kill(callback->horse, SIGKILL); break;
    case CQ_CALLBACK_DO_TELL_ANSWER: tell(callback); break;
    case CQ_CALLBACK_DO_TELL_LEFT_OUT: tell_left_out(callback, NULL); break;
    case CQ_CALLBACK_DO_TELL_OVERDUE: tell_left_out(callback, "its runtime gave no horse in time"); break;
    case CQ_CALLBACK_DO_TELL_UNAVAILABLE: tell_left_out(callback, callback->why); break;
    case CQ_CALLBACK_DO_TELL_TIMEOUT: tell_failure(callback, true); break;
    case CQ_CALLBACK_DO_TELL_DEATH: tell_failure(callback, false); break;
    case CQ_CALLBACK_DO_FREE: destroy(callback); break;
    default: break;
    }
}

/* The only place where its state changes. FREE is the last action of its rule. */
static void raise_event(struct cq_callback *callback, enum cq_callback_event event)
{
    bool overdue = cq_clock_monotonic() >= callback->horse_by;
    const struct cq_rule *rule = cq_machine_rule(&cq_callback_machine, callback->state, event,
                                                 overdue ? CQ_CALLBACK_OVERDUE : 0);
    if (!rule) {
        cq_log(context_of(callback)->log, CQ_LOG_ERROR, callback->owner.output->worker, callback->job_id.data,
               "bug: callback: %s is illegal in state %s; please report it",
               cq_callback_machine.events[event], cq_callback_machine.states[callback->state]);
        return;
    }
    if (rule->next != CQ_SAME_STATE)
        callback->state = rule->next;
    for (int i = 0; i < CQ_RULE_ACTIONS && rule->actions[i]; i++)
        perform(callback, rule->actions[i]);
}

/* ---- events ---- */

static struct cq_callback *callback_of(struct cq_horse_owner *owner)
{
    return (struct cq_callback *)owner; /* its first member */
}

static void on_forked(struct cq_horse_owner *owner, struct cq_horse *horse)
{
    (void)horse;
    cq_buf_release(&callback_of(owner)->frame);
}

static void on_gone(struct cq_horse_owner *owner, struct cq_horse *horse)
{
    struct cq_callback *callback = callback_of(owner);
    char how[CQ_EXIT_TEXT_SIZE];
    bool not_forked = horse->state == CQ_HORSE_NOT_FORKED && callback->state == CQ_CALLBACK_RUNNING;
    cq_exit_text(horse->status, how, sizeof(how));
    cq_horse_free(horse);
    callback->horse = NULL;
    snprintf(callback->why, sizeof(callback->why), "%s and had not answered", how);
    raise_event(callback, not_forked ? CQ_CALLBACK_NOT_FORKED : CQ_CALLBACK_HORSE_GONE);
}

static void take_failure(struct cq_callback *callback, struct cq_str exc)
{
    struct cq_str line = cq_exception_line(exc);
    cq_log(context_of(callback)->log, CQ_LOG_WARNING, callback->owner.output->worker, callback->job_id.data,
           "its %s callback failed: %.*s", cq_callback_word(callback->kind),
           (int)(line.len < 1000 ? line.len : 1000), line.data ? line.data : "");
    cq_buf_str(&callback->exc, exc.len ? exc : CQ_STR_LIT("cq.CallbackFailed: it gave no reason\n"));
}

static void on_answer(struct cq_horse_owner *owner, struct cq_horse *horse, const struct cq_frame *frame)
{
    struct cq_callback *callback = callback_of(owner);
    if (callback->state == CQ_CALLBACK_LEAVING)
        return;
    if (cq_str_is(frame->type, "log")) {
        cq_output_frame(owner->output, frame);
        return;
    }
    struct cq_str meta = cq_frame_get_str(frame, "meta");
    if (meta.data) {
        cq_buf_clear(&callback->meta);
        cq_buf_str(&callback->meta, meta);
    }
    if (cq_str_is(frame->type, "meta") || cq_str_is(frame->type, "ended"))
        return;
    if (!cq_str_is(frame->type, "done"))
        take_failure(callback, cq_frame_get_str(frame, "exc"));
    horse->answers = horse->jobs;
    cq_output_drain(&callback->own_output);
    raise_event(callback, CQ_CALLBACK_ANSWER);
}

static void on_timer(void *data)
{
    struct cq_callback *callback = data;
    double left_s = 0;
    if (callback->state == CQ_CALLBACK_RUNNING)
        left_s = cq_horse_time_left(callback->horse, (double)callback->limit_s);
    if (left_s > 0)
        cq_timer_arm(&callback->timer, left_s);
    else
        raise_event(callback, CQ_CALLBACK_TIME_UP);
}

void cq_callback_kill(struct cq_callback *callback)
{
    raise_event(callback, CQ_CALLBACK_KILL);
}

void cq_callback_drop(struct cq_callback *callback)
{
    if (!callback)
        return;
    unhold(callback);
    cq_callback_kill(callback);
}

/* Find one that has not asked in this turn: a start that fails at once begins a turn inside of another. */
static struct cq_callback *next_waiting(const struct cq_callbacks *all, const struct cq_runtime *runtime,
                                        unsigned turn)
{
    for (struct cq_callback *callback = all->first; callback; callback = callback->next)
        if (callback->state == CQ_CALLBACK_WAITING && callback->runtime == runtime && callback->turn != turn)
            return callback;
    return NULL;
}

void cq_callbacks_runtime_changed(struct cq_callbacks *all, const struct cq_runtime *runtime)
{
    unsigned turn = ++all->turn;
    struct cq_callback *callback;
    while ((callback = next_waiting(all, runtime, turn))) {
        callback->turn = turn;
        raise_event(callback, CQ_CALLBACK_TRY);
    }
}

/* ---- its start ---- */

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
    cq_job_fields_add(&writer, order->fields, order->meta);
    return cq_frame_end(&writer);
}

static struct cq_callback *new_callback(struct cq_callbacks *all, const struct cq_callback_order *order)
{
    struct cq_callback *callback = cq_calloc(1, sizeof(*callback));
    *callback = (struct cq_callback){
        .all = all,
        .next = all->first,
        .owner = {.answer = on_answer, .forked = on_forked, .gone = on_gone},
        .kind = order->kind,
        .runtime = order->runtime,
        .fork = order->fork,
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
    cq_output_init(&callback->own_output, all->context, order->worker, &callback->job_id, NULL);
    callback->owner.output = order->output ? order->output : &callback->own_output;
    cq_timer_init(&callback->timer, all->context->loop, on_timer, callback);
    all->first = callback;
    return callback;
}

void cq_callback_start(struct cq_callbacks *all, const struct cq_callback_order *order,
                       struct cq_callback **at)
{
    struct cq_callback *callback = new_callback(all, order);
    struct cq_str function = cq_callback_name(order->fields, order->kind);
    *at = callback;
    callback->at = at;
    cq_buf_str(&callback->job_id, order->job_id);
    cq_buf_append(&callback->function, function.data ? function.data : "",
                  function.len < NAME_MAX_BYTES ? function.len : NAME_MAX_BYTES);
    if ((!order->output && !cq_output_open(&callback->own_output)) || !write_frame(callback, order)) {
        snprintf(callback->why, sizeof(callback->why), "there is no room for it");
        raise_event(callback, CQ_CALLBACK_UNAVAILABLE);
        return;
    }
    cq_timer_arm(&callback->timer, ASK_EVERY_S);
    raise_event(callback, CQ_CALLBACK_TRY);
}

struct cq_callbacks *cq_callbacks_new(struct cq_worker_context *context)
{
    struct cq_callbacks *all = cq_calloc(1, sizeof(*all));
    all->context = context;
    return all;
}

void cq_callbacks_free(struct cq_callbacks *all)
{
    if (!all)
        return;
    while (all->first)
        destroy(all->first);
    free(all);
}
