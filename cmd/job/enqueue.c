#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "cmd/line/arguments.h"
#include "cmd/line/command.h"
#include "cmd/line/output.h"
#include "cmd/line/session.h"
#include "job/keys.h"
#include "job/result.h"
#include "lifecycle/enqueue.h"
#include "queue/queue.h"
#include "serializers/repr.h"
#include "serializers/serializer.h"
#include "serializers/zlib.h"

enum {
    DESCRIPTION_MAX = 1024 * 1024, /* bytes; a longer call is described with its arguments cut, as job functions are */
    FUNCTION_MAX = 1024,           /* bytes of a dotted path */
    RETRIES_MAX = 1000000,
    BLOCK_MS = 1000, /* of one XREAD of --wait: below any sensible socket timeout */
};
#define DURATION_MAX INT64_C(3153600000) /* a hundred years */

struct enqueue_options {
    const char *queue, *description, *job_id;
    int64_t timeout_s, result_ttl_s, ttl_s, failure_ttl_s;
    int64_t retry_max, wait_timeout_s;
    struct cq_strv retry_intervals;
    bool at_front, unique, quiet, wait;
};

#define FIELD(member) offsetof(struct enqueue_options, member)
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
    .options_size = sizeof(struct enqueue_options),
    .options = enqueue_options,
    .notes = notes,
};

/* What enqueue keeps while it works. */
struct work {
    const struct enqueue_options *options;
    struct cq_arena arena;
    struct cq_call call;
    struct cq_buf call_text; /* as printed */
    struct cq_buf data;
    struct cq_buf retry_intervals;
    char id[CQ_UUID_SIZE];
    struct cq_job job;
};

static enum cq_code check_function(const char *function, struct cq_error *err)
{
    size_t len = strlen(function);
    bool printable = cq_utf8_valid(cq_str(function));
    for (size_t i = 0; i < len; i++)
        printable = printable && (unsigned char)function[i] >= ' ' && function[i] != 127;
    if (!len || len > FUNCTION_MAX || !printable)
        return cq_error_set(err, CQ_ERR_USAGE, "'%.80s' cannot be a function's name; give a dotted path such as mail.send",
                            function);
    return CQ_OK;
}

static enum cq_code check_options(const struct enqueue_options *options, struct cq_error *err)
{
    if (options->timeout_s == 0)
        return cq_error_set(err, CQ_ERR_USAGE, "--timeout: 0 timeout is not allowed. Use -1 for infinite timeout");
    if (options->ttl_s == 0 || options->ttl_s == -1)
        return cq_error_set(err, CQ_ERR_USAGE, "--ttl: Job ttl must be greater than 0; leave it out for no limit");
    if (options->job_id && !cq_job_id_valid(cq_str(options->job_id)))
        return cq_error_set(err, CQ_ERR_USAGE,
                            "--job-id: Job ID must only contain letters, numbers, underscores and dashes, at most %d", CQ_NAME_MAX);
    if (options->unique && !options->job_id)
        return cq_error_set(err, CQ_ERR_USAGE, "--unique needs --job-id: a generated id is always unique");
    if (options->wait_timeout_s != CQ_OPTION_UNSET && !options->wait)
        return cq_error_set(err, CQ_ERR_USAGE, "--wait-timeout needs --wait");
    return cq_queue_name_check(cq_str(options->queue), err);
}

/* RQ's Retry(max, intervals): json.dumps of the list. */
static void fill_retry(struct work *work)
{
    const struct cq_strv *intervals = &work->options->retry_intervals;
    if (work->options->retry_max == 0)
        return;
    cq_buf_char(&work->retry_intervals, '[');
    cq_strv_join(intervals, ", ", &work->retry_intervals);
    cq_buf_text(&work->retry_intervals, intervals->len ? "]" : "0]");
    work->job.retries_left = work->options->retry_max;
    work->job.retry_intervals = cq_buf_view(&work->retry_intervals);
}

static void fill_job(struct work *work, cq_time now)
{
    const struct enqueue_options *options = work->options;
    struct cq_job *job = &work->job;
    cq_job_init(job);
    if (options->job_id) {
        job->id = cq_str(options->job_id);
    } else {
        cq_job_id_generate(work->id);
        job->id = cq_str(work->id);
    }
    job->origin = cq_str(options->queue);
    job->data = cq_buf_view(&work->data);
    job->description = options->description && *options->description ? cq_str(options->description) : cq_buf_view(&work->call_text);
    job->created_at = now;
    job->timeout_s = options->timeout_s == CQ_OPTION_UNSET ? CQ_JOB_TIMEOUT_DEFAULT_S : options->timeout_s;
    job->result_ttl_s = options->result_ttl_s; /* CQ_OPTION_UNSET is CQ_TTL_UNSET */
    job->ttl_s = options->ttl_s;
    job->failure_ttl_s = options->failure_ttl_s;
    fill_retry(work);
}
_Static_assert(CQ_OPTION_UNSET == CQ_TTL_UNSET, "an option that was not given leaves the field out");

