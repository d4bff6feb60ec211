#include "worker/worker.h"

#include <fcntl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/process/title.h"
#include "job/id.h"
#include "job/keys.h"
#include "lifecycle/worker/state.h"
#include "worker/callback.h"
#include "worker/commands.h"
#include "worker/maintenance.h"
#include "worker/orphans.h"
#include "worker/pool/supervisor_link.h"
#include "worker/pool/resize.h"
#include "worker/runtime_events.h"
#include "worker/runtimes/route.h"
#include "worker/scheduler.h"
#include "worker/shutdown.h"
#include "worker/slot/slot.h"
#include "worker/waiter.h"
#include "worker/webhooks/webhooks.h"

enum { NAMES_MAX = 4096 }; /* bytes of the queues' names in the title and in the log */

void cq_process_fail(struct cq_process *process, const struct cq_error *err)
{
    if (process->result == CQ_OK) {
        process->result = err->code;
        process->error = *err;
    }
    ev_break(process->loop, EVBREAK_ALL);
}

void cq_process_refused(struct cq_process *process, const struct cq_error *err)
{
    if (process->result != CQ_OK)
        return;
    process->result = err->code;
    process->error = *err;
    process->stopping = process->cold = true;
    for (int i = 0; i < process->slot_count; i++)
        cq_slot_stop(&process->slots[i]);
}

void cq_process_wake(struct cq_process *process)
{
    if (!process->started || process->suspended)
        return;
    /* What a lost call may have started is asked for at once; nobody else will. */
    for (int i = 0; i < process->slot_count; i++)
        if (process->slots[i].resume)
            cq_slot_fetch(&process->slots[i]);
    /* One at a time: it goes on with the next slot while there is work, so that idle slots do not ask in
     * vain. */
    for (int i = 0; i < process->slot_count; i++)
        if (process->slots[i].state == CQ_SLOT_FETCHING)
            return;
    for (int i = 0; i < process->slot_count; i++)
        if (cq_slot_fetch(&process->slots[i]))
            return;
}

static void write_state(const struct cq_slot *slot, const char *state)
{
    struct cq_process *process = slot->process;
    if (slot->state != CQ_SLOT_IDLE)
        return;
    struct cq_command *command = cq_async_begin(process->redis);
    cq_worker_state_build(cq_str(slot->name), state, command);
    cq_async_call(process->redis, command, NULL, NULL);
}

static void write_states(struct cq_process *process, const char *state)
{
    for (int i = 0; i < process->slot_count; i++)
        write_state(&process->slots[i], state);
}

static void on_is_suspended(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    struct cq_process *process = data;
    if (lost || cq_reply_int(reply) != 0) {
        ev_timer_again(process->loop, &process->resume_timer);
        return;
    }
    process->suspended = process->announced = false;
    cq_log(process->log, CQ_LOG_INFO, process->name, NULL, "resumed");
    write_states(process, "idle");
    cq_process_wake(process);
}

static void on_resume_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)events;
    struct cq_process *process = timer->data;
    if (!cq_async_is_ready(process->redis))
        return;
    ev_timer_stop(loop, timer);
    struct cq_command *command = cq_async_begin(process->redis);
    cq_command_texts(command, "EXISTS", cq_key_suspended().text, NULL);
    cq_async_call(process->redis, command, on_is_suspended, process);
}

void cq_process_suspended(struct cq_process *process, struct cq_slot *slot)
{
    if (process->suspended) {
        write_state(slot, "suspended");
        return;
    }
    process->suspended = true;
    if (!process->announced) {
        process->announced = true;
        cq_log(process->log, CQ_LOG_INFO, process->name, NULL, "suspended, run `cq resume` to resume");
    }
    write_states(process, "suspended");
    process->resume_timer.repeat = 1.;
    ev_timer_again(process->loop, &process->resume_timer);
}

