#include "worker/startup.h"

#include <unistd.h>

#include "worker/maintenance/abandoned_callbacks.h"
#include "worker/maintenance/janitor.h"
#include "worker/pool/resize.h"
#include "worker/maintenance/recoverer.h"
#include "worker/scheduler.h"
#include "worker/slot/slots.h"
#include "worker/suspension.h"
#include "worker/maintenance/watchdog.h"

enum { NAMES_MAX = 4096 }; /* bytes of the queues' names in the log */

/* Suspended at the start: RQ refuses to start. A worker of RQ's pool does not ask, and waits instead. */
static void on_first_look(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    struct cq_process *process = data;
    if (lost)
        return;
    bool suspended = cq_reply_type(reply) == CQ_REPLY_INT && cq_reply_int(reply) != 0;
    if (suspended && !cq_resize_is_supervised(process->resize)) {
        struct cq_error err;
        cq_error_set(&err, CQ_ERR_INVALID_OPERATION,
                     "cq is currently suspended, to resume job execution run `cq resume`");
        cq_process_fail(process, &err);
        return;
    }
    cq_process_raise(process, CQ_PROCESS_LOOKED);
}

void cq_startup_look(struct cq_process *process)
{
    cq_suspension_ask(process, on_first_look);
}

void cq_startup_say(const struct cq_process *process)
{
    const struct cq_worker_context *context = &process->context;
    struct cq_buf names = CQ_BUF_INIT(NAMES_MAX);
    cq_strv_join(&context->settings->queues, ", ", &names);
    cq_log_info(&context->logger, "started with PID %d, version %s, %d slot%s, listening on %s",
                (int)getpid(), CQ_VERSION, context->slots->count, context->slots->count == 1 ? "" : "s",
                names.len ? names.data : "");
    cq_buf_release(&names);
}

void cq_startup_begin(struct cq_process *process)
{
    cq_slots_redis_ready(process->context.slots);
    cq_recoverer_start(process->recoverer);
    cq_janitor_start(process->janitor);
    cq_watchdog_start(process->watchdog);
    cq_scheduler_resume(process->scheduler);
}

void cq_startup_reconnected(struct cq_process *process)
{
    cq_log_info(&process->context.logger, "connected to Redis again");
    cq_abandoned_callbacks_next(process->abandoned_callbacks);
    cq_scheduler_resume(process->scheduler);
    cq_slots_redis_ready(process->context.slots);
}
