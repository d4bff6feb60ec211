#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/utf8.h"
#include "cmd/line/command.h"
#include "cmd/line/output.h"
#include "cmd/line/session.h"
#include "job/keys.h"
#include "queue/queue.h"
#include "worker/worker.h"

enum { NAMES_LIMIT = 64 * 1024 }; /* bytes of the names of one list on the command line */

struct worker_options {
    bool burst, verbose, quiet;
    int64_t max_jobs, max_idle_s;
    const char *log_format, *n, *pid_file;
    struct cq_strv preload, exception_handlers, allow;
};

#define FIELD(member) offsetof(struct worker_options, member)
#define SETTING(long_name, key, what, text)                                                                    \
    {                                                                                                          \
        .kind = CQ_OPTION_SETTING, .name = long_name, .argument = what, .setting = "worker." key, .help = text \
    }
#define SWITCH(long_name, key, to, text)                                                                  \
    {                                                                                                     \
        .kind = CQ_OPTION_SETTING, .name = long_name, .setting = "worker." key, .value = to, .help = text \
    }

/* Lists of dotted names: an option that is repeated, or one value with commas in it. */
#define NAMES(long_name, member, what, text)                                                                            \
    {                                                                                                                   \
        .kind = CQ_OPTION_TEXTS, .name = long_name, .argument = what, .field = FIELD(member), .help = text              \
    }

