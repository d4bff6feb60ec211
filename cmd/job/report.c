#include "cmd/job/report.h"

#include "base/number.h"
#include "job/job.h"
#include "job/keys.h"
#include "job/result.h"
#include "serializers/serializer.h"
#include "serializers/zlib.h"

enum { OUTPUT_MAX = 64 * 1024, HASH = 0, RESULTS = 1, OUTPUT = 2, REPLIES = 3 };

static enum cq_code ask(struct cq_connection *connection, struct cq_str id, struct cq_job_report *report,
                        struct cq_error *err)
{
    struct cq_key job = cq_key_job(id), results = cq_key_results(id), output = cq_key_output(id);
    struct cq_command commands[REPLIES];
    enum cq_code code = CQ_OK;
    for (int i = 0; i < REPLIES; i++)
        cq_command_init(&commands[i]);
    cq_command_texts(&commands[HASH], "HMGET", job.text, "status", "description", "origin", "worker_name",
                     "created_at", "enqueued_at", "started_at", "ended_at", "result", "exc_info", NULL);
    cq_command_texts(&commands[RESULTS], "XREVRANGE", results.text, "+", "-", "COUNT", "1", NULL);
    cq_command_texts(&commands[OUTPUT], "GETRANGE", output.text, NULL);
    cq_command_int(&commands[OUTPUT], -OUTPUT_MAX);
    cq_command_text(&commands[OUTPUT], "-1");
    for (int i = 0; i < REPLIES && code == CQ_OK; i++)
        code = cq_connection_send(connection, &commands[i], err);
    for (int i = 0; i < REPLIES && code == CQ_OK; i++)
        code = cq_connection_receive(connection, &report->replies[i], err);
    for (int i = 0; i < REPLIES; i++) {
        if (code == CQ_OK)
            code = cq_reply_check(report->replies[i], err);
        cq_command_release(&commands[i]);
    }
    return code;
}

static enum cq_job_report_kind kind_of(enum cq_job_status status, bool there)
{
    switch (status) {
    case CQ_JOB_FINISHED: return CQ_REPORT_FINISHED;
    case CQ_JOB_FAILED:
    case CQ_JOB_STOPPED:
    case CQ_JOB_CANCELED: return CQ_REPORT_FAILED;
    default: return there ? CQ_REPORT_PENDING : CQ_REPORT_ABSENT;
    }
}

/* RQ 1.x kept both in the hash; there is no stream then. */
static void read_old(struct cq_job_report *report)
{
    struct cq_buf text = CQ_BUF_INIT(CQ_EXC_TEXT_MAX);
    struct cq_str exc_info = report->fields[CQ_REPORT_EXC_INFO];
    report->serialized = report->fields[CQ_REPORT_RESULT];
    report->failure = exc_info;
    if (exc_info.data && cq_inflate(exc_info, &text, NULL) == CQ_OK)
        report->failure = cq_arena_str(&report->arena, cq_buf_view(&text));
    cq_buf_release(&text);
}

static void read_result(struct cq_job_report *report)
{
    const struct cq_reply *entry = cq_reply_at(report->replies[RESULTS], 0);
    struct cq_result result = {.return_value = CQ_STR_NONE, .exc_string = CQ_STR_NONE};
    report->unreadable.code = CQ_OK;
    if (!entry) {
        read_old(report);
    } else if (cq_result_read(entry, &report->arena, &result, &report->unreadable) == CQ_OK) {
        report->serialized = result.return_value;
        report->failure = result.exc_string;
    }
    report->value = cq_value_none();
    if (report->kind == CQ_REPORT_FINISHED && report->serialized.data && report->unreadable.code == CQ_OK) {
        enum cq_format format = cq_format_detect(report->serialized);
        enum cq_code code = cq_decode(format, report->serialized, &report->arena, &report->value,
                                      &report->unreadable);
        report->unreadable.code = code;
    }
}

/* What it waits for, where that is to be known: a key that holds something else tells nothing. */
static enum cq_code ask_what_for(struct cq_connection *connection, struct cq_str id,
                                 enum cq_job_status status, struct cq_job_report *report,
                                 struct cq_error *err)
{
    struct cq_key dependencies = cq_key_dependencies(id),
                  scheduled = cq_key_registry("scheduled", report->fields[CQ_REPORT_QUEUE]);
    struct cq_reply *reply = NULL;
    struct cq_command command;
    double score;
    cq_command_init(&command);
    if (status == CQ_JOB_SCHEDULED) {
        cq_command_texts(&command, "ZSCORE", scheduled.text, NULL);
        cq_command_arg(&command, id);
    } else {
        cq_command_texts(&command, "SRANDMEMBER", dependencies.text, NULL);
        cq_command_int(&command, CQ_REPORT_NEEDS_MAX);
    }
    enum cq_code code = cq_connection_call(connection, &command, &reply, err);
    cq_command_release(&command);
    if (code == CQ_ERR_REDIS)
        return CQ_OK;
    if (code != CQ_OK)
        return code;
    if (status == CQ_JOB_DEFERRED) {
        report->needs = reply;
        return CQ_OK;
    }
    report->has_due = cq_number_double(cq_reply_str(reply), &score) && score > 0 &&
                      score < 253402300800.0; /* the year 10000 */
    report->due = report->has_due ? (cq_time)(score * (double)CQ_SECOND) : 0;
    cq_reply_free(reply);
    return CQ_OK;
}

enum cq_code cq_job_report_read(struct cq_connection *connection, struct cq_str id,
                                struct cq_job_report *ret_report, struct cq_error *err)
{
    *ret_report = (struct cq_job_report){.arena = CQ_ARENA_INIT, .value = cq_value_none()};
    enum cq_code code = ask(connection, id, ret_report, err);
    if (code != CQ_OK)
        return code;
    bool there = false;
    for (int i = 0; i < CQ_REPORT_FIELDS; i++) {
        struct cq_str text = cq_reply_str(cq_reply_at(ret_report->replies[HASH], (size_t)i));
        there = there || text.data;
        ret_report->fields[i] = text.len ? text : CQ_STR_NONE; /* empty is RQ's way to say unset */
    }
    enum cq_job_status status = cq_job_status_parse(ret_report->fields[CQ_REPORT_STATUS]);
    ret_report->kind = kind_of(status, there);
    if (ret_report->kind == CQ_REPORT_FINISHED || ret_report->kind == CQ_REPORT_FAILED)
        read_result(ret_report);
    /* Of a job that was enqueued again the lines are an earlier run's; those of a failed attempt explain a
     * retry. */
    if (ret_report->kind == CQ_REPORT_FAILED || status == CQ_JOB_SCHEDULED)
        ret_report->output = cq_reply_str(ret_report->replies[OUTPUT]);
    if (status == CQ_JOB_DEFERRED ||
        (status == CQ_JOB_SCHEDULED && ret_report->fields[CQ_REPORT_QUEUE].len <= CQ_NAME_MAX))
        return ask_what_for(connection, id, status, ret_report, err);
    return CQ_OK;
}

void cq_job_report_release(struct cq_job_report *report)
{
    for (int i = 0; i < REPLIES; i++)
        cq_reply_free(report->replies[i]);
    cq_reply_free(report->needs);
    cq_arena_release(&report->arena);
}
