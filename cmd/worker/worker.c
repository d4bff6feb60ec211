/* cq worker: the settings become the options of a worker, which runs until it is told to stop. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmd/line/output.h"
#include "cmd/worker/run.h"
#include "config/interpreter.h"
#include "worker/runtimes/launch.h"

/* The tables of programs and runtimes as the worker takes them; their texts stay the settings'. */
struct tables {
    struct cq_program *programs;
    struct cq_runtime_command *runtimes;
};

static struct tables tables_of(const struct cq_settings *settings)
{
    struct tables tables = {
        .programs = cq_calloc(settings->program_count, sizeof(*tables.programs)),
        .runtimes = cq_calloc(settings->runtime_count, sizeof(*tables.runtimes)),
    };
    for (size_t i = 0; i < settings->program_count; i++)
        tables.programs[i] = (struct cq_program){settings->programs[i].name, settings->programs[i].command};
    for (size_t i = 0; i < settings->runtime_count; i++)
        tables.runtimes[i] = (struct cq_runtime_command){
            settings->runtimes[i].name, settings->runtimes[i].command, &settings->runtimes[i].functions};
    return tables;
}

static void tables_release(struct tables *tables)
{
    free(tables->programs);
    free(tables->runtimes);
}

/*
 * One that was named has to be there when the worker starts, although the first Python job may come much
 * later. The default is another matter: a machine without Python runs C functions and programs all the same.
 */
static enum cq_code check_interpreter(const struct cq_settings *settings, struct cq_error *err)
{
    struct cq_error why;
    char *file = NULL;
    if (cq_settings_source(settings, "worker.python") == CQ_FROM_DEFAULT || !settings->python ||
        strcmp(settings->python, "none") == 0)
        return CQ_OK;
    enum cq_code code = cq_launch_find(settings->python, &file, &why);
    if (code != CQ_OK)
        return cq_error_set(err, code, "--python: %s", why.text);
    code = cq_interpreter_prove(file, "--python", err);
    free(file);
    return code;
}

/* Each by itself makes sense; what --allow promises, only our own reader keeps. */
enum cq_code cq_worker_check_together(const struct cq_session *session, struct cq_error *err)
{
    if (session->serializer_path && session->settings.allow.len)
        return cq_error_set(err, CQ_ERR_USAGE,
                            "--allow cannot see what a job of the serializer %s names; leave out one of the "
                            "two, or use pickle or json",
                            session->serializer_path);
    return check_interpreter(&session->settings, err);
}

void cq_worker_warn(struct cq_log *log, const struct cq_settings *settings)
{
    struct stat info;
    for (size_t i = 0; i < settings->worker_warnings.len; i++)
        cq_log(log, CQ_LOG_WARNING, NULL, NULL, "%s", settings->worker_warnings.items[i]);
    for (size_t i = 0; i < settings->path.len; i++)
        if (stat(settings->path.items[i], &info) !=
            0) /* a file may be an archive, in which Python finds modules */
            cq_log(log, CQ_LOG_WARNING, NULL, NULL,
                   "--path: there is no folder %s, so no module is found in it", settings->path.items[i]);
}

void cq_worker_start_log(struct cq_log *log, const struct cq_settings *settings)
{
    const char *no_color = getenv("NO_COLOR");
    cq_log_init(log, STDERR_FILENO, (enum cq_log_level)settings->logging_level,
                (enum cq_log_format)settings->log_format);
    log->color = isatty(STDERR_FILENO) == 1 && !(no_color && *no_color);
    log->name = "cq.worker";
}