static const struct cq_option worker_options[] = {
    {.kind = CQ_OPTION_HEADING, .help = "What is run"},
    {.kind = CQ_OPTION_FLAG, .name = "burst", .letter = 'b', .field = FIELD(burst), .help = "End when all queues are empty"},
    {.kind = CQ_OPTION_INT,
     .name = "max-jobs",
     .argument = "N",
     .field = FIELD(max_jobs),
     .min = 1,
     .max = INT64_MAX,
     .help = "End after so many jobs (of each worker, with several)"},
    {.kind = CQ_OPTION_DURATION,
     .name = "max-idle-time",
     .argument = "SECONDS",
     .field = FIELD(max_idle_s),
     .min = 1,
     .max = INT32_MAX,
     .help = "End after this time without a job"},
    {.kind = CQ_OPTION_SETTING,
     .name = "dequeue-strategy",
     .short_word = "ds",
     .argument = "STRATEGY",
     .setting = "worker.dequeue_strategy"},
    SETTING("results-ttl", "results_ttl", "SECONDS",
            "How long a finished job and its result are kept, unless the job says; 0: not at all, -1: for ever"),

    {.kind = CQ_OPTION_HEADING, .help = "The worker"},
    SETTING("name", "name", "NAME", "The worker's name; with several workers NAME.1, NAME.2 ... (default: 32 random hex digits)"),
    SETTING("num-workers", "num_workers", "N", NULL),
    {.kind = CQ_OPTION_TEXT,
     .letter = 'n',
     .argument = "N|NAME",
     .field = FIELD(n),
     .help = "A number: as --num-workers; anything else: as --name, which is what -n means in rq"},
    {.kind = CQ_OPTION_TEXT,
     .name = "pid",
     .argument = "FILE",
     .field = FIELD(pid_file),
     .help = "Write the process id to this file"},
    SETTING("worker-ttl", "worker_ttl", "SECONDS", NULL),
    SETTING("job-monitoring-interval", "job_monitoring_interval", "SECONDS", NULL),
    SETTING("maintenance-interval", "maintenance_interval", "SECONDS", NULL),
    SWITCH("requeue-abandoned", "requeue_abandoned", "true",
           "Put jobs whose worker died back on their queue, instead of retrying or failing them as RQ does"),

    {.kind = CQ_OPTION_HEADING, .help = "Horses, the processes that jobs run in"},
    SWITCH("reuse-horses", "reuse_horses", "true", "Run many jobs in one horse, instead of one process per job"),
    SETTING("max-jobs-per-horse", "max_jobs_per_horse", "N", NULL),
    SETTING("max-rss-per-horse", "max_rss_per_horse_kb", "KIB", NULL),
    SETTING("kill-grace", "kill_grace", "SECONDS", NULL),
    SETTING("job-output", "job_output", "WHERE", NULL),

    {.kind = CQ_OPTION_HEADING, .help = "Python functions"},
    {.kind = CQ_OPTION_SETTING,
     .name = "python",
     .argument = "PATH",
     .setting = "worker.python",
     .help = "The interpreter that runs them; none: run no Python functions"},
    NAMES("preload", preload, "MODULE", "Import this module before the first job, once for all horses; may be repeated"),
    SWITCH("no-auto-preload", "auto_preload", "false", "Do not import once, for all horses to come, what jobs keep importing"),
    NAMES("exception-handler", exception_handlers, "FUNCTION",
          "Call this Python function (package.module.name) when a job fails; may be repeated"),
    {.kind = CQ_OPTION_SETTING,
     .name = "disable-default-exception-handler",
     .letter = 'd',
     .setting = "worker.default_exception_handler",
     .value = "false",
     .help = "Do not log the traceback of a failed job after the exception handlers"},
    {.kind = CQ_OPTION_SETTING,
     .name = "job-class",
     .letter = 'j',
     .argument = "CLASS",
     .setting = "worker.job_class",
     .help = "The Python class of jobs, whose perform() runs them (environment: RQ_JOB_CLASS; default: rq.job.Job)"},
    {.kind = CQ_OPTION_SETTING,
     .name = "connection-class",
     .argument = "CLASS",
     .setting = "worker.connection_class",
     .help = "The Python class of a job's Redis connection (environment: RQ_CONNECTION_CLASS; default: redis.Redis)"},
    NAMES("allow", allow, "PREFIX",
          "Run only functions, and read only pickles of names, that begin with this dotted name; may be repeated"),

    {.kind = CQ_OPTION_HEADING, .help = "The log, on standard error"},
    {.kind = CQ_OPTION_FLAG, .name = "verbose", .letter = 'v', .field = FIELD(verbose), .help = "Show more: level DEBUG"},
    {.kind = CQ_OPTION_FLAG, .name = "quiet", .letter = 'q', .field = FIELD(quiet), .help = "Show less: level WARNING"},
    {.kind = CQ_OPTION_SETTING,
     .name = "logging-level",
     .alias = "logging_level",
     .argument = "LEVEL",
     .setting = "worker.logging_level"},
    {.kind = CQ_OPTION_TEXT,
     .name = "log-format",
     .argument = "text|json",
     .field = FIELD(log_format),
     .help = "How lines are written; json: one object a line (default: text)"},
    SWITCH("disable-job-desc-logging", "log_job_description", "false", "Do not name the call with its arguments in the log"),

    {.kind = CQ_OPTION_MISSING,
     .name = "with-scheduler",
     .letter = 's',
     .help = "'rq worker --with-scheduler' beside it queues what is due for cq too"},
    {.kind = CQ_OPTION_MISSING, .name = "date-format", .help = "the log's times are ISO or hh:mm:ss.mmm"},
    {.kind = CQ_OPTION_END},
};

static const char *const notes[] = {
    "Works on the QUEUES in the order given, on `default` when none is named here or in the config file. Ctrl-C or SIGTERM lets "
    "the running jobs end; a second one, more than a second later, kills them.",
    NULL,
};

const struct cq_syntax cq_worker_syntax = {
    .arguments = "[QUEUES]...",
    .max_args = SIZE_MAX,
    .options_size = sizeof(struct worker_options),
    .options = worker_options,
    .notes = notes,
};

