#include "worker/runtimes/runtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/mem.h"
#include "runtime/frame.h"
#include "worker/exception.h"
#include "worker/runtimes/runtime_text.h"

enum {
    REASON_MAX = CQ_FRAME_CONTROL_MAX,
    FATAL_MAX = 16 * 1024, /* bytes of such modules' names: a quarter of the setup frame */
    CAUSE_MAX = 512,       /* bytes of a stable and how it ended */
};

/* Without and with modules to import first. */
static const double hello_within_s = 30.0, import_within_s = 600.0;

/* What an event is about, for its actions and their log lines. */
struct runtime_cause {
    const char *text;  /* of ON_DIED, ON_KILLED: the stable and how it ended */
    enum cq_code code; /* of a start that failed */
    pid_t replaced;    /* of ON_SUCCESSOR_HELLO: the stable before */
};

static void apply(struct cq_runtime *runtime, enum cq_runtime_event event, const struct runtime_cause *cause);

bool cq_runtime_is_ready(const struct cq_runtime *runtime)
{
    return cq_runtime_life_is_ready(&runtime->life) && runtime->stable->state == CQ_STABLE_READY;
}

bool cq_runtime_starts_with_worker(const struct cq_runtime *runtime)
{
    return runtime->life.start == CQ_RUNTIME_WITH_WORKER;
}

/* ---- starting ---- */

bool cq_runtime_imports(const struct cq_settings *settings)
{
    return settings->preload.len || settings->exception_handlers.len || settings->job_class ||
           settings->connection_class || settings->serializer.path;
}

static enum cq_code start(struct cq_runtime *runtime, struct cq_stable **ret_stable, struct cq_error *err)
{
    const struct cq_settings *settings = runtime->host->settings;
    struct cq_launch launch = CQ_LAUNCH_INIT;
    bool imports = false;
    enum cq_code code = CQ_OK;
    switch (runtime->kind) {
    case CQ_RUNTIME_NATIVE: cq_launch_native(&launch, settings); break;
    case CQ_RUNTIME_COMMAND: code = cq_launch_command(&launch, runtime->command, err); break;
    case CQ_RUNTIME_PYTHON:
        imports = cq_runtime_imports(settings);
        code = cq_launch_python(&launch, settings, runtime->host->address, cq_buf_view(&runtime->fatal), err);
        break;
    }
    if (code == CQ_OK)
        code = cq_stable_start(&runtime->owner, &launch, imports ? import_within_s : hello_within_s,
                               ret_stable, err);
    if (launch.file) {
        free(runtime->file);
        runtime->file = launch.file;
        launch.file = NULL;
    }
    cq_launch_release(&launch);
    return code;
}

/* A start came to nothing. */
static void start_failed(struct cq_runtime *runtime, enum cq_runtime_event event, enum cq_code code,
                         struct cq_str why)
{
    struct cq_str line = cq_exception_line(why);
    cq_buf_clear(&runtime->reason);
    cq_buf_printf(&runtime->reason, "the %s runtime", runtime->name);
    if (runtime->kind != CQ_RUNTIME_NATIVE && runtime->file)
        cq_buf_printf(&runtime->reason, " (%.500s)", runtime->file);
    cq_buf_printf(&runtime->reason, " does not start: %.*s", (int)line.len, line.data);
    if (line.len < why.len)
        cq_runtime_log_lines(&runtime->host->logger, runtime->name, why);
    apply(runtime, event, &(struct runtime_cause){.code = code});
}

static void reload_failed(struct cq_runtime *runtime, struct cq_str why)
{
    struct cq_str line = cq_exception_line(why);
    if (line.len < why.len)
        cq_runtime_log_lines(&runtime->host->logger, runtime->name, why);
    cq_log_error(&runtime->host->logger, "the %s runtime was not reloaded: %.*s; the one that runs stays",
                 runtime->name, (int)line.len, line.data);
    apply(runtime, CQ_RUNTIME_ON_SUCCESSOR_FAILED, NULL);
}

const char *cq_runtime_want(struct cq_runtime *runtime)
{
    if (cq_runtime_life_is_ready(&runtime->life)) /* nearly every job's way */
        return NULL;
    apply(runtime, CQ_RUNTIME_ON_WANTED, NULL);
    return cq_runtime_life_refuses(&runtime->life) ? runtime->reason.data : NULL;
}

/* ---- actions ---- */

/* A stable that horses are not forked from any more: on its way out. */
static struct cq_stable *part_with(struct cq_runtime *runtime, struct cq_stable **at)
{
    struct cq_stable *stable = *at;
    *at = NULL;
    if (stable) {
        stable->next = runtime->leaving;
        runtime->leaving = stable;
    }
    return stable;
}

static void kill_stable(struct cq_runtime *runtime, struct cq_stable **at)
{
    struct cq_stable *stable = part_with(runtime, at);
    if (stable)
        cq_stable_end(stable);
}