/* Everything that can be wrong before Redis is asked. */
static enum cq_code prepare(struct work *work, const struct cq_run *run, enum cq_format format, struct cq_error *err)
{
    enum cq_code code = check_options(work->options, err);
    if (code == CQ_OK)
        code = check_function(run->args[0], err);
    if (code != CQ_OK)
        return code;
    work->call = (struct cq_call){.format = format, .function = cq_str(run->args[0]), .instance = cq_value_none()};
    code = cq_arguments_read(run->args + 1, run->arg_count - 1, &work->arena, &work->call, err);
    if (code == CQ_OK)
        code = cq_call_write(&work->call, &work->data, err);
    if (code != CQ_OK)
        return code;
    cq_arguments_describe(&work->call, &work->call_text);
    fill_job(work, cq_clock_now());
    return CQ_OK;
}

static enum cq_code send(const struct work *work, struct cq_connection *connection, struct cq_error *err)
{
    struct cq_enqueue enqueue = {
        .job = &work->job, .at_front = work->options->at_front, .unique = work->options->unique, .now = cq_clock_now()};
    struct cq_command command;
    struct cq_reply *reply = NULL;
    cq_command_init(&command);
    cq_enqueue_build(&enqueue, &command);
    enum cq_code code = cq_connection_call(connection, &command, &reply, err);
    if (code == CQ_OK)
        code = cq_enqueue_read(reply, NULL, err);
    cq_reply_free(reply);
    cq_command_release(&command);
    return code;
}

/* RQ: `Enqueued f('x') with job-id 'ID'.`, the call in blue. Its text is a repr, but for the function's name. */
static void say(const struct work *work)
{
    struct cq_buf line = CQ_BUF_INIT(DESCRIPTION_MAX + 256);
    cq_buf_text(&line, "Enqueued ");
    cq_output_colored(&line, CQ_BLUE, work->call_text.data);
    cq_buf_printf(&line, " with job-id '%.*s'.\n", (int)work->job.id.len, work->job.id.data);
    cq_print_str(cq_buf_view(&line));
    cq_buf_release(&line);
}

/* --wait reads the job's result stream with XREAD, and changes nothing. */
struct wait {
    struct cq_str job_id; /* borrowed */
    char *after;          /* owned: the stream id after which the outcome comes; NULL: not started */
};

/* Did the job end? *ret_status is then the command's. RETRIED is no end. */
static bool show_outcome(const struct cq_reply *entry, enum cq_exit *ret_status)
{
    struct cq_arena arena = CQ_ARENA_INIT;
    struct cq_buf text = CQ_BUF_INIT(CQ_PAYLOAD_MAX);
    struct cq_result result;
    struct cq_value value = cq_value_none();
    struct cq_error err;
    bool ended = true;
    enum cq_code code = cq_result_read(entry, &arena, &result, &err);
    if (code == CQ_OK && result.type == CQ_RESULT_SUCCESSFUL && result.return_value.data)
        code = cq_decode(cq_format_detect(result.return_value), result.return_value, &arena, &value, &err);
    *ret_status = CQ_EXIT_FAILED;
    if (code != CQ_OK) {
        cq_complain("enqueue", "the job's result cannot be shown: %s", err.text);
    } else if (result.type == CQ_RESULT_SUCCESSFUL) {
        cq_repr(&value, &text);
        cq_print_str(cq_buf_view(&text));
        cq_print("\n");
        *ret_status = CQ_EXIT_OK;
    } else if (result.type == CQ_RESULT_RETRIED) {
        ended = false;
    } else {
        cq_output_flush();
        cq_buf_text(&text, result.type == CQ_RESULT_STOPPED ? "the job was stopped\n" : "the job failed\n");
        fprintf(stderr, "cq enqueue: %s", text.data);
        fwrite(result.exc_string.data ? result.exc_string.data : "", 1, result.exc_string.len, stderr);
        if (result.exc_string.len && result.exc_string.data[result.exc_string.len - 1] != '\n')
            fputc('\n', stderr);
    }
    cq_buf_release(&text);
    cq_arena_release(&arena);
    return ended;
}

static void remember(struct wait *wait, struct cq_str stream_id)
{
    free(wait->after);
    wait->after = stream_id.data ? cq_strndup(stream_id.data, stream_id.len) : cq_strdup("0");
}

/* Before the enqueue: remember where the stream ends, as an earlier job of that id may have results there. */
static enum cq_code wait_start(struct wait *wait, struct cq_connection *connection, struct cq_str job_id, struct cq_error *err)
{
    struct cq_key key = cq_key_results(job_id);
    struct cq_command command;
    struct cq_reply *reply = NULL;
    wait->job_id = job_id;
    cq_command_init(&command);
    cq_command_texts(&command, "XREVRANGE", key.text, "+", "-", "COUNT", "1", NULL);
    enum cq_code code = cq_connection_call(connection, &command, &reply, err);
    if (code == CQ_OK)
        remember(wait, cq_reply_str(cq_reply_at(cq_reply_at(reply, 0), 0)));
    cq_reply_free(reply);
    cq_command_release(&command);
    return code;
}

