#include "worker/runtimes/runtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/exit_text.h"
#include "base/mem.h"
#include "runtime/frame.h"

enum {
    STARTS_BEFORE_BROKEN = 5, /* in a row, of one that had been ready or was killed: jobs wait for these */
    REASON_MAX = CQ_FRAME_CONTROL_MAX,
    FATAL_MAX = 16 * 1024, /* bytes of such modules' names: a quarter of the setup frame */
    MORE_MAX = 4096,       /* bytes of what else a line about it says */
};

static const double hello_within_s = 30.0,
                    import_within_s = 600.0;                 /* without and with modules to import first */
static const double pause_first_s = 0.1, pause_most_s = 5.0; /* before the worker starts it again by itself */
static const double steady_s = 10.0; /* one that served so long did not die of its start */
static const double broken_first_s = 1.0, broken_most_s = 30.0; /* before a job may start it again */

bool cq_runtime_is_ready(const struct cq_runtime *runtime)
{
    return runtime->stable && runtime->stable->state == CQ_STABLE_READY;
}

/* ---- starting ---- */

bool cq_runtime_imports(const struct cq_worker_options *options)
{
    return (options->preload && options->preload->len) ||
           (options->exception_handlers && options->exception_handlers->len) || options->job_class ||
           options->connection_class || options->serializer_path;
}

static enum cq_code start(struct cq_runtime *runtime, struct cq_stable **ret_stable, struct cq_error *err)
{
    const struct cq_worker_options *options = runtime->host->options;
    struct cq_launch launch = CQ_LAUNCH_INIT;
    bool imports = false;
    enum cq_code code = CQ_OK;
    switch (runtime->kind) {
    case CQ_RUNTIME_NATIVE: cq_launch_native(&launch, options); break;
    case CQ_RUNTIME_COMMAND: code = cq_launch_command(&launch, runtime->command, err); break;
    case CQ_RUNTIME_PYTHON:
        imports = cq_runtime_imports(options);
        code = cq_launch_python(&launch, options, cq_buf_view(&runtime->fatal), err);
        break;
    }
    if (code == CQ_OK)
        code = cq_stable_start(runtime, &launch, imports ? import_within_s : hello_within_s, ret_stable, err);
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
        cq_log(runtime->host->log, CQ_LOG_ERROR, runtime->host->name, NULL, "%s: %.*s", runtime->name,
               (int)len, text.data + at);
        at += len + 1;
    }
}

/*
 * A start came to nothing. What follows depends on who waits for it.
 *   by_chance  the next one may come to something: somebody killed it
 */
static void start_failed(struct cq_runtime *runtime, enum cq_code code, struct cq_str why, bool by_chance)
{
    const struct cq_runtime_host *host = runtime->host;
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
        host->fatal(host->data, &err);
        return;
    }
    bool again = (runtime->ever_ready && runtime->eager) ||
                 ((runtime->ever_ready || by_chance) && runtime->failures < STARTS_BEFORE_BROKEN);
    if (!again && !runtime->broken_until)
        runtime->pause_s = broken_first_s;
    double pause_s = runtime->pause_s, most_s = again ? pause_most_s : broken_most_s;
    runtime->pause_s = pause_s * 2 < most_s ? pause_s * 2 : most_s;
    if (again) {
        cq_log(host->log, CQ_LOG_ERROR, host->name, NULL, "%s; trying again in %.1f s", runtime->reason.data,
               pause_s);
        ev_timer_set(&runtime->retry, pause_s, 0.);
        ev_timer_start(host->loop, &runtime->retry);
        return;
    }
    cq_log(host->log, CQ_LOG_ERROR, host->name, NULL,
           "%s; jobs that need it fail, and the first one after %.0f s tries again", runtime->reason.data,
           pause_s);
    runtime->broken_until = cq_clock_monotonic() + (cq_time)(pause_s * CQ_SECOND);
    host->failed(host->data, runtime);
}

