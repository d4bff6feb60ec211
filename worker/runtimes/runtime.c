#include "worker/runtimes/runtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/mem.h"
#include "runtime/frame.h"
#include "worker/slot/slot.h"

enum {
    STARTS_BEFORE_BROKEN = 5, /* in a row, of one that had been ready: jobs wait for these */
    REASON_MAX = CQ_FRAME_CONTROL_MAX,
};

static const double hello_within_s = 30.0, import_within_s = 600.0; /* without and with modules to import first */
static const double pause_first_s = 0.1, pause_most_s = 5.0;        /* before the worker starts it again by itself */
static const double broken_first_s = 1.0, broken_most_s = 30.0;     /* before a job may start it again */

bool cq_runtime_is_ready(const struct cq_runtime *runtime)
{
    return runtime->stable && runtime->stable->state == CQ_STABLE_READY;
}

/* ---- starting ---- */

static enum cq_code start(struct cq_runtime *runtime, struct cq_error *err)
{
    const struct cq_worker_options *options = runtime->process->options;
    struct cq_launch launch = CQ_LAUNCH_INIT;
    bool imports = false;
    enum cq_code code = CQ_OK;
    switch (runtime->kind) {
    case CQ_RUNTIME_NATIVE: cq_launch_native(&launch, options); break;
    case CQ_RUNTIME_COMMAND: code = cq_launch_command(&launch, runtime->command, err); break;
    case CQ_RUNTIME_PYTHON:
        imports = options->preload && options->preload->len;
        code = cq_launch_python(&launch, options, err);
        break;
    }
    if (code == CQ_OK)
        code = cq_stable_start(runtime, &launch, imports ? import_within_s : hello_within_s, &runtime->stable, err);
    if (launch.file) {
        free(runtime->file);
        runtime->file = launch.file;
        launch.file = NULL;
    }
    cq_launch_release(&launch);
    return code;
}

/* The last line that says something: of a traceback, the exception. */
static struct cq_str last_line(struct cq_str text)
{
    while (text.len && strchr(" \n\r\t", text.data[text.len - 1]))
        text.len--;
    size_t start = text.len;
    while (start && text.data[start - 1] != '\n')
        start--;
    return cq_str_n(text.data + start, text.len - start);
}

/* A traceback, line by line. */
static void log_lines(const struct cq_runtime *runtime, struct cq_str text)
{
    for (size_t at = 0; at < text.len;) {
        const char *end = memchr(text.data + at, '\n', text.len - at);
        size_t len = end ? (size_t)(end - text.data) - at : text.len - at;
        cq_log(runtime->process->log, CQ_LOG_ERROR, runtime->process->name, NULL, "%s: %.*s", runtime->name, (int)len, text.data + at);
        at += len + 1;
    }
}

static void fail_jobs(struct cq_runtime *runtime)
{
    struct cq_process *process = runtime->process;
    for (int i = 0; i < process->slot_count; i++)
        cq_slot_runtime_failed(&process->slots[i], runtime);
    cq_process_wake(process);
}

/* A start came to nothing. What follows depends on who waits for it. */
static void start_failed(struct cq_runtime *runtime, enum cq_code code, struct cq_str why)
{
    struct cq_process *process = runtime->process;
    struct cq_str line = last_line(why);
    runtime->failures++;
    cq_buf_clear(&runtime->reason);
    cq_buf_printf(&runtime->reason, "the %s runtime", runtime->name);
    if (runtime->kind != CQ_RUNTIME_NATIVE && runtime->file)
        cq_buf_printf(&runtime->reason, " (%.500s)", runtime->file);
    cq_buf_printf(&runtime->reason, " does not start: %.*s", (int)line.len, line.data);
    if (line.len < why.len)
        log_lines(runtime, why);
    if (runtime->eager && !runtime->ever_ready) {
        struct cq_error err;
        cq_error_set(&err, code, "%s", runtime->reason.data);
        cq_process_fail(process, &err);
        return;
    }
    bool again = runtime->ever_ready && (runtime->eager || runtime->failures < STARTS_BEFORE_BROKEN);
    if (!again && !runtime->broken_until)
        runtime->pause_s = broken_first_s;
    double pause_s = runtime->pause_s, most_s = again ? pause_most_s : broken_most_s;
    runtime->pause_s = pause_s * 2 < most_s ? pause_s * 2 : most_s;
    if (again) {
        cq_log(process->log, CQ_LOG_ERROR, process->name, NULL, "%s; trying again in %.1f s", runtime->reason.data, pause_s);
        ev_timer_set(&runtime->retry, pause_s, 0.);
        ev_timer_start(process->loop, &runtime->retry);
        return;
    }
    cq_log(process->log, CQ_LOG_ERROR, process->name, NULL, "%s; jobs that need it fail, and the first one after %.0f s tries again",
           runtime->reason.data, pause_s);
    runtime->broken_until = cq_clock_monotonic() + (cq_time)(pause_s * CQ_SECOND);
    fail_jobs(runtime);
}