void cq_process_slot_dead(struct cq_process *process, const struct cq_slot *slot)
{
    process->slots_alive--;
    cq_resize_slot_dead(process, slot);
    cq_process_maybe_end(process);
}

void cq_process_maybe_end(struct cq_process *process)
{
    if (cq_resize_is_due(process->resize))
        return;
    if (!process->slots_alive)
        cq_scheduler_stop(process->scheduler);
    bool busy = cq_maintenance_is_asking(process->maintenance) || cq_orphans_are_busy(process->orphans) ||
                cq_scheduler_is_stopping(process->scheduler) || cq_webhooks_are_busy(process->webhooks);
    if (!process->slots_alive && (process->cold || !busy))
        ev_break(process->loop, EVBREAK_ALL);
}

/*
 * Every slot is born. Before that, what is to be ready with the worker is: when that fails the worker does
 * not start, and nobody has seen it. Source: rq/cli/workers.py, which imports handlers and classes before the
 * worker registers its birth.
 */
void cq_process_begin(struct cq_process *process)
{
    if (process->started || !process->looked || !cq_runtimes_take_jobs(process->runtimes) ||
        !cq_async_is_ready(process->redis) || !cq_scheduler_prepare(process->scheduler))
        return;
    process->started = true;
    for (int i = 0; i < process->slot_count; i++)
        cq_slot_redis_ready(&process->slots[i]);
    cq_maintenance_start(process->maintenance);
    cq_scheduler_go_on(process->scheduler);
}

/* Suspended at the very start: RQ refuses to start. */
static void on_first_look(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    struct cq_process *process = data;
    if (lost)
        return;
    /* A worker of RQ's pool waits instead: it does not ask. */
    if (cq_reply_type(reply) == CQ_REPLY_INT && cq_reply_int(reply) != 0 && !process->supervisor) {
        struct cq_error err;
        cq_error_set(&err, CQ_ERR_INVALID_OPERATION,
                     "cq is currently suspended, to resume job execution run `cq resume`");
        cq_process_fail(process, &err);
        return;
    }
    if (process->looked) { /* the connection was lost in between */
        cq_process_begin(process);
        return;
    }
    struct cq_buf names = CQ_BUF_INIT(NAMES_MAX);
    cq_strv_join(&process->settings->queues, ", ", &names);
    cq_log(process->log, CQ_LOG_INFO, process->name, NULL,
           "started with PID %d, version %s, %d slot%s, listening on %s", (int)getpid(), CQ_VERSION,
           process->slot_count, process->slot_count == 1 ? "" : "s", names.len ? names.data : "");
    cq_buf_release(&names);
    process->looked = true;
    cq_process_begin(process);
}

static void on_ready(struct cq_async *async, void *data)
{
    struct cq_process *process = data;
    if (!process->started) {
        struct cq_command *command = cq_async_begin(process->redis);
        cq_command_texts(command, "EXISTS", cq_key_suspended().text, NULL);
        cq_async_call(async, command, on_first_look, process);
        return;
    }
    cq_log(process->log, CQ_LOG_INFO, process->name, NULL, "connected to Redis again");
    cq_orphans_next(process->orphans);
    cq_scheduler_go_on(process->scheduler);
    for (int i = 0; i < process->slot_count; i++)
        cq_slot_redis_ready(&process->slots[i]);
}

static void on_down(struct cq_async *async, const struct cq_error *err, int retry_in_ms, void *data)
{
    (void)async;
    struct cq_process *process = data;
    if (retry_in_ms < 0) {
        cq_process_fail(process, err);
        return;
    }
    cq_log(process->log, CQ_LOG_ERROR, process->name, NULL, "%s; retrying in %.1f s", err->text,
           retry_in_ms / 1000.0);
}

/* It stays when the worker ends, as in RQ: whoever reads one has to look whether that process is a cq
 * worker. */
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

static void on_before_wait(struct ev_loop *loop, ev_prepare *watcher, int events)
{
    (void)loop, (void)events;
    cq_log_flush(((struct cq_process *)watcher->data)->log);
}

