#include "worker/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "job/id.h"
#include "runtime/frame.h"
#include "worker/maintenance/abandoned_callbacks.h"
#include "worker/callback.h"
#include "worker/control.h"
#include "worker/maintenance/janitor.h"
#include "worker/news.h"
#include "worker/pool/resize.h"
#include "worker/queue_watch.h"
#include "worker/maintenance/recoverer.h"
#include "worker/runtimes/route.h"
#include "worker/runtimes/runtime.h"
#include "worker/scheduler.h"
#include "worker/shutdown.h"
#include "worker/slot/slots.h"
#include "worker/startup.h"
#include "worker/suspension.h"
#include "worker/maintenance/watchdog.h"
#include "worker/webhooks/webhooks.h"

/* It stays when the worker ends, as in RQ: a reader has to look whether that process is a cq worker. */
enum cq_code cq_worker_write_pid(const char *path, struct cq_error *err)
{
    char text[32];
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    int len = snprintf(text, sizeof(text), "%d\n", (int)getpid());
    if (fd < 0)
        return cq_error_errno(err, errno, "cannot write the pid file %s", path);
    ssize_t n = write(fd, text, (size_t)len);
    int write_errno = errno;
    close(fd);
    return n == len ? CQ_OK : cq_error_errno(err, write_errno, "cannot write the pid file %s", path);
}

/* ---- what its machine asks for ---- */

static void perform(struct cq_process *process, enum cq_process_action action)
{
    switch (action) {
    case CQ_PROCESS_DO_LOOK: cq_startup_look(process); break;
    case CQ_PROCESS_DO_SAY_STARTED: cq_startup_say(process); break;
    case CQ_PROCESS_DO_TRY_BEGIN: cq_process_raise(process, CQ_PROCESS_PREPARED); break;
    case CQ_PROCESS_DO_BEGIN: cq_startup_begin(process); break;
    case CQ_PROCESS_DO_RECONNECTED: cq_startup_reconnected(process); break;
    case CQ_PROCESS_DO_WAKE: cq_slots_work(process->context.slots); break;
    case CQ_PROCESS_DO_SAY_SUSPENDED: cq_suspension_begin(process); break;
    case CQ_PROCESS_DO_SHOW_SUSPENDED: cq_suspension_show(process); break;
    case CQ_PROCESS_DO_SAY_RESUMED: cq_suspension_end(process); break;
    case CQ_PROCESS_DO_CHECK_END: cq_process_check_end(process); break;
    default: cq_shutdown_do(process, action);
    }
}

/* ---- start ---- */

static void on_before_wait(struct ev_loop *loop, ev_prepare *watcher, int events)
{
    (void)loop, (void)events;
    cq_log_flush(((struct cq_process *)watcher->data)->context.log);
}

static void hold_log(struct cq_process *process)
{
    ev_prepare_init(&process->before_wait, on_before_wait);
    /* After the commands for Redis have left: started first, called last. */
    ev_set_priority(&process->before_wait, EV_MINPRI);
    process->before_wait.data = process;
    ev_prepare_start(process->context.loop, &process->before_wait);
    cq_log_hold(process->context.log);
}

static void fill_context(struct cq_process *process)
{
    struct cq_worker_context *context = &process->context;
    const struct cq_settings *settings = context->settings;
    process->perform = perform;
    context->process = process;
    context->news = cq_process_news;
    context->queue_count = settings->queues.len;
    context->queues = cq_calloc(context->queue_count, sizeof(*context->queues));
    for (size_t i = 0; i < context->queue_count; i++)
        context->queues[i] = cq_str(settings->queues.items[i]);
    cq_buf_init(&context->frame, (size_t)CQ_FRAME_JOB_MAX + CQ_FRAME_CONTROL_MAX);
    context->targets = CQ_BUF_INIT(24 * context->queue_count); /* digits and a space each */
    for (size_t i = 0; i < context->queue_count && settings->dequeue_strategy == CQ_DEQUEUE_LATENCY; i++)
        cq_buf_printf(&context->targets, "%lld ", (long long)settings->queue_numbers[i]);
    char random_id[CQ_EXECUTION_ID_SIZE];
    cq_execution_id_generate(random_id);
    memcpy(context->execution_prefix, random_id, sizeof(context->execution_prefix) - 1);
    gethostname(context->hostname, sizeof(context->hostname) - 1);
}

