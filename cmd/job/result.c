/* cq result: how jobs ended, and what came out. */
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "cmd/job/report.h"
#include "cmd/line/command.h"
#include "cmd/line/output.h"
#include "cmd/line/session.h"
#include "job/keys.h"
#include "serializers/repr.h"
#include "serializers/serializer.h"
#include "serializers/zlib.h"

struct result_options {
    bool json, raw;
};

#define FIELD(member) offsetof(struct result_options, member)

static const struct cq_option result_options[] = {
    {.kind = CQ_OPTION_FLAG,
     .name = "json",
     .field = FIELD(json),
     .help = "One JSON object a line for each job (docs/CLI.md)"},
    {.kind = CQ_OPTION_FLAG,
     .name = "raw",
     .field = FIELD(raw),
     .help = "Print only the return value of one finished job, byte for byte as its serializer wrote it"},
    {.kind = CQ_OPTION_END},
};

static const char *const notes[] = {
    "Shows status, times, return value (as Python's repr), failure, and the last lines that a failed job "
    "wrote. Of a waiting job it shows when it is due, or which jobs it depends on. Decoding a value runs no "
    "code: an object of a class is shown by its name.",
    "Status 0 when the job has finished, 1 when it failed, was stopped or canceled, 5 when it has not ended, "
    "6 when there is no "
    "such job; "
    "of several jobs the highest.",
    NULL,
};

const struct cq_syntax cq_result_syntax = {
    .arguments = "JOB_IDS...",
    .first = "a job's id",
    .max_args = SIZE_MAX,
    .options_size = sizeof(struct result_options),
    .options = result_options,
    .notes = notes,
};

static const char *const field_names[CQ_REPORT_FIELDS] = {
    [CQ_REPORT_STATUS] = "status",         [CQ_REPORT_DESCRIPTION] = "description",
    [CQ_REPORT_QUEUE] = "queue",           [CQ_REPORT_WORKER] = "worker",
    [CQ_REPORT_CREATED_AT] = "created_at", [CQ_REPORT_ENQUEUED_AT] = "enqueued_at",
    [CQ_REPORT_STARTED_AT] = "started_at", [CQ_REPORT_ENDED_AT] = "ended_at",
};

static enum cq_exit exit_of(const struct cq_job_report *report)
{
    switch (report->kind) {
    case CQ_REPORT_FINISHED: return CQ_EXIT_OK;
    case CQ_REPORT_FAILED: return CQ_EXIT_FAILED;
    case CQ_REPORT_PENDING: return CQ_EXIT_PENDING;
    case CQ_REPORT_ABSENT: break;
    }
    return CQ_EXIT_ABSENT;
}

/* repr() of the value, or what is to be said in its place. */
static void put_value(const struct cq_job_report *report, struct cq_buf *out)
{
    size_t start = out->len;
    if (report->unreadable.code == CQ_OK) {
        cq_repr(&report->value, out);
        if (!out->overflow)
            return;
    }
    out->len = start;
    out->overflow = false;
    cq_buf_printf(out, "<%zu bytes that cannot be shown: %s>", report->serialized.len,
                  report->unreadable.code == CQ_OK ? "too long" : report->unreadable.text);
}

static void print_line(const char *label, struct cq_str text)
{
    cq_print("  %-10s", label);
    cq_print_name(text);
    cq_print("\n");
}

/* A text of several lines, indented. */
static void print_block(const char *label, struct cq_str text)
{
    if (!text.len)
        return;
    cq_print("  %s\n", label);
    while (text.len) {
        const char *end = memchr(text.data, '\n', text.len);
        size_t len = end ? (size_t)(end - text.data) : text.len, next = end ? len + 1 : len;
        cq_print("    ");
        cq_print_name(cq_str_n(text.data, len));
        cq_print("\n");
        text = cq_str_n(text.data + next, text.len - next);
    }
}

/* The end, and how long it took when the start is known. */
static void print_ended(const struct cq_job_report *report)
{
    cq_time started, ended;
    struct cq_str text = report->fields[CQ_REPORT_ENDED_AT];
    cq_print("  %-10s", "ended");
    cq_print_name(text);
    if (cq_time_parse_iso(text, &ended) &&
        cq_time_parse_iso(report->fields[CQ_REPORT_STARTED_AT], &started) && ended >= started)
        cq_print(" (%.3f s)", (double)(ended - started) / CQ_SECOND);
    cq_print("\n");
}

/* What it waits for: its time, or other jobs. */
static void print_waits(const struct cq_job_report *report)
{
    char due[CQ_TIME_ISO_SIZE];
    if (report->has_due) {
        cq_time_iso(report->due, due);
        print_line("due", cq_str(due));
    }
    for (size_t i = 0; i < cq_reply_len(report->needs); i++)
        print_line("needs", cq_reply_str(cq_reply_at(report->needs, i)));
}

