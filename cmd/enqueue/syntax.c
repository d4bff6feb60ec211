#include <stddef.h>

#include "cmd/enqueue/options.h"
#include "cmd/line/command.h"

enum { TIMES_MAX = 1000000 };            /* retries, repeats */
#define DURATION_MAX INT64_C(3153600000) /* a hundred years */

#define FIELD(member) offsetof(struct cq_enqueue_options, member)
#define TEXT(long_name, member, what, text) \
    {.kind = CQ_OPTION_TEXT, .name = long_name, .argument = what, .field = FIELD(member), .help = text}
#define FLAG(long_name, member, text) \
    {.kind = CQ_OPTION_FLAG, .name = long_name, .field = FIELD(member), .help = text}
#define DURATION(long_name, member, least, text) \
    {.kind = CQ_OPTION_DURATION,                 \
     .name = long_name,                          \
     .argument = "SECONDS",                      \
     .field = FIELD(member),                     \
     .min = least,                               \
     .max = DURATION_MAX,                        \
     .help = text}

#define INT(long_name, member, least, text) \
    {.kind = CQ_OPTION_INT,                 \
     .name = long_name,                     \
     .argument = "N",                       \
     .field = FIELD(member),                \
     .min = least,                          \
     .max = TIMES_MAX,                      \
     .help = text}
#define TEXTS(long_name, member, what, text) \
    {.kind = CQ_OPTION_TEXTS, .name = long_name, .argument = what, .field = FIELD(member), .help = text}
#define INTERVALS(long_name, member, text) \
    {.kind = CQ_OPTION_DURATIONS,          \
     .name = long_name,                    \
     .argument = "SECONDS",                \
     .field = FIELD(member),               \
     .min = 0,                             \
     .max = DURATION_MAX,                  \
     .help = text}

#define HEADING(text) {.kind = CQ_OPTION_HEADING, .help = text}

static const struct cq_option enqueue_options[] = {
    HEADING("The job"),
    {.kind = CQ_OPTION_TEXT,
     .name = "queue",
     .letter = 'q',
     .argument = "NAME",
     .field = FIELD(queue),
     .fallback = "default",
     .help = "The name of the queue"},
    TEXT("description", description, "TEXT", "The text for the job in listings (default: the call)"),
    TEXT("job-id", job_id, "ID", "The job's id: letters, digits, _ and - (default: a new UUID)"),
    FLAG("unique", unique, "Refuse when a job with the id of --job-id exists, instead of replacing it"),
    TEXT("group", group, "NAME", "The group that it belongs to; 'cq group' lists them"),
    TEXTS("meta", meta, "KEY=VALUE",
          "An entry of the job's meta, written as keyword arguments are (KEY:=JSON too); may be repeated"),
    FLAG("wait", wait,
         "Wait for the job and print what it returns, as Python prints it; status 1 when it fails"),
    DURATION("wait-timeout", wait_timeout_s, 1,
             "With --wait: give up after this time, with status 1 (default: never)"),
    FLAG("quiet", quiet, "Do not say that the job was enqueued"),
    FLAG("print-id", print_id, "Print the job's id and nothing else, for scripts"),
    HEADING("When it runs"),
    FLAG("at-front", at_front, "Put the job at the front of the queue, once it is its turn to be queued"),
    TEXTS("depends-on", depends_on, "ID[,ID...]",
          "Jobs that have to finish first; may be repeated. One that does not exist counts as finished, with "
          "a warning"),
    FLAG("allow-failure", allow_failure, "With --depends-on: a failed dependency counts as finished, too"),
    DURATION("schedule-in", schedule_in_s, 0, "Queue the job after this time; needs a scheduler"),
    TEXT("schedule-at", schedule_at, "TIME",
         "Queue the job at this time: 2026-11-21T10:00:00 (local), 2026-11-21T10:00+02:00, '2026-11-21T10:00 "
         "Europe/Berlin', or 10:00"),
    TEXT("rate-limit-key", rate_limit_key, "KEY",
         "Share a limit with the jobs of this key: --rate-limit-concurrency, or that of 'cq limit KEY'"),
    INT("rate-limit-concurrency", rate_limit_concurrency, 1,
        "Queue or run at most N jobs with the key at a time"),
    {.kind = CQ_OPTION_INT,
     .name = "retry-max",
     .argument = "N",
     .field = FIELD(retry_max),
     .min = 0,
     .max = TIMES_MAX,
     .fallback = "0",
     .help = "Retry a failed job up to N times"},
    INTERVALS("retry-interval", retry_intervals,
              "Time before a retry; repeated: before the first, the second, ... (default: 0)"),
    TEXT("retry-backoff", retry_backoff, "MIN..MAX",
         "With --retry-max: time before the first retry, twice as much before each next one, up to MAX, with "
         "jitter; as in 2s..10m"),
    FLAG("retry-at-front", retry_at_front, "With --retry-max: a retry goes to the front of the queue"),
    INT("repeat", repeat, 1, "Run the job again N times after successes"),
    INTERVALS(
        "repeat-interval", repeat_intervals,
        "With --repeat: time before the next run; repeated: the last one first, as RQ counts (default: 0)"),
    HEADING("How long"),
    DURATION("timeout", timeout_s, -1,
             "The longest time the job may run before it is ended and counts as failed; -1: no limit "
             "(default: 180)"),
    DURATION("result-ttl", result_ttl_s, -1,
             "Keep the successful job and its result for this time; 0: not at all, -1: for ever (default: "
             "the worker's, 500)"),
    DURATION("ttl", ttl_s, -1,
             "Discard the job when it has waited in the queue for this time (default: never)"),
    DURATION("failure-ttl", failure_ttl_s, -1,
             "Keep the failed job for this time; -1: for ever (default: a year)"),
    HEADING("What follows"),
    TEXT("on-success", on_success, "FUNCTION", "The function to call when the job has succeeded"),
    TEXT("on-failure", on_failure, "FUNCTION", "The function to call when the job has failed"),
    TEXT("on-stopped", on_stopped, "FUNCTION", "The function to call when the job was stopped"),
    DURATION("callback-timeout", callback_timeout_s, 1,
             "The longest time that each of these may take (default: 60)"),
    TEXTS("webhook", webhooks, "STATUS=URL",
          "The URL to request when the job has finished or failed: finished=https://example.org/x; may be "
          "repeated"),
    {.kind = CQ_OPTION_CHOICE,
     .name = "webhook-method",
     .argument = CQ_WEBHOOK_METHODS,
     .field = FIELD(webhook_method),
     .words = CQ_WEBHOOK_METHODS,
     .help = "The method; POST sends how the job ended, in JSON (default: GET)"},
    TEXTS("webhook-header", webhook_headers, "'NAME: VALUE'", "A header of these requests; may be repeated"),
    DURATION("webhook-timeout", webhook_timeout_s, 1,
             "The longest time that a request may take (default: 10)"),
    {.kind = CQ_OPTION_END},
};

static const char *const notes[] = {
    "FUNCTION is the dotted path of a function, or a name of the worker's [programs]. ARGUMENTS are texts, "
    "unless they begin with "
    ": "
    "(JSON) or % (a Python literal); key=text, key:=JSON and key%=LITERAL are keyword arguments. A value "
    "that begins with @ "
    "names a file that holds the value.",
    "Examples: cq enqueue mail.send bob@example.org retries:=3 ; cq enqueue sums.add :1 :2 ; cq enqueue -q "
    "low report %\"('a', "
    "1)\" ; cq enqueue --depends-on \"$(cq enqueue --print-id extract)\" load",
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