/* RQ's -n is the name, a number of workers is what `cq worker -n 8` looks like: the value tells. */
static enum cq_code apply_n(struct cq_settings *settings, const char *n, struct cq_error *err)
{
    int64_t number;
    if (!n)
        return CQ_OK;
    bool is_number = cq_number_int(cq_str(n), INT64_MIN + 1, INT64_MAX, &number);
    enum cq_code code = cq_settings_set(settings, is_number ? "worker.num_workers" : "worker.name", n, "-n", err);
    return code == CQ_OK ? CQ_OK : CQ_ERR_USAGE;
}

/* RQ takes Python's format strings here, which say nothing to us: better refused than ignored. */
static enum cq_code apply_log_format(struct cq_settings *settings, const char *format, struct cq_error *err)
{
    if (!format)
        return CQ_OK;
    if (strchr(format, '%'))
        return cq_error_set(err, CQ_ERR_USAGE, "--log-format: cq has no Python format strings; give text or json");
    return cq_settings_set(settings, "worker.log_format", format, "--log-format", err) == CQ_OK ? CQ_OK : CQ_ERR_USAGE;
}

/* What the command line names replaces what environment and file name, as it does for -P. */
static enum cq_code apply_names(struct cq_settings *settings, const struct worker_options *options, struct cq_error *err)
{
    const struct {
        const struct cq_strv *names;
        const char *key, *option;
    } lists[] = {
        {&options->preload, "worker.preload", "--preload"},
        {&options->exception_handlers, "worker.exception_handlers", "--exception-handler"},
        {&options->allow, "worker.allow", "--allow"},
    };
    for (size_t i = 0; i < CQ_ARRAY_LEN(lists); i++) {
        struct cq_buf text = CQ_BUF_INIT(NAMES_LIMIT);
        enum cq_code code = CQ_OK;
        cq_strv_join(lists[i].names, ",", &text);
        if (text.overflow)
            code = cq_error_set(err, CQ_ERR_USAGE, "%s: more than %d KiB of names", lists[i].option, NAMES_LIMIT / 1024);
        else if (lists[i].names->len) /* a lone empty one is a comma's worth: said to be empty, not taken for none */
            code = cq_settings_set(settings, lists[i].key, text.len ? text.data : ",", lists[i].option, err);
        cq_buf_release(&text);
        if (code != CQ_OK)
            return CQ_ERR_USAGE;
    }
    return CQ_OK;
}

static enum cq_code apply_level(struct cq_settings *settings, const struct worker_options *options, struct cq_error *err)
{
    if (options->verbose && options->quiet)
        return cq_error_set(err, CQ_ERR_USAGE, "--verbose and --quiet are mutually exclusive");
    if (options->verbose)
        settings->logging_level = CQ_LOG_DEBUG;
    else if (options->quiet)
        settings->logging_level = CQ_LOG_WARNING;
    return CQ_OK;
}

/* The name becomes part of keys and of every line of the log. Room is left for the `.1000` of several workers. */
static enum cq_code check_name(const char *name, struct cq_error *err)
{
    enum { NAME_MAX_BYTES = CQ_NAME_MAX - 5 };
    bool printable = !name || cq_utf8_valid(cq_str(name));
    for (const char *c = name; printable && c && *c; c++)
        printable = (unsigned char)*c >= ' ' && *c != 127;
    if (!printable)
        return cq_error_set(err, CQ_ERR_USAGE, "the worker's name '%.80s' is not printable UTF-8; choose another", name);
    if (name && strlen(name) > NAME_MAX_BYTES)
        return cq_error_set(err, CQ_ERR_USAGE, "the worker's name '%.40s...' has %zu bytes: %d is the most", name, strlen(name),
                            NAME_MAX_BYTES);
    return CQ_OK;
}

