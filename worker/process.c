#include "worker/process.h"

#include "base/process/title.h"
#include "worker/maintenance/abandoned_callbacks.h"
#include "worker/pool/resize.h"
#include "worker/runtimes/runtimes.h"
#include "worker/scheduler.h"
#include "worker/webhooks/webhooks.h"

enum { NAMES_MAX = 4096 }; /* bytes of the queues' names in the title */

void cq_process_fail(struct cq_process *process, const struct cq_error *err)
{
    if (process->result == CQ_OK) {
        process->result = err->code;
        process->error = *err;
    }
    ev_break(process->context.loop, EVBREAK_ALL);
}

void cq_process_check_end(struct cq_process *process)
{
    struct cq_worker_context *context = &process->context;
    if (cq_resize_is_due(process->resize) || context->slots_alive)
        return;
    cq_scheduler_stop(process->scheduler);
    bool busy = context->jobs_may_come_back ||
                cq_abandoned_callbacks_are_busy(process->abandoned_callbacks) ||
                cq_scheduler_is_stopping(process->scheduler) || cq_webhooks_are_busy(context->webhooks);
    if (!busy || cq_process_is_ending(context->state))
        ev_break(context->loop, EVBREAK_ALL);
}

void cq_process_show_title(const struct cq_process *process)
{
    const struct cq_worker_context *context = &process->context;
    struct cq_buf queues = CQ_BUF_INIT(NAMES_MAX), runtimes = CQ_BUF_INIT(NAMES_MAX);
    cq_strv_join(&context->settings->queues, ",", &queues);
    for (int i = 0; i < context->runtimes->count; i++) {
        const struct cq_runtime *runtime = &context->runtimes->items[i];
        if (cq_runtime_is_ready(runtime))
            cq_buf_printf(&runtimes, "%s%s %s", runtimes.len ? ", " : "; ", runtime->name,
                          runtime->stable->version);
    }
    cq_title_set("cq: worker %s: listening on %s%s", context->name, queues.len ? queues.data : "",
                 runtimes.len ? runtimes.data : "");
    cq_buf_release(&queues);
    cq_buf_release(&runtimes);
}

static bool all_prepared(const struct cq_process *process)
{
    return cq_runtimes_take_jobs(process->context.runtimes) && cq_async_is_ready(process->context.redis) &&
           cq_scheduler_prepare(process->scheduler);
}

void cq_process_raise(struct cq_process *process, enum cq_process_event event)
{
    struct cq_worker_context *context = &process->context;
    uint32_t facts = 0;
    if (event == CQ_PROCESS_PREPARED && context->state == CQ_PROCESS_PREPARING && all_prepared(process))
        facts |= CQ_PROCESS_ALL_PREPARED;
    if (process->stopped_at && cq_clock_monotonic() - process->stopped_at < CQ_SECOND)
        facts |= CQ_PROCESS_TOO_SOON;
    const struct cq_rule *rule = cq_machine_rule(&cq_process_machine, context->state, event, facts);
    if (!rule) {
        cq_log_error(&context->logger, "bug: process: %s is illegal in state %s; please report it",
                     cq_process_machine.events[event], cq_process_machine.states[context->state]);
        return;
    }
    if (rule->next != CQ_SAME_STATE)
        context->state = rule->next;
    for (int i = 0; i < CQ_RULE_ACTIONS && rule->actions[i]; i++)
        process->perform(process, rule->actions[i]);
}