/* What comes out of the settings as it is; the rest is work's. */
static struct cq_worker_options options_of(const struct cq_settings *settings)
{
    return (struct cq_worker_options){
        .queues = &settings->queues,
        .name = settings->name,
        .slots = (int)settings->num_workers,
        .results_ttl_s = (int)settings->results_ttl_s,
        .worker_ttl_s = (int)settings->worker_ttl_s,
        .job_monitoring_interval_s = (int)settings->job_monitoring_interval_s,
        .maintenance_interval_s = (int)settings->maintenance_interval_s,
        .max_failed_jobs = settings->max_failed_jobs,
        .max_failed_age_s = settings->max_failed_age_s,
        .strategy = (enum cq_dequeue_strategy)settings->dequeue_strategy,
        .queue_numbers = settings->queue_numbers,
        .reuse_horses = settings->reuse_horses,
        .max_jobs_per_horse = settings->max_jobs_per_horse,
        .max_rss_per_horse_kb = settings->max_rss_per_horse_kb,
        .requeue_abandoned = settings->requeue_abandoned,
        .with_scheduler = settings->with_scheduler,
        .log_job_description = settings->log_job_description,
        .job_output = (enum cq_job_output)settings->job_output,
        .kill_grace_s = (int)settings->kill_grace_s,
        .shutdown_timeout_s = settings->shutdown_timeout_s,
        .webhook_private_refused = settings->webhook_private != 0,
        .paths = &settings->path,
        .program_count = settings->program_count,
        .runtime_count = settings->runtime_count,
        .allow = &settings->allow,
        .python = settings->python && strcmp(settings->python, "none") != 0 ? settings->python : NULL,
        .preload = &settings->preload,
        .auto_preload = settings->auto_preload,
        .exception_handlers = &settings->exception_handlers,
        .default_exception_handler = settings->default_exception_handler,
        .job_class = settings->job_class,
        .connection_class = settings->connection_class,
        .executable =
            "/proc/self/exe", /* the very program that runs, also after an upgrade has replaced the file */
    };
}

static void take_place(struct cq_worker_options *options, const struct cq_worker_place *place)
{
    options->name = place->name;
    options->slots = place->slots;
    options->first_number = place->first_number;
    options->keep_slots = place->keep_slots;
    options->replaces_pid = place->replaces_pid;
    options->supervisor_fd = place->supervisor_fd;
    options->pid_file = NULL; /* it has the supervisor's */
}

enum cq_code cq_worker_work(const struct cq_session *session, const struct cq_worker_given *given,
                            const struct cq_worker_place *place, struct cq_error *err)
{
    const struct cq_settings *settings = &session->settings;
    struct cq_worker_options options = options_of(settings);
    struct cq_log log;
    struct cq_address address;
    enum cq_code code = cq_settings_address(settings, &address, err);
    if (code != CQ_OK)
        return code;
    struct tables tables = tables_of(settings);
    cq_worker_start_log(&log, settings);
    if (!place) /* else the supervisor has */
        cq_worker_warn(&log, settings);
    options.address = &address;
    options.burst = given->burst;
    options.max_jobs = given->max_jobs == CQ_OPTION_UNSET ? 0 : given->max_jobs;
    options.max_idle_s = given->max_idle_s == CQ_OPTION_UNSET ? 0 : given->max_idle_s;
    options.restrict_format = session->format_given;
    options.format = session->format;
    options.serializer_path = session->serializer_path;
    options.programs = tables.programs;
    options.runtimes = tables.runtimes;
    options.pid_file = given->pid_file;
    options.log = &log;
    if (place)
        take_place(&options, place);
    code = cq_worker_run(&options, NULL, err);
    cq_address_release(&address);
    tables_release(&tables);
    return code;
}

enum cq_exit cq_worker_command(const struct cq_run *run)
{
    struct cq_session session;
    struct cq_error err;
    enum cq_code code = cq_worker_given_configure(&session, run, &err);
    if (code == CQ_OK)
        code = cq_worker_check_together(&session, &err);
    if (code == CQ_OK)
        code = cq_worker_work(&session, run->options, NULL, &err);
    if (code != CQ_OK)
        cq_complain(run->name, "%s", err.text);
    cq_session_close(&session);
    return cq_exit_of(code);
}