static void show_text(const char *id, const struct cq_job_report *report)
{
    static const struct {
        enum cq_job_report_field field;
        const char *label;
    } lines[] = {
        {CQ_REPORT_DESCRIPTION, "call"},     {CQ_REPORT_QUEUE, "queue"},        {CQ_REPORT_WORKER, "worker"},
        {CQ_REPORT_ENQUEUED_AT, "enqueued"}, {CQ_REPORT_STARTED_AT, "started"},
    };
    struct cq_str status = report->fields[CQ_REPORT_STATUS];
    cq_print_name(cq_str(id));
    cq_print(": ");
    cq_print_name(status.len ? status : CQ_STR_LIT("without a status"));
    cq_print("\n");
    for (size_t i = 0; i < CQ_ARRAY_LEN(lines); i++)
        if (report->fields[lines[i].field].len)
            print_line(lines[i].label, report->fields[lines[i].field]);
    if (report->fields[CQ_REPORT_ENDED_AT].len)
        print_ended(report);
    print_waits(report);
    if (report->kind == CQ_REPORT_FINISHED) {
        struct cq_buf text = CQ_BUF_INIT(CQ_PAYLOAD_MAX);
        put_value(report, &text);
        print_line("result", cq_buf_view(&text));
        cq_buf_release(&text);
    }
    print_block("failure", report->failure);
    print_block("output", report->output);
}

/* The value itself where JSON can say it, else null; its repr in any case. */
static void put_json_value(struct cq_buf *out, const struct cq_job_report *report)
{
    struct cq_buf repr = CQ_BUF_INIT(CQ_PAYLOAD_MAX);
    bool finished = report->kind == CQ_REPORT_FINISHED;
    cq_buf_text(out, ", \"return_value\": ");
    if (!finished || report->unreadable.code != CQ_OK ||
        cq_encode(CQ_FORMAT_JSON, &report->value, out, NULL) != CQ_OK)
        cq_buf_text(out, "null");
    if (finished)
        put_value(report, &repr);
    cq_output_json(out, "return_repr", finished ? cq_buf_view(&repr) : CQ_STR_NONE);
    cq_buf_release(&repr);
}

static void put_json_waits(struct cq_buf *line, const struct cq_job_report *report)
{
    char due[CQ_TIME_ISO_SIZE];
    size_t count = cq_reply_len(report->needs);
    cq_time_iso(report->due, due);
    cq_output_json(line, "due", report->has_due ? cq_str(due) : CQ_STR_NONE);
    cq_buf_text(line, count ? ", \"needs\": [" : ", \"needs\": null");
    for (size_t i = 0; i < count; i++) {
        cq_buf_text(line, i ? ", \"" : "\"");
        cq_utf8_escape_json(line, cq_reply_str(cq_reply_at(report->needs, i)));
        cq_buf_char(line, '"');
    }
    if (count)
        cq_buf_char(line, ']');
}

static void show_json(const char *id, const struct cq_job_report *report)
{
    struct cq_buf line = CQ_BUF_INIT(SIZE_MAX / 2);
    cq_buf_char(&line, '{');
    cq_output_json(&line, "id", cq_str(id));
    for (int i = 0; i < CQ_REPORT_FIELDS; i++)
        if (field_names[i])
            cq_output_json(&line, field_names[i], report->fields[i].len ? report->fields[i] : CQ_STR_NONE);
    put_json_waits(&line, report);
    put_json_value(&line, report);
    cq_output_json(&line, "failure", report->kind == CQ_REPORT_FAILED ? report->failure : CQ_STR_NONE);
    cq_output_json(&line, "output", report->output.len ? report->output : CQ_STR_NONE);
    cq_print_str(cq_buf_view(&line));
    cq_print("}\n");
    cq_buf_release(&line);
}

/* None has no bytes in Redis; nothing is printed for it. */
static void show_raw(const struct cq_run *run, const char *id, const struct cq_job_report *report)
{
    if (report->kind == CQ_REPORT_FINISHED)
        cq_print_str(report->serialized);
    else if (report->kind != CQ_REPORT_ABSENT)
        cq_complain(run->name, "job '%s' is %.*s: there is no return value", id,
                    (int)report->fields[CQ_REPORT_STATUS].len, report->fields[CQ_REPORT_STATUS].data);
}

static enum cq_exit show_one(struct cq_session *session, const struct cq_run *run, const char *id)
{
    const struct result_options *options = run->options;
    struct cq_job_report report;
    struct cq_error err;
    enum cq_code code = cq_job_report_read(session->connection, cq_str(id), &report, &err);
    enum cq_exit status = code == CQ_OK ? exit_of(&report) : cq_exit_of(code);
    if (code != CQ_OK)
        cq_complain(run->name, "job '%s': %s", id, err.text);
    else if (options->raw)
        show_raw(run, id, &report);
    else if (options->json)
        show_json(id, &report);
    else if (report.kind != CQ_REPORT_ABSENT)
        show_text(id, &report);
    if (status == CQ_EXIT_ABSENT)
        cq_complain(run->name, "no such job: '%s'", id);
    cq_job_report_release(&report);
    return status;
}

enum cq_exit cq_result_command(const struct cq_run *run)
{
    const struct result_options *options = run->options;
    struct cq_session session;
    if ((options->raw && options->json) || (options->raw && run->arg_count > 1)) {
        cq_complain(run->name, "--raw prints the bytes of one job: give one id, and no --json");
        return CQ_EXIT_USAGE;
    }
    for (size_t i = 0; i < run->arg_count; i++) {
        if (!*run->args[i] || strlen(run->args[i]) > CQ_NAME_MAX) {
            cq_complain(run->name, "'%.80s' cannot be a job's id", run->args[i]);
            return CQ_EXIT_USAGE;
        }
    }
    enum cq_exit status = cq_session_open(&session, run);
    bool connected = status == CQ_EXIT_OK;
    for (size_t i = 0; i < run->arg_count && connected && status != CQ_EXIT_REDIS; i++) {
        enum cq_exit one = show_one(&session, run, run->args[i]);
        status = one == CQ_EXIT_REDIS || one > status ? one : status;
    }
    cq_session_close(&session);
    return status;
}