/* Its queues, and the runtimes that run. */
static void show_title(const struct cq_process *process)
{
    struct cq_buf queues = CQ_BUF_INIT(NAMES_MAX), runtimes = CQ_BUF_INIT(NAMES_MAX);
    cq_strv_join(&process->settings->queues, ",", &queues);
    for (int i = 0; i < process->runtimes->count; i++) {
        const struct cq_runtime *runtime = &process->runtimes->items[i];
        if (cq_runtime_is_ready(runtime))
            cq_buf_printf(&runtimes, "%s%s %s", runtimes.len ? ", " : "; ", runtime->name,
                          runtime->stable->version);
    }
    cq_title_set("cq: worker %s: listening on %s%s", process->name, queues.len ? queues.data : "",
                 runtimes.len ? runtimes.data : "");
    cq_buf_release(&queues);
    cq_buf_release(&runtimes);
}

static void show_python_version(struct cq_process *process, const char *version)
{
    snprintf(process->python_version, sizeof(process->python_version), "%s", version);
    for (int i = 0; i < process->slot_count; i++) {
        struct cq_slot *slot = &process->slots[i];
        slot->identity.python_version = process->python_version;
        if (slot->state == CQ_SLOT_UNBORN || slot->state >= CQ_SLOT_DYING ||
            !cq_async_is_ready(process->redis))
            continue; /* its birth, or rebirth, says it */
        struct cq_command *command = cq_async_begin(process->redis);
        cq_worker_python_build(cq_str(slot->name), process->python_version, command);
        cq_async_call(process->redis, command, NULL, NULL);
    }
}

void cq_process_runtime_ready(struct cq_process *process, const struct cq_runtime *runtime)
{
    show_title(process);
    if (runtime == process->runtimes->python &&
        strcmp(process->python_version, runtime->stable->version) != 0)
        show_python_version(process, runtime->stable->version);
    cq_process_begin(process);
}

static enum cq_code start(struct cq_process *process, struct cq_error *err)
{
    const struct cq_settings *settings = process->settings;
    process->queue_count = settings->queues.len;
    process->queues = cq_calloc(process->queue_count, sizeof(*process->queues));
    for (size_t i = 0; i < process->queue_count; i++)
        process->queues[i] = cq_str(settings->queues.items[i]);
    process->targets = CQ_BUF_INIT(24 * process->queue_count); /* digits and a space each */
    for (size_t i = 0; i < process->queue_count && settings->dequeue_strategy == CQ_DEQUEUE_LATENCY; i++)
        cq_buf_printf(&process->targets, "%lld ", (long long)settings->queue_numbers[i]);
    char random_id[CQ_EXECUTION_ID_SIZE];
    cq_execution_id_generate(random_id);
    memcpy(process->execution_prefix, random_id, sizeof(process->execution_prefix) - 1);
    gethostname(process->hostname, sizeof(process->hostname) - 1);
    cq_buf_init(&process->frame, (size_t)CQ_FRAME_JOB_MAX + 4);
    process->inbox = cq_alloc(CQ_INBOX_SIZE);
    ev_init(&process->resume_timer, on_resume_timer);
    process->resume_timer.data = process;
    ev_prepare_init(&process->before_wait, on_before_wait);
    ev_set_priority(&process->before_wait,
                    EV_MINPRI); /* after the commands for Redis have left: started first, called last */
    process->before_wait.data = process;
    ev_prepare_start(process->loop, &process->before_wait);
    cq_log_hold(process->log);

