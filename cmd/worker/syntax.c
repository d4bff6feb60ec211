/* The options of `cq worker`: RQ's words, and cq's own. */
#include "cmd/worker/settings.h"

#define WITHOUT_SENTRY                                                                             \
    "call sentry_sdk.init in a module named with --preload, and report from an exception handler " \
    "(docs/FROM-RQ.md)"

const struct cq_option cq_worker_options_table[] = {
    {.kind = CQ_OPTION_HEADING, .help = "What to run"},
    {.kind = CQ_OPTION_SETTINGS, .group = CQ_GROUP_RUN},
    {.kind = CQ_OPTION_HEADING, .help = "The worker"},
    {.kind = CQ_OPTION_TEXT,
     .letter = 'n',
     .argument = "N|NAME",
     .field = offsetof(struct cq_worker_options, n),
     .help = "A number: as --num-workers; anything else: as --name, which is what -n means in rq"},
    {.kind = CQ_OPTION_SETTINGS, .group = CQ_GROUP_WORKER},
    {.kind = CQ_OPTION_HEADING, .help = "Horses, the processes that jobs run in"},
    {.kind = CQ_OPTION_SETTINGS, .group = CQ_GROUP_HORSES},
    {.kind = CQ_OPTION_HEADING, .help = "Python functions"},
    {.kind = CQ_OPTION_SETTINGS, .group = CQ_GROUP_PYTHON},
    {.kind = CQ_OPTION_HEADING, .help = "The log, on standard error"},
    {.kind = CQ_OPTION_FLAG,
     .name = "verbose",
     .letter = 'v',
     .field = offsetof(struct cq_worker_options, verbose),
     .help = "Show more: level DEBUG"},
    {.kind = CQ_OPTION_FLAG,
     .name = "quiet",
     .letter = 'q',
     .field = offsetof(struct cq_worker_options, quiet),
     .help = "Show less: level WARNING"},
    {.kind = CQ_OPTION_SETTINGS, .group = CQ_GROUP_LOG},

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
    .options_size = sizeof(struct cq_worker_options),
    .options = cq_worker_options_table,
    .notes = notes,
};
