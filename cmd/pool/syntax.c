/* The options of `cq worker-pool`: RQ's words and the pool's own, in front of those of `cq worker`. */
#include "cmd/line/command.h"
#include "cmd/pool/options.h"
#include "config/settings.h"

static const struct cq_option pool_options[] = {
    {.kind = CQ_OPTION_HEADING, .help = "The pool"},
    {.kind = CQ_OPTION_SETTING,
     .name = "num-workers",
     .letter = 'n',
     .argument = "N",
     .setting = "worker.num_workers",
     .help = "Keep N workers running: so many jobs run at the same time"},
    {.kind = CQ_OPTION_SETTING,
     .name = "processes",
     .setting = "worker.processes",
     .value = "true",
     .help = "Run one process for each worker, instead of one that holds all of them"},
    {.kind = CQ_OPTION_SETTING,
     .name = "name",
     .argument = "NAME",
     .setting = "worker.name",
     .help = "The pool's name; its workers are NAME.1, NAME.2 ... (default: 32 random hex digits)"},
    {.kind = CQ_OPTION_INT,
     .name = "max-jobs",
     .argument = "N",
     .field = offsetof(struct cq_pool_options, worker.max_jobs),
     .min = 1,
     .max = INT64_MAX,
     .help = "Replace a worker after N jobs"},
    {.kind = CQ_OPTION_SETTING,
     .name = "max-age",
     .argument = "SECONDS",
     .setting = "worker.max_age",
     .help = "Replace a worker process of this age when its jobs have ended; 0: never"},
    {.kind = CQ_OPTION_SETTING,
     .name = "max-rss",
     .argument = "SIZE",
     .setting = "worker.max_rss_kb",
     .help = "Replace a worker process when it or one of its stables takes more memory, as in 500M, and its "
             "jobs have ended; 0: no limit"},
    {.kind = CQ_OPTION_INT,
     .name = "resize",
     .argument = "N",
     .field = offsetof(struct cq_pool_options, resize),
     .min = 1,
     .max = CQ_SLOTS_MAX,
     .help = "Do not start a pool: set the number of workers of the running pool NAME, on any host"},
    {.kind = CQ_OPTION_SETTING,
     .name = "logging-level",
     .letter = 'l',
     .alias = "logging_level",
     .argument = "LEVEL",
     .setting = "worker.logging_level"},
    {.kind = CQ_OPTION_MISSING,
     .name = "max-idle-time",
     .help = "a pool's workers wait for jobs; use it with 'cq worker'"},
    {.kind = CQ_OPTION_END},
};

static const char *const notes[] = {
    "Works on the QUEUES as 'cq worker -n N' does, in one process with N workers, or with --processes in N "
    "processes. It restarts a process that dies, after a pause that grows while it continues to die. Ctrl-C "
    "or SIGTERM ends the pool when the running jobs have ended (--shutdown-timeout limits that); a second "
    "one, more than a second later, kills them. SIGHUP loads fresh code ('cq reload'). SIGTTIN adds a "
    "worker, SIGTTOU takes one away. Like rq's, a pool queues scheduled jobs when they are due.",
    "With --resize N the argument is the NAME of a pool, or of 'cq worker' with several workers. It may be "
    "left out when there is exactly one.",
    NULL,
};

const struct cq_syntax cq_worker_pool_syntax = {
    .arguments = "[QUEUES]...",
    .max_args = SIZE_MAX,
    .options_size = sizeof(struct cq_pool_options),
    .options = pool_options,
    .inherited = cq_worker_options_table,
    .notes = notes,
};