    /* The stables first: they start while the connection is being made, and are forked from a small
     * process. */
    process->slots = cq_calloc(CQ_SLOTS_MAX, sizeof(*process->slots));
    process->slot_count = process->slots_alive = settings->num_workers;
    process->runtimes = cq_runtime_events_open(process);
    for (int i = 0; i < settings->num_workers; i++)
        cq_slot_init(&process->slots[i], process, i);
    snprintf(process->name, sizeof(process->name), "%.63s", process->slots[0].name);
    process->logger = (struct cq_logger){process->log, process->name};
    process->shutdown = cq_shutdown_new(process);
    process->resize = cq_resize_new(process);
    process->supervisor = cq_resize_open_link(process);
    if (cq_runtimes_start(process->runtimes, err) != CQ_OK)
        return err->code;
    process->router = cq_router_new(process->runtimes);
    for (int i = 0; i < settings->num_workers; i++)
        if (!cq_rider_open_output(&process->slots[i].rider))
            return cq_error_errno(err, errno, "cannot make the pipes of %d slots; raise `ulimit -n`",
                                  settings->num_workers);
    process->waiters = cq_waiters_new(process);
    process->commands = cq_commands_new(process);
    process->maintenance = cq_maintenance_new(process);
    process->orphans = cq_orphans_new(process);
    process->scheduler = cq_scheduler_new(process);
    process->webhooks = cq_webhooks_new(process);
    struct cq_async_options redis = {
        .loop = process->loop,
        .address = process->context->address,
        .client_name = process->name,
        .load_scripts = true,
        .on_ready = on_ready,
        .on_down = on_down,
        .data = process,
    };
    process->redis = cq_async_new(&redis);
    show_title(process);
    return CQ_OK;
}

static void stop(struct cq_process *process)
{
    for (int i = 0; i < process->slot_count; i++)
        process->slots[i].state = CQ_SLOT_DEAD; /* callbacks that still come change nothing */
    /* First the connections: each runs the callbacks of its outstanding calls, whose owners must still be
     * there. */
    cq_async_free(process->redis);
    cq_commands_free(process->commands);
    cq_waiters_free(process->waiters);
    cq_maintenance_free(process->maintenance);
    cq_scheduler_free(process->scheduler);
    ev_timer_stop(process->loop, &process->resume_timer);
    ev_prepare_stop(process->loop, &process->before_wait);
    cq_log_release(process->log);
    for (int i = 0; i < process->slot_count; i++)
        cq_slot_release(&process->slots[i]);
    cq_orphans_free(process->orphans);
    cq_webhooks_free(process->webhooks);
    cq_callbacks_release(process);
    cq_router_free(process->router);
    cq_runtimes_free(process->runtimes);
    cq_shutdown_free(process->shutdown);
    cq_resize_free(process->resize);
    cq_supervisor_link_free(process->supervisor);
    free(process->slots);
    free(process->queues);
    cq_buf_release(&process->targets);
    cq_buf_release(&process->frame);
    free(process->inbox);
}

enum cq_code cq_worker_run(const struct cq_settings *settings, const struct cq_worker_context *context,
                           struct cq_error *err)
{
    struct cq_process process = {
        .settings = settings, .context = context, .log = context->log, .loop = ev_default_loop(EVFLAG_AUTO)};
    if (!process.loop)
        return cq_error_set(err, CQ_ERR_SYSTEM, "libev finds no way to wait for events on this system");
    srandom((unsigned)(cq_clock_now() ^ getpid()));
    cq_resize_descriptors(settings->num_workers, settings->queues.len);
    cq_notify_take(&process.notify);
    enum cq_code code = settings->pid_file ? cq_worker_write_pid(settings->pid_file, err) : CQ_OK;
    if (code != CQ_OK)
        return code;
    code = start(&process, err);
    if (code == CQ_OK) {
        ev_run(process.loop, 0);
        code = process.result;
        if (code != CQ_OK && err)
            *err = process.error;
    }
    stop(&process);
    if (code == CQ_OK)
        cq_log(context->log, CQ_LOG_INFO, process.name, NULL, "stopped, %llu job%s done", process.jobs_done,
               process.jobs_done == 1 ? "" : "s");
    return code;
}
