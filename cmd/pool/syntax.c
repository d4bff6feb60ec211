/* The options of `cq worker-pool`: RQ's words and the pool's own, in front of those of `cq worker`. */
#include "cmd/line/command.h"
#include "cmd/pool/options.h"
#include "config/settings.h"

static const struct cq_option pool_options[] = {
    {.kind = CQ_OPTION_HEADING, .help = "The pool"},
    {.kind = CQ_OPTION_SETTING,
     .key = "worker.num_workers",
     .letter = 'n',
     .help = "Keep N workers running: so many jobs run at the same time"},
    {.kind = CQ_OPTION_SETTING,
     .key = "worker.name",
     .help = "The pool's name; its workers are NAME.1, NAME.2 ... (default: 32 random hex digits)"},
    {.kind = CQ_OPTION_SETTING, .key = "max_jobs", .help = "Replace a worker after N jobs"},
    {.kind = CQ_OPTION_SETTINGS, .group = CQ_GROUP_POOL},
    {.kind = CQ_OPTION_INT,
     .name = "resize",
     .argument = "N",
     .field = offsetof(struct cq_pool_options, resize),
     .min = 1,
     .max = CQ_SLOTS_MAX,
     .help = "Do not start a pool: set the number of workers of the running pool NAME, on any host"},
    {.kind = CQ_OPTION_SETTING, .key = "worker.logging_level", .letter = 'l'},
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
