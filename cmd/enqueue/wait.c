#include "cmd/enqueue/wait.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cmd/line/options.h"
#include "cmd/line/output.h"
#include "job/job.h"
#include "job/keys.h"
#include "job/result.h"
#include "serializers/repr.h"
#include "serializers/serializer.h"
#include "serializers/zlib.h"

enum { BLOCK_MS = 1000 }; /* of one XREAD: below any sensible socket timeout */

/* Did the job end? *ret_status is then the status of the command. RETRIED does not count as an end. */
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

static void remember(struct cq_wait *wait, struct cq_str stream_id)
{
    free(wait->after);
    wait->after = stream_id.data ? cq_strndup(stream_id.data, stream_id.len) : cq_strdup("0");
}

enum cq_code cq_wait_start(struct cq_wait *wait, struct cq_connection *connection, struct cq_str job_id,
                           struct cq_error *err)
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

void cq_wait_release(struct cq_wait *wait)
{
    free(wait->after);
    wait->after = NULL;
}

/* The reply of XREAD is [[key, [entry, ...]]], or nil when nothing came in time. */
static bool show_new(struct cq_wait *wait, const struct cq_reply *reply, enum cq_exit *ret_status)
{
    const struct cq_reply *entries = cq_reply_at(cq_reply_at(reply, 0), 1);
    for (size_t i = 0; i < cq_reply_len(entries); i++) {
        if (show_outcome(cq_reply_at(entries, i), ret_status))
            return true;
        remember(wait, cq_reply_str(cq_reply_at(cq_reply_at(entries, i), 0)));
    }
    return false;
}

/* Why no result will come, NULL while one may: a job without a hash has expired, was deleted, or had
 * result_ttl 0. */
static enum cq_code ask_whether_over(const struct cq_wait *wait, struct cq_connection *connection,
                                     const char **ret_why, struct cq_error *err)
{
    struct cq_key key = cq_key_job(wait->job_id);
    struct cq_command command;
    struct cq_reply *reply = NULL;
    cq_command_init(&command);
    cq_command_texts(&command, "HGET", key.text, "status", NULL);
    enum cq_code code = cq_connection_call(connection, &command, &reply, err);
    struct cq_str status = code == CQ_OK ? cq_reply_str(reply) : CQ_STR_NONE;
    *ret_why = !status.data                                     ? "is gone, and with it its result"
               : cq_job_status_parse(status) == CQ_JOB_CANCELED ? "was canceled"
                                                                : NULL;
    cq_reply_free(reply);
    cq_command_release(&command);
    return code;
}

enum cq_exit cq_wait_result(struct cq_wait *wait, struct cq_connection *connection, int64_t timeout_s)
{
    struct cq_key key = cq_key_results(wait->job_id);
    cq_time give_up = timeout_s == CQ_OPTION_UNSET ? INT64_MAX : cq_clock_monotonic() + timeout_s * CQ_SECOND;
    const char *over = NULL;
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
        const char *was_over =
            over; /* it may have ended between the look at the stream and the look at the hash: look twice */
        if (code == CQ_OK)
            code = ask_whether_over(wait, connection, &over, &err);
        if (code != CQ_OK) {
            cq_complain("enqueue", "%s", err.text);
            return cq_exit_of(code);
        }
        if (over && was_over) {
            cq_complain("enqueue", "job '%.*s' %s", (int)wait->job_id.len, wait->job_id.data, over);
            return CQ_EXIT_FAILED;
        }
        if (cq_clock_monotonic() >= give_up) {
            cq_complain("enqueue", "job '%.*s' has not ended after %lld s; it continues",
                        (int)wait->job_id.len, wait->job_id.data, (long long)timeout_s);
            return CQ_EXIT_FAILED;
        }
    }
}
