/* The options of `cq worker`: RQ's words, and cq's own. */
#include "cmd/worker/given.h"

#define FIELD(member) offsetof(struct cq_worker_given, member)
#define SETTING(long_name, key, what, text) \
    {.kind = CQ_OPTION_SETTING, .name = long_name, .argument = what, .setting = "worker." key, .help = text}
#define SWITCH(long_name, key, to, text) \
    {.kind = CQ_OPTION_SETTING, .name = long_name, .setting = "worker." key, .value = to, .help = text}

/* Lists of dotted names: an option that is repeated, or one value with commas in it. */
#define NAMES(long_name, member, what, text) \
    {.kind = CQ_OPTION_TEXTS, .name = long_name, .argument = what, .field = FIELD(member), .help = text}

#define WITHOUT_SENTRY                                                                             \
    "call sentry_sdk.init in a module named with --preload, and report from an exception handler " \
    "(docs/FROM-RQ.md)"

const struct cq_option cq_worker_options_table[] = {
    {.kind = CQ_OPTION_HEADING, .help = "What to run"},
    {.kind = CQ_OPTION_FLAG,
     .name = "burst",
     .letter = 'b',
     .field = FIELD(burst),
     .help = "End when all queues are empty"},
    {.kind = CQ_OPTION_INT,
     .name = "max-jobs",
     .argument = "N",
     .field = FIELD(max_jobs),
     .min = 1,
     .max = INT64_MAX,
     .help = "End after N jobs (of each worker, with several)"},
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
    {.kind = CQ_OPTION_SETTING,
     .name = "with-scheduler",
     .letter = 's',
     .setting = "worker.with_scheduler",
     .value = "true",
     .help = "Queue scheduled jobs, retries and repeats of these queues when they are due; with --burst only "
             "once, at the start"},
    SETTING("results-ttl", "results_ttl", "SECONDS",
            "Keep a finished job and its result for this time, unless the job says its own; 0: not at all, "
            "-1: for ever"),

    {.kind = CQ_OPTION_HEADING, .help = "The worker"},
    SETTING("name", "name", "NAME",
            "The worker's name; with several workers NAME.1, NAME.2 ... (default: 32 random hex digits)"),
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
    SETTING("max-failed-jobs", "max_failed_jobs", "N", NULL),
    SETTING("max-failed-age", "max_failed_age", "DURATION", NULL),
    SWITCH("requeue-abandoned", "requeue_abandoned", "true",
           "Put jobs whose worker died back on their queue, instead of retrying or failing them as RQ does"),

    {.kind = CQ_OPTION_HEADING, .help = "Horses, the processes that jobs run in"},
    SWITCH("reuse-horses", "reuse_horses", "true",
           "Run many jobs in one horse, instead of one process per job"),
    SETTING("max-jobs-per-horse", "max_jobs_per_horse", "N", NULL),
    SETTING("max-rss-per-horse", "max_rss_per_horse_kb", "KIB", NULL),
    SETTING("kill-grace", "kill_grace", "SECONDS", NULL),
    SETTING("shutdown-timeout", "shutdown_timeout", "SECONDS",
            "At a shutdown, wait for running jobs for this time, then end them and put them back at the "
            "front of their queue (default: wait until they end)"),
    SETTING("job-output", "job_output", "WHERE", NULL),
    SETTING("webhook-private", "webhook_private", "allow|refuse", NULL),

    {.kind = CQ_OPTION_HEADING, .help = "Python functions"},
    {.kind = CQ_OPTION_SETTING,
     .name = "python",
     .argument = "PATH",
     .setting = "worker.python",
     .help = "The interpreter of Python functions; none: run no Python functions"},
    NAMES("preload", preload, "MODULE",
          "Import this module before the first job, once for all horses; may be repeated"),
    SWITCH("no-auto-preload", "auto_preload", "false",
           "Do not learn modules: leave it to each job to import what it needs"),
    NAMES("exception-handler", exception_handlers, "FUNCTION",
          "Call this Python function (package.module.name) when a job fails; may be repeated"),
    {.kind = CQ_OPTION_SETTING,
     .name = "disable-default-exception-handler",
     .letter = 'd',
     .setting = "worker.default_exception_handler",
     .value = "false",
     .help = "Store only the status of failed jobs: no result, and no entry in the failed registry"},
    {.kind = CQ_OPTION_SETTING,
     .name = "worker-class",
     .letter = 'w',
     .argument = "CLASS",
     .setting = "worker.worker_class",
     .help = "RQ's own: rq.SimpleWorker is --reuse-horses, RoundRobinWorker and RandomWorker are strategies "
             "(environment: "
             "RQ_WORKER_CLASS; default: rq.Worker)"},
    {.kind = CQ_OPTION_SETTING,
     .name = "queue-class",
     .argument = "CLASS",
     .setting = "worker.queue_class",
     .help = "RQ's own only (environment: RQ_QUEUE_CLASS; default: rq.Queue)"},
    {.kind = CQ_OPTION_SETTING,
     .name = "job-class",
     .letter = 'j',
     .argument = "CLASS",
     .setting = "worker.job_class",
     .help = "The Python class of jobs; its perform() runs them (environment: RQ_JOB_CLASS; default: "
             "rq.job.Job)"},
    {.kind = CQ_OPTION_SETTING,
     .name = "connection-class",
     .argument = "CLASS",
     .setting = "worker.connection_class",
     .help = "The Python class of a job's Redis connection (environment: RQ_CONNECTION_CLASS; default: "
             "redis.Redis)"},
    NAMES("allow", allow, "PREFIX",
          "Run only functions whose dotted names begin with this, and read only pickles that name nothing "
          "else; may be repeated"),

    {.kind = CQ_OPTION_HEADING, .help = "The log, on standard error"},
    {.kind = CQ_OPTION_FLAG,
     .name = "verbose",
     .letter = 'v',
     .field = FIELD(verbose),
     .help = "Show more: level DEBUG"},
    {.kind = CQ_OPTION_FLAG,
     .name = "quiet",
     .letter = 'q',
     .field = FIELD(quiet),
     .help = "Show less: level WARNING"},
    {.kind = CQ_OPTION_SETTING,
     .name = "logging-level",
     .alias = "logging_level",
     .argument = "LEVEL",
     .setting = "worker.logging_level"},
    {.kind = CQ_OPTION_TEXT,
     .name = "log-format",
     .argument = "text|json",
     .field = FIELD(log_format),
     .help = "The form of log lines; json: one object a line (default: text)"},
    SWITCH("disable-job-desc-logging", "log_job_description", "false",
           "Leave the call with its arguments out of the log"),

    {.kind = CQ_OPTION_MISSING, .name = "sentry-dsn", .help = WITHOUT_SENTRY},
    {.kind = CQ_OPTION_MISSING, .name = "sentry-ca-certs", .help = WITHOUT_SENTRY},
    {.kind = CQ_OPTION_MISSING, .name = "sentry-debug", .help = WITHOUT_SENTRY},
    {.kind = CQ_OPTION_MISSING, .name = "date-format", .help = "the log's times are ISO or hh:mm:ss.mmm"},
    {.kind = CQ_OPTION_END},
};

static const char *const notes[] = {
    "Works on the QUEUES in the order given, or on `default` when none is named here or in the config file. "
    "With the strategies weighted and latency, write each as NAME:WEIGHT or NAME:TARGET, such as high:5 or "
    "high:5s. Ctrl-C or SIGTERM ends the worker when the running jobs have ended; a second one, more than a "
    "second later, kills them.",
    NULL,
};

const struct cq_syntax cq_worker_syntax = {
    .arguments = "[QUEUES]...",
    .max_args = SIZE_MAX,
    .options_size = sizeof(struct cq_worker_given),
    .options = cq_worker_options_table,
    .notes = notes,
};
