#include "worker/suspension.h"

#include "job/keys.h"
#include "worker/slot/registration.h"
#include "worker/slot/slots.h"

void cq_suspension_ask(struct cq_process *process, cq_async_reply_fn *fn)
{
    struct cq_async *redis = process->context.redis;
    struct cq_command *command = cq_async_begin(redis);
    cq_command_texts(command, "EXISTS", cq_key_suspended().text, NULL);
    cq_async_call(redis, command, fn, process);
}

static void show_state(struct cq_slot *slot, const char *state)
{
    if (slot->worker.state == CQ_WORKER_IDLE && cq_async_is_ready(slot->context->redis))
        cq_slot_show_state(slot, state);
}

static void show_states(struct cq_process *process, const char *state)
{
    struct cq_slots *slots = process->context.slots;
    for (int i = 0; i < slots->count; i++)
        show_state(&slots->items[i], state);
}

static void on_is_suspended(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    struct cq_process *process = data;
    if (!lost && cq_reply_int(reply) == 0) {
        cq_timer_cancel(&process->resume_timer);
        cq_process_raise(process, CQ_PROCESS_RESUMED);
    }
}

static void on_resume_timer(void *data)
{
    struct cq_process *process = data;
    if (cq_async_is_ready(process->context.redis))
        cq_suspension_ask(process, on_is_suspended);
}

void cq_suspension_begin(struct cq_process *process)
{
    cq_log_info(&process->context.logger, "suspended, run `cq resume` to resume");
    show_states(process, "suspended");
    cq_timer_init(&process->resume_timer, process->context.loop, on_resume_timer, process);
    cq_timer_arm_every(&process->resume_timer, 1., 1.);
}

void cq_suspension_end(struct cq_process *process)
{
    cq_log_info(&process->context.logger, "resumed");
    show_states(process, "idle");
}

void cq_suspension_show(struct cq_process *process)
{
    show_state(process->suspended, "suspended");
}