static void wait_release(struct wait *wait)
{
    free(wait->after);
    wait->after = NULL;
}

/* The reply of XREAD is [[key, [entry, ...]]], or nil when nothing came in time. */
static bool show_new(struct wait *wait, const struct cq_reply *reply, enum cq_exit *ret_status)
{
    const struct cq_reply *entries = cq_reply_at(cq_reply_at(reply, 0), 1);
    for (size_t i = 0; i < cq_reply_len(entries); i++) {
        if (show_outcome(cq_reply_at(entries, i), ret_status))
            return true;
        remember(wait, cq_reply_str(cq_reply_at(cq_reply_at(entries, i), 0)));
    }
    return false;
}

/* A job without a hash has expired, was deleted, or had result_ttl 0: no result will come. */
static enum cq_code still_exists(const struct wait *wait, struct cq_connection *connection, bool *ret_exists, struct cq_error *err)
{
    struct cq_key key = cq_key_job(wait->job_id);
    struct cq_command command;
    struct cq_reply *reply = NULL;
    cq_command_init(&command);
    cq_command_texts(&command, "EXISTS", key.text, NULL);
    enum cq_code code = cq_connection_call(connection, &command, &reply, err);
    *ret_exists = code == CQ_OK && cq_reply_int(reply) > 0;
    cq_reply_free(reply);
    cq_command_release(&command);
    return code;
}

/* Wait, then print the return value as Python's repr on standard output, or the failure's text on standard error. */
static enum cq_exit wait_result(struct wait *wait, struct cq_connection *connection, int64_t timeout_s)
{
    struct cq_key key = cq_key_results(wait->job_id);
    cq_time give_up = timeout_s == CQ_OPTION_UNSET ? INT64_MAX : cq_clock_monotonic() + timeout_s * CQ_SECOND;
    bool lives = true, last_look = false;
    struct cq_error err;
    cq_output_flush(); /* the job's id, to be seen while we wait */
    for (;;) {
        struct cq_command command;
        struct cq_reply *reply = NULL;
        enum cq_exit status = CQ_EXIT_OK;
        cq_command_init(&command);
        cq_command_texts(&command, "XREAD", "COUNT", "10", "BLOCK", NULL);
        cq_command_int(&command, BLOCK_MS);
        cq_command_texts(&command, "STREAMS", key.text, wait->after, NULL);
        enum cq_code code = cq_connection_call(connection, &command, &reply, &err);
        bool ended = code == CQ_OK && show_new(wait, reply, &status);
        cq_reply_free(reply);
        cq_command_release(&command);
        if (ended)
            return status;
        last_look = !lives; /* the hash may have gone between the look at the stream and the look at the hash */
        if (code == CQ_OK)
            code = still_exists(wait, connection, &lives, &err);
        if (code != CQ_OK) {
            cq_complain("enqueue", "%s", err.text);
            return cq_exit_of(code);
        }
        if (!lives && last_look) {
            cq_complain("enqueue", "job '%.*s' is gone, and with it its result", (int)wait->job_id.len, wait->job_id.data);
            return CQ_EXIT_FAILED;
        }
        if (cq_clock_monotonic() >= give_up) {
            cq_complain("enqueue", "job '%.*s' has not ended after %lld seconds; it goes on", (int)wait->job_id.len,
                        wait->job_id.data, (long long)timeout_s);
            return CQ_EXIT_FAILED;
        }
    }
}

enum cq_exit cq_enqueue_command(const struct cq_run *run)
{
    struct work work = {
        .options = run->options,
        .arena = CQ_ARENA_INIT,
        .call_text = CQ_BUF_INIT(DESCRIPTION_MAX),
        .data = CQ_BUF_INIT(CQ_PAYLOAD_MAX),
        .retry_intervals = CQ_BUF_INIT(DESCRIPTION_MAX),
    };
    struct cq_session session;
    struct wait wait = {CQ_STR_NONE, NULL};
    enum cq_format format;
    struct cq_error err;
    enum cq_code code = cq_session_configure(&session, run, &err);
    if (code == CQ_OK)
        code = cq_session_format(&session, &format, &err);
    if (code == CQ_OK)
        code = prepare(&work, run, format, &err);
    if (code == CQ_OK)
        code = cq_session_connect(&session, &err);
    if (code == CQ_OK && work.options->wait)
        code = wait_start(&wait, session.connection, work.job.id, &err);
    if (code == CQ_OK)
        code = send(&work, session.connection, &err);
    enum cq_exit status = cq_exit_of(code);
    if (code != CQ_OK)
        cq_complain(run->name, "%s", err.text);
    else if (!work.options->quiet)
        say(&work);
    if (code == CQ_OK && work.options->wait)
        status = wait_result(&wait, session.connection, work.options->wait_timeout_s);
    wait_release(&wait);
    cq_session_close(&session);
    cq_buf_release(&work.retry_intervals);
    cq_buf_release(&work.data);
    cq_buf_release(&work.call_text);
    cq_arena_release(&work.arena);
    return status;
}
