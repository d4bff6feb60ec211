#include "worker/runtime_events.h"

#include "worker/callback.h"
#include "worker/slot/slot.h"

static void on_room(void *data, struct cq_runtime *runtime)
{
    struct cq_process *process = data;
    for (int i = 0; i < process->slot_count; i++)
        cq_slot_runtime_ready(&process->slots[i], runtime);
    cq_callbacks_runtime_changed(process, runtime);
}

static void on_ready(void *data, struct cq_runtime *runtime)
{
    struct cq_process *process = data;
    cq_process_runtime_ready(process, runtime);
    on_room(process, runtime);
    cq_process_wake(process);
}

static void on_failed(void *data, struct cq_runtime *runtime)
{
    struct cq_process *process = data;
    for (int i = 0; i < process->slot_count; i++)
        cq_slot_runtime_failed(&process->slots[i], runtime);
    cq_callbacks_runtime_changed(process, runtime);
    cq_process_wake(process);
}

static void on_fatal(void *data, const struct cq_error *err)
{
    cq_process_fail(data, err);
}

struct cq_runtimes *cq_runtime_events_open(struct cq_process *process)
{
    struct cq_runtime_host host = {
        .settings = process->settings,
        .address = process->context->address,
        .log = process->log,
        .name = process->name,
        .loop = process->loop,
        .data = process,
        .ready = on_ready,
        .room = on_room,
        .failed = on_failed,
        .fatal = on_fatal,
    };
    return cq_runtimes_new(&host);
}
