#include <stddef.h>

#include "cmd/enqueue/options.h"
#include "cmd/line/command.h"

enum { RETRIES_MAX = 1000000 };
#define DURATION_MAX INT64_C(3153600000) /* a hundred years */

#define FIELD(member) offsetof(struct cq_enqueue_options, member)
/* clang-format off */
#define TEXT(long_name, member, what, text) \
    {.kind = CQ_OPTION_TEXT, .name = long_name, .argument = what, .field = FIELD(member), .help = text}
#define FLAG(long_name, member, text) {.kind = CQ_OPTION_FLAG, .name = long_name, .field = FIELD(member), .help = text}
#define DURATION(long_name, member, least, text) \
    {.kind = CQ_OPTION_DURATION, .name = long_name, .argument = "SECONDS", .field = FIELD(member), .min = least, \
     .max = DURATION_MAX, .help = text}

#define RQ_SCHEDULES "'rq enqueue' has it, and RQ's scheduler queues what is due for cq too"

static const struct cq_option enqueue_options[] = {
    {.kind = CQ_OPTION_TEXT, .name = "queue", .letter = 'q', .argument = "NAME", .field = FIELD(queue), .fallback = "default",
     .help = "The name of the queue"},
    DURATION("timeout", timeout_s, -1,
             "The longest time the job may run before it is ended and counts as failed; -1: no limit (default: 180)"),
    DURATION("result-ttl", result_ttl_s, -1,
             "How long the successful job and its result are kept; 0: not at all, -1: for ever (default: the worker's, 500)"),
    DURATION("ttl", ttl_s, -1, "How long the job may wait in the queue before it is discarded (default: for ever)"),
    DURATION("failure-ttl", failure_ttl_s, -1, "How long the job is kept when it fails; -1: for ever (default: a year)"),
    TEXT("description", description, "TEXT", "What the job is called in listings (default: the call)"),
    TEXT("job-id", job_id, "ID", "The job's id: letters, digits, _ and - (default: a new UUID)"),
    FLAG("unique", unique, "Refuse when a job with the id of --job-id exists, instead of replacing it"),
    FLAG("at-front", at_front, "Put the job at the front of the queue"),
    {.kind = CQ_OPTION_INT, .name = "retry-max", .argument = "N", .field = FIELD(retry_max), .min = 0, .max = RETRIES_MAX,
     .fallback = "0", .help = "How often the job is retried when it fails"},
    {.kind = CQ_OPTION_INTS, .name = "retry-interval", .argument = "SECONDS", .field = FIELD(retry_intervals), .min = 0,
     .max = DURATION_MAX, .help = "Time before a retry; repeated: before the first, the second, ... (default: 0)"},
    FLAG("wait", wait, "Wait for the job and print what it returns, as Python prints it; status 1 when it fails"),
    DURATION("wait-timeout", wait_timeout_s, 1, "With --wait: give up after this time, with status 1 (default: never)"),
    FLAG("quiet", quiet, "Do not say that the job was enqueued"),
    {.kind = CQ_OPTION_MISSING, .name = "depends-on", .help = "'rq enqueue --depends-on' works for cq's workers"},
    {.kind = CQ_OPTION_MISSING, .name = "schedule-in", .help = RQ_SCHEDULES},
    {.kind = CQ_OPTION_MISSING, .name = "schedule-at", .help = RQ_SCHEDULES},
    {.kind = CQ_OPTION_END},
};
/* clang-format on */

static const char *const notes[] = {
    "FUNCTION is the dotted path of a function, or a name of the worker's [programs]. ARGUMENTS are texts, unless they begin with "
    ": "
    "(JSON) or % (a Python literal); key=text, key:=JSON and key%=LITERAL are keyword arguments. A value that begins with @ "
    "names a file that holds the value.",
    "Examples: cq enqueue mail.send bob@example.org retries:=3 ; cq enqueue sums.add :1 :2 ; cq enqueue -q low report %\"('a', "
    "1)\"",
    NULL,
};

const struct cq_syntax cq_enqueue_syntax = {
    .arguments = "FUNCTION [ARGUMENTS]...",
    .first = "FUNCTION",
    .max_args = SIZE_MAX,
    .options_size = sizeof(struct cq_enqueue_options),
    .options = enqueue_options,
    .notes = notes,
};