static void start_stable(struct cq_runtime *runtime)
{
    struct cq_error err;
    enum cq_code code = start(runtime, &runtime->stable, &err);
    if (code != CQ_OK)
        start_failed(runtime, CQ_RUNTIME_ON_START_FAILED, code, cq_str(err.text));
}

static void start_successor(struct cq_runtime *runtime)
{
    struct cq_error err;
    if (start(runtime, &runtime->successor, &err) != CQ_OK)
        reload_failed(runtime, cq_str(err.text));
}

static void tell_ready(struct cq_runtime *runtime, pid_t replaced)
{
    cq_buf_clear(&runtime->reason);
    cq_runtime_announce(
        &runtime->host->logger,
        &(struct cq_runtime_ready_text){
            .name = runtime->name,
            .version = runtime->stable->version,
            .file = runtime->file,
            .preload = runtime->kind == CQ_RUNTIME_PYTHON ? &runtime->host->settings->preload : NULL,
            .replaced = replaced,
            .level = runtime->kind == CQ_RUNTIME_NATIVE && !replaced ? CQ_LOG_DEBUG : CQ_LOG_INFO,
        });
    runtime->host->ready(runtime->host->data, runtime);
}

static void tell_failed(struct cq_runtime *runtime)
{
    const struct cq_runtime_host *host = runtime->host;
    cq_log_error(&host->logger, "%s; jobs that need it fail, and the first one after %.0f s tries again",
                 runtime->reason.data, runtime->life.pause_s);
    host->failed(host->data, runtime);
}

static void tell_fatal(struct cq_runtime *runtime, enum cq_code code)
{
    struct cq_error err;
    cq_error_set(&err, code, "%s", runtime->reason.data);
    runtime->host->fatal(runtime->host->data, &err);
}

static void arm_retry(struct cq_runtime *runtime, const char *text, const char *what)
{
    const struct cq_runtime_host *host = runtime->host;
    cq_log_error(&host->logger, "%s; %s in %.1f s", text, what, runtime->life.pause_s);
    cq_timer_arm(&runtime->retry, runtime->life.pause_s);
}

static void perform(struct cq_runtime *runtime, enum cq_runtime_action action,
                    const struct runtime_cause *cause)
{
    switch (action) {
    case CQ_RUNTIME_START: start_stable(runtime); break;
    case CQ_RUNTIME_START_SUCCESSOR: start_successor(runtime); break;
    case CQ_RUNTIME_KILL: kill_stable(runtime, &runtime->stable); break;
    case CQ_RUNTIME_KILL_SUCCESSOR: kill_stable(runtime, &runtime->successor); break;
    case CQ_RUNTIME_QUIT: cq_stable_quit(part_with(runtime, &runtime->stable)); break;
    case CQ_RUNTIME_PROMOTE:
        runtime->stable = runtime->successor;
        runtime->successor = NULL;
        break;
    case CQ_RUNTIME_ARM_RETRY: arm_retry(runtime, runtime->reason.data, "trying again"); break;
    case CQ_RUNTIME_ARM_REPLACEMENT: arm_retry(runtime, cause->text, "starting another"); break;
    case CQ_RUNTIME_CANCEL_RETRY: cq_timer_cancel(&runtime->retry); break;
    case CQ_RUNTIME_TELL_READY: tell_ready(runtime, cause->replaced); break;
    case CQ_RUNTIME_TELL_FAILED: tell_failed(runtime); break;
    case CQ_RUNTIME_TELL_FATAL: tell_fatal(runtime, cause->code); break;
    }
}

static void apply(struct cq_runtime *runtime, enum cq_runtime_event event, const struct runtime_cause *cause)
{
    const struct cq_rule *rule = cq_runtime_life_apply(&runtime->life, event, cq_clock_monotonic());
    if (!rule) {
        cq_log_error(&runtime->host->logger, "bug: %s runtime: %s is illegal in state %s; please report it",
                     runtime->name, cq_runtime_machine.events[event],
                     cq_runtime_machine.states[runtime->life.state]);
        return;
    }
    for (int i = 0; i < CQ_RULE_ACTIONS && rule->actions[i]; i++)
        perform(runtime, rule->actions[i], cause);
}

/* ---- what its stables say ---- */

static void on_hello(void *data, struct cq_stable *stable)
{
    struct cq_runtime *runtime = data;
    if (stable == runtime->successor)
        apply(runtime, CQ_RUNTIME_ON_SUCCESSOR_HELLO,
              &(struct runtime_cause){.replaced = runtime->stable->pid});
    else if (stable == runtime->stable)
        apply(runtime, CQ_RUNTIME_ON_HELLO, &(struct runtime_cause){0});
}

static void on_refused(void *data, struct cq_stable *stable, struct cq_str why)
{
    struct cq_runtime *runtime = data;
    if (stable == runtime->successor)
        reload_failed(runtime, why);
    else if (stable == runtime->stable)
        start_failed(runtime, CQ_RUNTIME_ON_START_FAILED, CQ_ERR_CONFIG, why);
}

static void on_room(void *data, struct cq_stable *stable)
{
    struct cq_runtime *runtime = data;
    if (stable == runtime->stable)
        runtime->host->room(runtime->host->data, runtime);
}