/* The first slots. Errors: CQ_ERR_SYSTEM: no descriptors. */
static enum cq_code add_slots(struct cq_process *process, struct cq_error *err)
{
    struct cq_worker_context *context = &process->context;
    for (int i = 0; i < context->settings->num_workers; i++)
        if (!cq_slots_add(context->slots, CQ_SLOT_OF_START, context->setup->replaces_pid))
            return cq_error_errno(err, errno, "cannot make the pipes of %d slots; raise `ulimit -n`",
                                  context->settings->num_workers);
    snprintf(context->name, sizeof(context->name), "%.63s", context->slots->items[0].name);
    return CQ_OK;
}

static void open_parts(struct cq_process *process)
{
    struct cq_worker_context *context = &process->context;
    context->router = cq_router_new(context->runtimes);
    context->callbacks = cq_callbacks_new(context);
    context->webhooks = cq_webhooks_new(context);
    process->queue_watch = cq_queue_watch_new(context);
    process->abandoned_callbacks = cq_abandoned_callbacks_new(context);
    process->recoverer = cq_recoverer_new(context, process->abandoned_callbacks);
    process->janitor = cq_janitor_new(context);
    process->watchdog = cq_watchdog_new(context);
    process->scheduler = cq_scheduler_new(context);
    process->control = cq_control_new(context, process->resize);
    context->redis = cq_async_new(&(struct cq_async_options){
        .loop = context->loop,
        .address = context->setup->address,
        .client_name = context->name,
        .load_scripts = true,
        .on_ready = cq_process_redis_ready,
        .on_down = cq_process_redis_down,
        .data = process,
    });
}

static enum cq_code start(struct cq_process *process, struct cq_error *err)
{
    struct cq_worker_context *context = &process->context;
    fill_context(process);
    hold_log(process);
    context->logger = (struct cq_logger){.log = context->log, .worker = context->name};
    context->runtimes = cq_process_open_runtimes(process);
    context->slots = cq_slots_new(context);
    cq_shutdown_init(process);
    process->resize = cq_resize_new(context);
    enum cq_code code = add_slots(process, err);
    /* The stables start while the connection is being made, and are forked from a small process. */
    if (code == CQ_OK)
        code = cq_runtimes_start(context->runtimes, err);
    if (code != CQ_OK)
        return code;
    open_parts(process);
    cq_process_show_title(process);
    return CQ_OK;
}

/* ---- end ---- */

static void stop(struct cq_process *process)
{
    struct cq_worker_context *context = &process->context;
    cq_slots_process_ends(context->slots);
    /* Free connections first: each runs the callbacks of its outstanding calls, and their owners must still
     * exist. */
    cq_async_free(context->redis);
    cq_control_free(process->control);
    cq_queue_watch_free(process->queue_watch);
    cq_recoverer_free(process->recoverer);
    cq_janitor_free(process->janitor);
    cq_watchdog_free(process->watchdog);
    cq_scheduler_free(process->scheduler);
    cq_shutdown_release(process);
    ev_prepare_stop(context->loop, &process->before_wait);
    cq_log_release(context->log);
    cq_slots_free(context->slots);
    cq_abandoned_callbacks_free(process->abandoned_callbacks);
    cq_webhooks_free(context->webhooks);
    cq_callbacks_free(context->callbacks);
    cq_runtimes_free(context->runtimes);
    cq_router_free(context->router);
    cq_resize_free(process->resize);
    free(context->queues);
    cq_buf_release(&context->targets);
    cq_buf_release(&context->frame);
}

static void log_stop(const struct cq_process *process)
{
    unsigned long long jobs_done = process->context.jobs_done;
    cq_log_info(&process->context.logger, "stopped, %llu job%s done", jobs_done, jobs_done == 1 ? "" : "s");
}

enum cq_code cq_worker_run(const struct cq_settings *settings, const struct cq_worker_setup *setup,
                           struct cq_error *err)
{
    struct cq_process process = {
        .context = {
            .settings = settings, .setup = setup, .log = setup->log, .loop = ev_default_loop(EVFLAG_AUTO)}};
    if (!process.context.loop)
        return cq_error_set(err, CQ_ERR_SYSTEM, "libev finds no way to wait for events on this system");
    srandom((unsigned)(cq_clock_now() ^ getpid()));
    cq_resize_descriptors(settings->num_workers, settings->queues.len);
    cq_notify_take(&process.notify);
    enum cq_code code = settings->pid_file ? cq_worker_write_pid(settings->pid_file, err) : CQ_OK;
    if (code != CQ_OK)
        return code;
    code = start(&process, err);
    if (code == CQ_OK) {
        ev_run(process.context.loop, 0);
        code = process.result;
        if (code != CQ_OK && err)
            *err = process.error;
    }
    if (code == CQ_OK)
        log_stop(&process);
    stop(&process);
    return code;
}