static void start_or_fail(struct cq_runtime *runtime)
{
    struct cq_error err;
    enum cq_code code = start(runtime, &runtime->stable, &err);
    if (code != CQ_OK)
        start_failed(runtime, code, cq_str(err.text), false);
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

/* It is not what horses are forked from any more, and on its way out. */
static void part_with(struct cq_runtime *runtime, struct cq_stable *stable)
{
    if (!stable)
        return;
    if (runtime->stable == stable)
        runtime->stable = NULL;
    else if (runtime->fresh == stable)
        runtime->fresh = NULL;
    else
        return;
    stable->next = runtime->leaving;
    runtime->leaving = stable;
}

static void announce(const struct cq_runtime *runtime, const struct cq_stable *old)
{
    const struct cq_runtime_host *host = runtime->host;
    const struct cq_worker_options *options = host->options;
    struct cq_buf more = CQ_BUF_INIT(MORE_MAX);
    if (runtime->kind == CQ_RUNTIME_PYTHON && options->preload && options->preload->len) {
        cq_buf_text(&more, ", preloaded ");
        cq_strv_join(options->preload, ", ", &more);
    }
    if (old)
        cq_buf_printf(&more, ", in place of stable %d", (int)old->pid);
    cq_log(host->log, runtime->kind == CQ_RUNTIME_NATIVE && !old ? CQ_LOG_DEBUG : CQ_LOG_INFO, host->name,
           NULL, "%s %s (%s) ready%s", runtime->name, runtime->stable->version, runtime->file,
           more.len ? more.data : "");
    cq_buf_release(&more);
}

void cq_runtime_hello(struct cq_runtime *runtime, struct cq_stable *stable)
{
    struct cq_stable *old = NULL;
    if (stable == runtime->fresh) {
        old = runtime->stable;
        part_with(runtime, old);
        runtime->fresh = NULL;
        runtime->stable = stable;
        cq_stable_quit(old);
    }
    if (runtime->failures) /* else what died last had said hello, too: the pauses go on growing */
        runtime->pause_s = pause_first_s;
    runtime->ever_ready = true;
    runtime->ready_at = cq_clock_monotonic();
    runtime->failures = 0;
    runtime->broken_until = 0;
    cq_buf_clear(&runtime->reason);
    announce(runtime, old);
    runtime->host->ready(runtime->host->data, runtime);
}

void cq_runtime_room(struct cq_runtime *runtime)
{
    runtime->host->room(runtime->host->data, runtime);
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

static void reload_failed(const struct cq_runtime *runtime, struct cq_str why)
{
    struct cq_str line = last_line(why);
    if (line.len < why.len)
        log_lines(runtime, why);
    cq_log(runtime->host->log, CQ_LOG_ERROR, runtime->host->name, NULL,
           "the %s runtime was not reloaded: %.*s; the one that runs stays", runtime->name, (int)line.len,
           line.data);
}

void cq_runtime_refused(struct cq_runtime *runtime, struct cq_stable *stable, struct cq_str why)
{
    bool reload = stable == runtime->fresh;
    part_with(runtime, stable);
    cq_stable_end(stable);
    if (reload)
        reload_failed(runtime, why);
    else
        start_failed(runtime, CQ_ERR_CONFIG, why, false);
}

static void describe_end(const struct cq_stable_end *end, char *text, size_t size)
{
    char how[CQ_EXIT_TEXT_SIZE];
    if (end->exec_errno)
        snprintf(text, size, "it cannot be executed: %s", strerror(end->exec_errno));
    else {
        cq_exit_text(end->status, how, sizeof(how));
        snprintf(text, size, "it %s", how);
    }
}

/* It imported a module for horses to come, which a probe had tried, and died of it: the next one leaves that
 * module to the jobs. */
static void remember_fatal(struct cq_runtime *runtime, struct cq_str module)
{
    struct cq_log *log = runtime->host->log;
    if (!module.len || memchr(module.data, '\0', module.len))
        return;
    if (runtime->fatal.len + module.len + 1 >
        FATAL_MAX) /* so many that something else is wrong; the last ones count */
        cq_buf_clear(&runtime->fatal);
    cq_buf_append(&runtime->fatal, module.data, module.len);
    cq_buf_append(&runtime->fatal, "", 1);
    cq_log(log, CQ_LOG_WARNING, runtime->host->name, NULL,
           "module %.*s is not preloaded any more, because the %s stable died as it imported it; "
           "each job imports it",
           (int)module.len, module.data, runtime->name);
}

/* The one that horses were forked from died at work. */
static void replace(struct cq_runtime *runtime, const struct cq_stable_end *end, const char *how)
{
    const struct cq_runtime_host *host = runtime->host;
    if (runtime->fresh) { /* its successor is on its way already */
        runtime->stable = runtime->fresh;
        runtime->fresh = NULL;
        cq_log(host->log, CQ_LOG_ERROR, host->name, NULL, "%s stable %d died: %s; the new one is starting",
               runtime->name, (int)end->pid, how);
        return;
    }
    if (cq_clock_monotonic() - runtime->ready_at > (cq_time)(steady_s * CQ_SECOND))
        runtime->pause_s = pause_first_s;
    cq_log(host->log, CQ_LOG_ERROR, host->name, NULL, "%s stable %d died: %s; starting another in %.1f s",
           runtime->name, (int)end->pid, how, runtime->pause_s);
    ev_timer_set(&runtime->retry, runtime->pause_s, 0.);
    ev_timer_start(host->loop, &runtime->retry);
    runtime->pause_s = runtime->pause_s * 2 < pause_most_s ? runtime->pause_s * 2 : pause_most_s;
}

void cq_runtime_died(struct cq_runtime *runtime, struct cq_stable *stable, const struct cq_stable_end *end)
{
    char how[160];
    describe_end(end, how, sizeof(how));
    if (end->status != 0)
        remember_fatal(runtime, end->imports);
    if (stable == runtime->fresh) {
        runtime->fresh = NULL;
        reload_failed(runtime, cq_str(how));
    } else if (stable != runtime->stable) {
        unlink_leaving(runtime, stable);
        cq_log(runtime->host->log, CQ_LOG_DEBUG, runtime->host->name, NULL, "%s stable %d has left",
               runtime->name, (int)end->pid);
    } else if (stable->hello) {
        runtime->stable = NULL;
        replace(runtime, end, how);
    } else {
        runtime->stable = NULL;
        start_failed(runtime, end->exec_errno ? CQ_ERR_CONFIG : CQ_ERR_SYSTEM, cq_str(how),
                     !end->expected && WIFSIGNALED(end->status));
    }
}

/* ---- reload ---- */

void cq_runtime_reload(struct cq_runtime *runtime)
{
    struct cq_stable *stable = runtime->stable;
    struct cq_error err;
    runtime->broken_until = 0; /* what was wrong may be mended: the next job finds out */
    cq_buf_clear(&runtime->fatal);
    if (runtime->fresh) { /* it may have read what has changed since */
        cq_stable_end(runtime->fresh);
        part_with(runtime, runtime->fresh);
    }
    if (ev_is_active(&runtime->retry)) {
        ev_timer_stop(runtime->host->loop, &runtime->retry);
        start_or_fail(runtime);
    } else if (stable && stable->state == CQ_STABLE_STARTING) {
        cq_stable_end(stable);
        part_with(runtime, stable);
        start_or_fail(runtime);
    } else if (stable && start(runtime, &runtime->fresh, &err) != CQ_OK) {
        reload_failed(runtime, cq_str(err.text));
    }
}

/* ---- life cycle ---- */

void cq_runtime_init(struct cq_runtime *runtime, const struct cq_runtime_host *host, int index,
                     enum cq_runtime_kind kind, const char *name, const struct cq_runtime_command *command)
{
    *runtime = (struct cq_runtime){
        .host = host,
        .kind = kind,
        .index = index,
        .name = name,
        .command = command,
        .pause_s = pause_first_s,
        .reason = CQ_BUF_INIT(REASON_MAX),
        .fatal = CQ_BUF_INIT(FATAL_MAX),
    };
    ev_init(&runtime->retry, on_retry);
    runtime->retry.data = runtime;
}

enum cq_code cq_runtime_start(struct cq_runtime *runtime, struct cq_error *err)
{
    struct cq_error why;
    enum cq_code code = start(runtime, &runtime->stable, &why);
    return code == CQ_OK
               ? CQ_OK
               : cq_error_set(err, code, "the %s runtime does not start: %s", runtime->name, why.text);
}

void cq_runtime_hang_up(struct cq_runtime *runtime)
{
    ev_timer_stop(runtime->host->loop, &runtime->retry);
    part_with(runtime, runtime->stable);
    part_with(runtime, runtime->fresh);
    for (struct cq_stable *stable = runtime->leaving; stable; stable = stable->next)
        cq_stable_hang_up(stable);
}

void cq_runtime_release(struct cq_runtime *runtime)
{
    while (runtime->leaving) {
        struct cq_stable *stable = runtime->leaving;
        runtime->leaving = stable->next;
        cq_stable_free(stable);
    }
    cq_buf_release(&runtime->reason);
    cq_buf_release(&runtime->fatal);
    free(runtime->file);
}

void cq_runtime_tick(struct cq_runtime *runtime)
{
    if (runtime->stable)
        cq_stable_tick(runtime->stable);
    if (runtime->fresh)
        cq_stable_tick(runtime->fresh);
    for (struct cq_stable *stable = runtime->leaving; stable; stable = stable->next)
        cq_stable_tick(stable);
}