static void on_given_up(void *data, struct cq_stable *stable)
{
    struct cq_runtime *runtime = data;
    if (stable == runtime->stable)
        apply(runtime, CQ_RUNTIME_ON_GIVEN_UP, NULL);
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

/* It imported a module for horses to come, which a probe had tried, and died of it: the next one leaves that
 * module to the jobs. */
static void remember_fatal(struct cq_runtime *runtime, struct cq_str module)
{
    if (!module.len || memchr(module.data, '\0', module.len))
        return;
    if (runtime->fatal.len + module.len + 1 >
        FATAL_MAX) /* so many that something else is wrong; the last ones count */
        cq_buf_clear(&runtime->fatal);
    cq_buf_append(&runtime->fatal, module.data, module.len);
    cq_buf_append(&runtime->fatal, "", 1);
    cq_log_warning(&runtime->host->logger,
                   "module %.*s is not preloaded any more, because the %s stable died as it imported it; "
                   "each job imports it",
                   (int)module.len, module.data, runtime->name);
}

/* The stable that horses were forked from, or are to be. */
static void on_stable_died(struct cq_runtime *runtime, const struct cq_stable_end *end, const char *how)
{
    const struct cq_runtime_host *host = runtime->host;
    enum cq_runtime_event event = !end->expected && WIFSIGNALED(end->status) ? CQ_RUNTIME_ON_KILLED
                                                                             : CQ_RUNTIME_ON_DIED;
    char text[CAUSE_MAX];
    runtime->stable = NULL;
    if (runtime->life.state == CQ_RUNTIME_STARTING) {
        start_failed(runtime, event, end->exec_errno ? CQ_ERR_CONFIG : CQ_ERR_SYSTEM, cq_str(how));
        return;
    }
    snprintf(text, sizeof(text), "%s stable %d died: %s", runtime->name, (int)end->pid, how);
    if (runtime->successor)
        cq_log_error(&host->logger, "%s; the new one is starting", text);
    apply(runtime, event, &(struct runtime_cause){.text = text});
}

static void on_died(void *data, struct cq_stable *stable, const struct cq_stable_end *end)
{
    struct cq_runtime *runtime = data;
    char how[CQ_RUNTIME_END_SIZE];
    cq_runtime_describe_end(end, how, sizeof(how));
    if (end->status != 0)
        remember_fatal(runtime, end->imports);
    if (stable == runtime->successor) {
        runtime->successor = NULL;
        reload_failed(runtime, cq_str(how));
    } else if (stable == runtime->stable) {
        on_stable_died(runtime, end, how);
    } else {
        unlink_leaving(runtime, stable);
        cq_log_debug(&runtime->host->logger, "%s stable %d has left", runtime->name, (int)end->pid);
    }
}

static void on_retry_due(void *data)
{
    apply(data, CQ_RUNTIME_ON_RETRY_DUE, NULL);
}

void cq_runtime_reload(struct cq_runtime *runtime)
{
    cq_buf_clear(&runtime->fatal);
    apply(runtime, CQ_RUNTIME_ON_RELOAD, NULL);
}

/* ---- life cycle ---- */

void cq_runtime_init(struct cq_runtime *runtime, const struct cq_runtime_host *host, int index,
                     enum cq_runtime_kind kind, const char *name, const struct cq_settings_runtime *command,
                     enum cq_runtime_start start_by)
{
    *runtime = (struct cq_runtime){
        .host = host,
        .kind = kind,
        .index = index,
        .name = name,
        .command = command,
        .owner = {.runtime = name,
                  .logger = host->logger,
                  .loop = host->loop,
                  .data = runtime,
                  .hello = on_hello,
                  .refused = on_refused,
                  .room = on_room,
                  .given_up = on_given_up,
                  .died = on_died},
        .reason = CQ_BUF_INIT(REASON_MAX),
        .fatal = CQ_BUF_INIT(FATAL_MAX),
    };
    cq_runtime_life_init(&runtime->life, start_by);
    cq_timer_init(&runtime->retry, host->loop, on_retry_due, runtime);
}

enum cq_code cq_runtime_start(struct cq_runtime *runtime, struct cq_error *err)
{
    struct cq_error why;
    enum cq_code code = start(runtime, &runtime->stable, &why);
    if (code != CQ_OK)
        return cq_error_set(err, code, "the %s runtime does not start: %s", runtime->name, why.text);
    apply(runtime, CQ_RUNTIME_ON_STARTED, NULL);
    return CQ_OK;
}

void cq_runtime_hang_up(struct cq_runtime *runtime)
{
    apply(runtime, CQ_RUNTIME_ON_STOP, NULL);
    part_with(runtime, &runtime->stable);
    part_with(runtime, &runtime->successor);
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
    if (runtime->successor)
        cq_stable_tick(runtime->successor);
    for (struct cq_stable *stable = runtime->leaving; stable; stable = stable->next)
        cq_stable_tick(stable);
}