static enum cq_code apply_queues(struct cq_settings *settings, const struct cq_run *run, struct cq_error *err)
{
    if (run->arg_count)
        cq_settings_set_list(settings, "worker.queues", run->args, run->arg_count);
    for (size_t i = 0; i < settings->queues.len; i++) {
        enum cq_code code = cq_queue_name_check(cq_str(settings->queues.items[i]), err);
        if (code == CQ_OK && strchr(settings->queues.items[i], ','))
            code = cq_error_set(err, CQ_ERR_USAGE,
                                "queue '%s': a worker cannot listen to a name with a comma, which separates "
                                "names in its hash",
                                settings->queues.items[i]);
        if (code != CQ_OK)
            return code;
    }
    return CQ_OK;
}

static enum cq_code configure(struct cq_session *session, const struct cq_run *run, struct cq_error *err)
{
    const struct worker_options *options = run->options;
    enum cq_code code = cq_session_configure(session, run, err);
    if (code == CQ_OK)
        code = apply_n(&session->settings, options->n, err);
    if (code == CQ_OK)
        code = check_name(session->settings.name, err);
    if (code == CQ_OK)
        code = apply_log_format(&session->settings, options->log_format, err);
    if (code == CQ_OK)
        code = apply_level(&session->settings, options, err);
    if (code == CQ_OK)
        code = apply_names(&session->settings, options, err);
    if (code == CQ_OK)
        code = apply_queues(&session->settings, run, err);
    return code;
}

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
        tables.runtimes[i] = (struct cq_runtime_command){settings->runtimes[i].name, settings->runtimes[i].command,
                                                         &settings->runtimes[i].functions};
    return tables;
}

static void tables_release(struct tables *tables)
{
    free(tables->programs);
    free(tables->runtimes);
}

/* What is allowed and yet hardly meant: said once, at the start, before jobs fail for it. */
static void warn_of_settings(struct cq_log *log, const struct cq_settings *settings)
{
    struct stat info;
    for (size_t i = 0; i < settings->path.len; i++)
        if (stat(settings->path.items[i], &info) != 0 || !S_ISDIR(info.st_mode))
            cq_log(log, CQ_LOG_WARNING, NULL, NULL, "--path: there is no folder %s, so no module is found in it",
                   settings->path.items[i]);
}

static void start_log(struct cq_log *log, const struct cq_settings *settings)
{
    const char *no_color = getenv("NO_COLOR");
    cq_log_init(log, STDERR_FILENO, (enum cq_log_level)settings->logging_level, (enum cq_log_format)settings->log_format);
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
        .strategy = (enum cq_dequeue_strategy)settings->dequeue_strategy,
        .reuse_horses = settings->reuse_horses,
        .max_jobs_per_horse = settings->max_jobs_per_horse,
        .max_rss_per_horse_kb = settings->max_rss_per_horse_kb,
        .requeue_abandoned = settings->requeue_abandoned,
        .log_job_description = settings->log_job_description,
        .job_output = (enum cq_job_output)settings->job_output,
        .kill_grace_s = (int)settings->kill_grace_s,
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
        .executable = "/proc/self/exe", /* the very program that runs, also after an upgrade has replaced the file */
    };
}

static enum cq_code work(const struct cq_session *session, const struct worker_options *given, struct cq_error *err)
{
    const struct cq_settings *settings = &session->settings;
    struct cq_worker_options options = options_of(settings);
    struct cq_log log;
    struct cq_address address;
    enum cq_code code = cq_settings_address(settings, &address, err);
    if (code != CQ_OK)
        return code;
    struct tables tables = tables_of(settings);
    start_log(&log, settings);
    warn_of_settings(&log, settings);
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
    code = cq_worker_run(&options, NULL, err);
    cq_address_release(&address);
    tables_release(&tables);
    return code;
}

enum cq_exit cq_worker_command(const struct cq_run *run)
{
    struct cq_session session;
    struct cq_error err;
    enum cq_code code = configure(&session, run, &err);
    if (code == CQ_OK)
        code = work(&session, run->options, &err);
    if (code != CQ_OK)
        cq_complain(run->name, "%s", err.text);
    cq_session_close(&session);
    return cq_exit_of(code);
}