static void start_or_fail(struct cq_runtime *runtime)
{
    struct cq_error err;
    enum cq_code code = start(runtime, &err);
    if (code != CQ_OK)
        start_failed(runtime, code, cq_str(err.text));
}

static void on_retry(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)events;
    start_or_fail(timer->data);
}

const char *cq_runtime_want(struct cq_runtime *runtime)
{
    if (!runtime->stable && !ev_is_active(&runtime->retry)) {
        if (cq_clock_monotonic() >= runtime->broken_until)
            start_or_fail(runtime);
        if (!runtime->stable && !ev_is_active(&runtime->retry))
            return runtime->reason.data;
    }
    return NULL;
}

/* ---- what becomes of its stables ---- */

void cq_runtime_hello(struct cq_runtime *runtime, struct cq_stable *stable)
{
    struct cq_process *process = runtime->process;
    runtime->ever_ready = true;
    runtime->failures = 0;
    runtime->broken_until = 0;
    runtime->pause_s = pause_first_s;
    cq_buf_clear(&runtime->reason);
    cq_log(process->log, runtime->kind == CQ_RUNTIME_NATIVE ? CQ_LOG_DEBUG : CQ_LOG_INFO, process->name, NULL, "%s %s (%s) ready",
           runtime->name, stable->version, runtime->file);
    cq_runtime_room(runtime);
    cq_process_wake(process);
}

void cq_runtime_room(struct cq_runtime *runtime)
{
    struct cq_process *process = runtime->process;
    for (int i = 0; i < process->slot_count; i++)
        cq_slot_runtime_ready(&process->slots[i], runtime);
}

/* It is not what horses are forked from any more. */
static void detach(struct cq_runtime *runtime, struct cq_stable *stable)
{
    if (runtime->stable != stable)
        return;
    runtime->stable = NULL;
    stable->next = runtime->leaving;
    runtime->leaving = stable;
}

static void unlink_leaving(struct cq_runtime *runtime, const struct cq_stable *stable)
{
    for (struct cq_stable **at = &runtime->leaving; *at; at = &(*at)->next) {
        if (*at == stable) {
            *at = stable->next;
            return;
        }
    }
}

void cq_runtime_refused(struct cq_runtime *runtime, struct cq_stable *stable, struct cq_str why)
{
    detach(runtime, stable);
    cq_stable_end(stable);
    start_failed(runtime, CQ_ERR_CONFIG, why);
}

static void describe_end(const struct cq_stable_end *end, char *text, size_t size)
{
    if (end->exec_errno)
        snprintf(text, size, "it cannot be executed: %s", strerror(end->exec_errno));
    else if (WIFSIGNALED(end->status))
        snprintf(text, size, "it was killed by signal %d (%s)", WTERMSIG(end->status), strsignal(WTERMSIG(end->status)));
    else
        snprintf(text, size, "it ended with status %d", WEXITSTATUS(end->status));
}

