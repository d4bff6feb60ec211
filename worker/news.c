#include "worker/news.h"

#include <stdio.h>
#include <string.h>

#include "worker/callback.h"
#include "worker/control.h"
#include "worker/pool/resize.h"
#include "worker/queue_watch.h"
#include "worker/runtimes/runtime.h"
#include "worker/slot/registration.h"
#include "worker/slot/slots.h"

/* ---- slots ---- */

/* A fetch has found nothing: the queues are watched, for as long as they allow it. */
static void on_no_job(struct cq_process *process, const struct cq_slot_empty *empty)
{
    struct cq_worker_context *context = &process->context;
    struct cq_queue_watch *watch = process->queue_watch;
    for (size_t i = 0; empty->found && i < context->queue_count; i++)
        cq_queue_watch_hold(watch, empty->slot->order[i], cq_fetch_is_paused(empty->found, i));
    if (empty->found && !context->settings->burst)
        cq_queue_watch_fetch_in(watch, cq_fetch_wait_ms(empty->found));
    cq_queue_watch_arm(watch, empty->asked_by == CQ_FOUND_BY_FETCH);
}

/* A name is taken: the process ends with that error, once the others have said that they are gone. */
static void on_name_taken(struct cq_process *process, const struct cq_slot *slot)
{
    if (process->result == CQ_OK) {
        process->result = slot->refusal->code;
        process->error = *slot->refusal;
    }
    cq_process_raise(process, CQ_PROCESS_REFUSED);
}

static void on_gone(struct cq_process *process, const struct cq_slot *slot)
{
    process->context.slots_alive--;
    cq_resize_slot_gone(process->resize, slot);
    cq_process_check_end(process);
}

static void on_suspended(struct cq_process *process, struct cq_slot *slot)
{
    process->suspended = slot;
    cq_process_raise(process, CQ_PROCESS_FOUND_SUSPENDED);
    process->suspended = NULL;
}

static void on_job(struct cq_process *process)
{
    cq_queue_watch_won(process->queue_watch);
    cq_process_raise(process, CQ_PROCESS_WORK);
}

void cq_process_news(void *data, enum cq_news news, void *subject)
{
    struct cq_process *process = data;
    switch (news) {
    case CQ_NEWS_WORK: cq_process_raise(process, CQ_PROCESS_WORK); break;
    case CQ_NEWS_PREPARED: cq_process_raise(process, CQ_PROCESS_PREPARED); break;
    case CQ_NEWS_DONE: cq_process_check_end(process); break;
    case CQ_NEWS_READY: cq_notify_send(&process->notify, "READY=1"); break;
    case CQ_NEWS_LEAVE: cq_process_raise(process, CQ_PROCESS_LEAVE); break;
    case CQ_NEWS_ADDED: cq_control_add(process->control, subject); break;
    case CQ_NEWS_REGISTERED: cq_resize_slot_registered(process->resize); break;
    case CQ_NEWS_NAME_TAKEN: on_name_taken(process, subject); break;
    case CQ_NEWS_JOB: on_job(process); break;
    case CQ_NEWS_NO_JOB: on_no_job(process, subject); break;
    case CQ_NEWS_SUSPENDED: on_suspended(process, subject); break;
    case CQ_NEWS_GONE: on_gone(process, subject); break;
    }
}

/* ---- Redis ---- */

void cq_process_redis_ready(struct cq_async *redis, void *data)
{
    (void)redis;
    cq_process_raise(data, CQ_PROCESS_CONNECTED);
}

void cq_process_redis_down(struct cq_async *redis, const struct cq_error *err, int retry_in_ms, void *data)
{
    (void)redis;
    struct cq_process *process = data;
    if (retry_in_ms < 0)
        cq_process_fail(process, err);
    else
        cq_log_error(&process->context.logger, "%s; retrying in %.1f s", err->text, retry_in_ms / 1000.0);
}

/* ---- runtimes ---- */

static void on_room(void *data, struct cq_runtime *runtime)
{
    struct cq_worker_context *context = &((struct cq_process *)data)->context;
    cq_slots_runtime_ready(context->slots, runtime);
    cq_callbacks_runtime_changed(context->callbacks, runtime);
}

/* The version of Python goes into the title, and into the slots' hashes. */
static void show_version(struct cq_process *process, const struct cq_runtime *runtime)
{
    struct cq_worker_context *context = &process->context;
    const char *version = runtime->stable->version;
    cq_process_show_title(process);
    if (runtime != context->runtimes->python || strcmp(context->python_version, version) == 0)
        return;
    snprintf(context->python_version, sizeof(context->python_version), "%s", version);
    for (int i = 0; i < context->slots->count; i++)
        cq_slot_show_python(&context->slots->items[i]);
}

static void on_runtime_ready(void *data, struct cq_runtime *runtime)
{
    struct cq_process *process = data;
    show_version(process, runtime);
    cq_process_raise(process, CQ_PROCESS_PREPARED);
    on_room(process, runtime);
    cq_process_raise(process, CQ_PROCESS_WORK);
}

static void on_runtime_failed(void *data, struct cq_runtime *runtime)
{
    struct cq_process *process = data;
    cq_slots_runtime_failed(process->context.slots, runtime);
    cq_callbacks_runtime_changed(process->context.callbacks, runtime);
    cq_process_raise(process, CQ_PROCESS_WORK);
}

static void on_runtime_fatal(void *data, const struct cq_error *err)
{
    cq_process_fail(data, err);
}

struct cq_runtimes *cq_process_open_runtimes(struct cq_process *process)
{
    struct cq_runtime_host host = {
        .settings = process->context.settings,
        .address = process->context.setup->address,
        .logger = process->context.logger,
        .loop = process->context.loop,
        .data = process,
        .ready = on_runtime_ready,
        .room = on_room,
        .failed = on_runtime_failed,
        .fatal = on_runtime_fatal,
    };
    return cq_runtimes_new(&host);
}
