#include "worker/slot/callbacks.h"

#include "worker/runtimes/route.h"
#include "worker/slot/horses.h"

static struct cq_str name_of(const struct cq_slot *slot, enum cq_callback_kind kind)
{
    const struct cq_buf *fields = &slot->run.fields;
    return fields->len ? cq_callback_name(cq_buf_view(fields), kind) : CQ_STR_NONE;
}

void cq_slot_route_callbacks(struct cq_slot *slot)
{
    for (int kind = 0; kind < CQ_CALLBACK_KINDS; kind++) {
        struct cq_str name = name_of(slot, (enum cq_callback_kind)kind);
        struct cq_runtime *runtime = name.len ? cq_router_find_name(slot->context->router, name) : NULL;
        slot->run.callers[kind] = runtime == slot->runtime ? NULL : runtime;
    }
}

bool cq_slot_shows_field(const struct cq_slot *slot, struct cq_str field)
{
    for (int kind = 0; kind < CQ_CALLBACK_KINDS; kind++)
        if (slot->run.callers[kind] && cq_str_is(field, cq_callback_field((enum cq_callback_kind)kind)))
            return false;
    return true;
}

uint32_t cq_slot_callback_facts(const struct cq_slot *slot)
{
    const struct cq_execution *run = &slot->run;
    uint32_t facts = 0;
    /* A shutdown that does not wait for jobs has no time for them: the record would be lost. */
    if (!run->fields.len || cq_process_is_ending(slot->context->state))
        return 0;
    if (run->callers[CQ_CALLBACK_SUCCESS])
        facts |= CQ_EXECUTION_SUCCESS_ELSEWHERE;
    if (run->callers[CQ_CALLBACK_FAILURE])
        facts |= CQ_EXECUTION_FAILURE_ELSEWHERE;
    if (name_of(slot, CQ_CALLBACK_FAILURE).len)
        facts |= CQ_EXECUTION_FAILURE_NAMED;
    if (name_of(slot, CQ_CALLBACK_STOPPED).len)
        facts |= CQ_EXECUTION_STOPPED_NAMED;
    return facts;
}

static void on_over(void *data, const struct cq_callback_end *end)
{
    struct cq_slot *slot = data;
    struct cq_execution *run = &slot->run;
    if (end->meta.data) {
        cq_execution_put(&run->meta, end->meta);
        run->meta_present = true;
    }
    cq_output_drain(&slot->output);
    run->callback_exc = end->exc;
    cq_execution_raise(&slot->worker, end->exc.data ? CQ_EXECUTION_CALL_FAILED : CQ_EXECUTION_CALLED);
    run->callback_exc = CQ_STR_NONE;
}

static struct cq_horse *take_horse(void *data, struct cq_runtime *runtime)
{
    return cq_horses_take_fresh(data, runtime);
}

void cq_slot_call(struct cq_slot *slot, enum cq_callback_kind kind)
{
    struct cq_execution *run = &slot->run;
    struct cq_callback_order order = {
        .kind = kind,
        .runtime = run->callers[kind] ? run->callers[kind] : slot->runtime,
        .worker = slot->name,
        .output = &slot->output,
        .fork = take_horse,
        .job_id = cq_buf_view(&run->job_id),
        .queue = cq_buf_view(&run->queue),
        .exc = cq_buf_view(&run->exc_text),
        .value = run->value_present ? cq_buf_view(&run->value) : CQ_STR_NONE,
        .fields = cq_buf_view(&run->fields),
        .meta = run->meta.len ? cq_buf_view(&run->meta) : CQ_STR_NONE,
        .over = on_over,
        .data = slot,
    };
    cq_callback_start(slot->context->callbacks, &order, &slot->callback);
}