void cq_runtime_died(struct cq_runtime *runtime, struct cq_stable *stable, const struct cq_stable_end *end)
{
    struct cq_process *process = runtime->process;
    char how[160];
    if (runtime->stable != stable) {
        unlink_leaving(runtime, stable);
        cq_log(process->log, CQ_LOG_DEBUG, process->name, NULL, "%s stable %d has left", runtime->name, (int)end->pid);
        return;
    }
    runtime->stable = NULL;
    describe_end(end, how, sizeof(how));
    if (!stable->hello) {
        start_failed(runtime, end->exec_errno ? CQ_ERR_CONFIG : CQ_ERR_SYSTEM, cq_str(how));
        return;
    }
    cq_log(process->log, CQ_LOG_ERROR, process->name, NULL, "%s stable %d died: %s; starting another in %.1f s", runtime->name,
           (int)end->pid, how, runtime->pause_s);
    ev_timer_set(&runtime->retry, runtime->pause_s, 0.);
    ev_timer_start(process->loop, &runtime->retry);
    runtime->pause_s = runtime->pause_s * 2 < pause_most_s ? runtime->pause_s * 2 : pause_most_s;
}

/* ---- all of them ---- */

static void add(struct cq_process *process, enum cq_runtime_kind kind, const char *name, const struct cq_runtime_command *command)
{
    struct cq_runtime *runtime = &process->runtimes[process->runtime_count];
    *runtime = (struct cq_runtime){
        .process = process,
        .kind = kind,
        .index = process->runtime_count++,
        .name = name,
        .command = command,
        .pause_s = pause_first_s,
        .reason = CQ_BUF_INIT(REASON_MAX),
    };
    ev_init(&runtime->retry, on_retry);
    runtime->retry.data = runtime;
}

void cq_runtimes_init(struct cq_process *process)
{
    const struct cq_worker_options *options = process->options;
    process->runtimes = cq_calloc(2 + options->runtime_count, sizeof(*process->runtimes));
    add(process, CQ_RUNTIME_NATIVE, "native", NULL);
    process->native = &process->runtimes[0];
    if (options->python) {
        add(process, CQ_RUNTIME_PYTHON, "python", NULL);
        process->python = &process->runtimes[1];
        process->python->eager = options->preload && options->preload->len;
    }
    for (size_t i = 0; i < options->runtime_count; i++)
        add(process, CQ_RUNTIME_COMMAND, options->runtimes[i].name, &options->runtimes[i]);
    /* Where it is all that there is, or evidently meant. */
    process->native->eager = !options->python || options->program_count;
}

enum cq_code cq_runtimes_start(struct cq_process *process, struct cq_error *err)
{
    for (int i = 0; i < process->runtime_count; i++) {
        struct cq_runtime *runtime = &process->runtimes[i];
        struct cq_error why;
        enum cq_code code = runtime->eager ? start(runtime, &why) : CQ_OK;
        if (code != CQ_OK)
            return cq_error_set(err, code, "the %s runtime does not start: %s", runtime->name, why.text);
    }
    return CQ_OK;
}

void cq_runtimes_release(struct cq_process *process)
{
    for (int i = 0; i < process->runtime_count; i++) {
        struct cq_runtime *runtime = &process->runtimes[i];
        ev_timer_stop(process->loop, &runtime->retry);
        if (runtime->stable) {
            runtime->stable->next = runtime->leaving;
            runtime->leaving = runtime->stable;
            runtime->stable = NULL;
        }
        for (struct cq_stable *stable = runtime->leaving; stable; stable = stable->next)
            cq_stable_hang_up(stable); /* all of them, before any is waited for */
    }
    for (int i = 0; i < process->runtime_count; i++) {
        struct cq_runtime *runtime = &process->runtimes[i];
        while (runtime->leaving) {
            struct cq_stable *stable = runtime->leaving;
            runtime->leaving = stable->next;
            cq_stable_free(stable);
        }
        cq_buf_release(&runtime->reason);
        free(runtime->file);
    }
    free(process->runtimes);
}

bool cq_runtimes_take_jobs(const struct cq_process *process)
{
    for (int i = 0; i < process->runtime_count; i++)
        if (process->runtimes[i].eager && !cq_runtime_is_ready(&process->runtimes[i]))
            return false;
    return true;
}

void cq_runtimes_tick(struct cq_process *process)
{
    for (int i = 0; i < process->runtime_count; i++) {
        struct cq_runtime *runtime = &process->runtimes[i];
        if (runtime->stable)
            cq_stable_tick(runtime->stable);
        for (struct cq_stable *stable = runtime->leaving; stable; stable = stable->next)
            cq_stable_tick(stable);
    }
}
