/* The options of every command. */
#include "cmd/line/command.h"

#define SHARED(member) offsetof(struct cq_shared, member)

const struct cq_option cq_shared_options[] = {
    {.kind = CQ_OPTION_HEADING, .help = "Options of every command"},
    {.kind = CQ_OPTION_SETTING, .key = "redis.url"},
    {.kind = CQ_OPTION_TEXT,
     .name = "config",
     .letter = 'c',
     .argument = "FILE",
     .field = SHARED(config),
     .help = "Read settings from this ini file, or as rq does from this Python module (environment: "
             "CQ_CONFIG, RQ_CONFIG)"},
    {.kind = CQ_OPTION_TEXTS,
     .name = "path",
     .letter = 'P',
     .argument = "FOLDER",
     .field = SHARED(paths),
     .help = "Look for modules in this folder; may be repeated (default: the current folder)"},
    {.kind = CQ_OPTION_SETTING, .key = "worker.serializer"},
    {.kind = CQ_OPTION_FLAG,
     .name = "help",
     .letter = 'h',
     .field = SHARED(help),
     .help = "Show this message and exit"},
    {.kind = CQ_OPTION_MISSING,
     .name = "worker-class",
     .letter = 'w',
     .help = "it names a Python class, which only a worker needs"},
    {.kind = CQ_OPTION_MISSING,
     .name = "job-class",
     .letter = 'j',
     .help = "it names a Python class, which only a worker needs"},
    {.kind = CQ_OPTION_MISSING,
     .name = "queue-class",
     .help = "it names a Python class, which only a worker needs"},
    {.kind = CQ_OPTION_MISSING,
     .name = "connection-class",
     .help = "it names a Python class, which only a worker needs"},
    {.kind = CQ_OPTION_END},
};

const struct cq_option cq_local_options[] = {
    {.kind = CQ_OPTION_FLAG,
     .name = "help",
     .letter = 'h',
     .field = SHARED(help),
     .help = "Show this message and exit"},
    {.kind = CQ_OPTION_END},
};
