#include "worker/slot/calls.h"

#include "worker/runtimes/route.h"
#include "worker/runtimes/runtime.h"
#include "worker/slot/execution.h"

/* What Python puts between an exception and the one that came while it was handled. */
static const char meanwhile[] = "\nDuring handling of the above exception, another exception occurred:\n\n";

void cq_calls_route(struct cq_slot *slot)
{
    struct cq_running *run = &slot->run;
    for (int kind = 0; kind < CQ_CALLBACK_KINDS; kind++) {
        struct cq_str name = run->fields.len
                                 ? cq_callback_name(cq_buf_view(&run->fields), (enum cq_callback_kind)kind)
                                 : CQ_STR_NONE;
        struct cq_runtime *runtime = name.len ? cq_router_find_name(slot->process->router, name) : NULL;
        run->callers[kind] = runtime == slot->runtime ? NULL : runtime;
    }
}

bool cq_calls_is_shown(const struct cq_running *run, struct cq_str field)
{
    for (int kind = 0; kind < CQ_CALLBACK_KINDS; kind++)
        if (run->callers[kind] && cq_str_is(field, cq_callback_field((enum cq_callback_kind)kind)))
            return false;
    return true;
}

static void keep_meta(struct cq_running *run, struct cq_str meta)
{
    if (!meta.data)
        return;
    cq_running_put(&run->meta, meta);
    run->meta_present = true;
}

/* False: the job names none, or there is no time for it, as in a cold stop, where the record would be
 * lost. */
static bool call(struct cq_slot *slot, enum cq_callback_kind kind,
                 void (*over)(void *data, const struct cq_callback_end *end))
{
    struct cq_running *run = &slot->run;
    if (slot->process->cold || !run->fields.len || !cq_callback_name(cq_buf_view(&run->fields), kind).len)
        return false;
    struct cq_callback_order order = {
        .kind = kind,
        .runtime = run->callers[kind] ? run->callers[kind] : slot->runtime,
        .worker = slot->name,
        .slot = slot,
        .job_id = cq_buf_view(&run->job_id),
        .queue = cq_buf_view(&run->queue),
        .exc = cq_buf_view(&run->exc_text),
        .value = run->value_present ? cq_buf_view(&run->value) : CQ_STR_NONE,
        .fields = cq_buf_view(&run->fields),
        .meta = run->meta.len ? cq_buf_view(&run->meta) : CQ_STR_NONE,
        .over = over,
        .data = slot,
    };
    cq_callback_start(slot->process, &order, &slot->callback);
    return true;
}

/* ---- after the answer ---- */

static void on_failure_called(void *data, const struct cq_callback_end *end)
{
    struct cq_slot *slot = data;
    struct cq_running *run = &slot->run;
    keep_meta(run, end->meta);
    if (end->exc.data) {
        cq_buf_text(&run->exc_text, meanwhile);
        cq_buf_str(&run->exc_text, end->exc);
    }
    cq_rider_drain(&slot->rider);
    cq_execution_commit(slot);
}

static void on_success_called(void *data, const struct cq_callback_end *end)
{
    struct cq_slot *slot = data;
    struct cq_running *run = &slot->run;
    keep_meta(run, end->meta);
    cq_rider_drain(&slot->rider);
    if (end->exc.data && run->kill_reason == CQ_KILL_DEADLINE) {
        cq_execution_give_back(slot);
        return;
    }
    if (end->exc.data) {
        run->outcome = CQ_OUTCOME_FAILED;
        run->ended_at = cq_clock_now();
        run->value_present = false;
        cq_running_put(&run->exc_text, end->exc);
        if (call(slot, CQ_CALLBACK_FAILURE, on_failure_called))
            return;
    }
    cq_execution_commit(slot);
}

void cq_calls_after_answer(struct cq_slot *slot)
{
    const struct cq_running *run = &slot->run;
    if (run->outcome == CQ_OUTCOME_SUCCESS && run->callers[CQ_CALLBACK_SUCCESS] &&
        call(slot, CQ_CALLBACK_SUCCESS, on_success_called))
        return;
    if (run->outcome == CQ_OUTCOME_FAILED && run->callers[CQ_CALLBACK_FAILURE] &&
        call(slot, CQ_CALLBACK_FAILURE, on_failure_called))
        return;
    cq_execution_commit(slot);
}

/* ---- its horse is gone ---- */

/* Whatever became of it. */
static void on_called(void *data, const struct cq_callback_end *end)
{
    struct cq_slot *slot = data;
    keep_meta(&slot->run, end->meta);
    cq_rider_drain(&slot->rider);
    cq_execution_commit(slot);
}

void cq_calls_without_horse(struct cq_slot *slot, enum cq_callback_kind kind)
{
    if (!call(slot, kind, on_called))
        cq_execution_commit(slot);
}
