#include "lifecycle/finish.h"

#include <stdio.h>
#include <string.h>

#include "job/result.h"
#include "job/script_call.h"
#include "lifecycle/times.h"
#include "serializers/zlib.h"

static const char *const outcome_words[] = {
    [CQ_OUTCOME_SUCCESS] = "success",
    [CQ_OUTCOME_FAILED] = "failed",
    [CQ_OUTCOME_STOPPED] = "stopped",
    [CQ_OUTCOME_RETRY] = "retry",
};

/* RQ stores an exception text for every failure, an empty one too, and none otherwise. */
static bool has_exc(enum cq_outcome outcome)
{
    return outcome == CQ_OUTCOME_FAILED || outcome == CQ_OUTCOME_STOPPED;
}

/* The last CQ_OUTPUT_MAX bytes, from the start of a line or at least of a character. */
static struct cq_str last_of(struct cq_str output)
{
    if (output.len <= CQ_OUTPUT_MAX)
        return output;
    struct cq_str end = cq_str_n(output.data + output.len - CQ_OUTPUT_MAX, CQ_OUTPUT_MAX);
    const char *line = memchr(end.data, '\n', end.len - 1);
    size_t skip = line ? (size_t)(line + 1 - end.data) : 0;
    while (!line && skip < end.len && ((unsigned char)end.data[skip] & 0xc0) == 0x80)
        skip++;
    return cq_str_n(end.data + skip, end.len - skip);
}

/* What goes into Redis in another form than it has here: the caller releases it in every case. */
struct finish_payloads {
    struct cq_buf value, exc;
};

static enum cq_code encode_payloads(const struct cq_finish *finish, struct finish_payloads *ret_payloads,
                                    struct cq_error *err)
{
    if (finish->return_value.data)
        cq_result_encode_value(finish->return_value, &ret_payloads->value);
    if (has_exc(finish->outcome))
        cq_result_encode_exc(finish->exc_text, &ret_payloads->exc);
    if (ret_payloads->value.overflow)
        return cq_error_set(
            err, CQ_ERR_LIMIT,
            "the return value has %zu bytes: with base64 that is more than Redis holds (512 MB)",
            finish->return_value.len);
    if (ret_payloads->exc.overflow)
        return cq_error_set(err, CQ_ERR_LIMIT,
                            "the exception text has %zu bytes: that is more than Redis holds (512 MB)",
                            finish->exc_text.len);
    if (finish->meta.len > CQ_PAYLOAD_MAX)
        return cq_error_set(err, CQ_ERR_LIMIT,
                            "the job's meta has %zu bytes: that is more than Redis holds (512 MB)",
                            finish->meta.len);
    return CQ_OK;
}

static void put_call(const struct cq_finish *finish, const struct finish_payloads *payloads,
                     struct cq_command *command)
{
    static const struct cq_fetch nothing; /* no queues, no execution: nothing is fetched */
    const struct cq_fetch *next = finish->next ? finish->next : &nothing;
    struct cq_key key_worker = cq_key_worker(finish->worker);
    struct cq_key key_worker_executions = cq_key_worker_executions(finish->worker);
    struct cq_key key_suspended = cq_key_suspended(), key_paused = cq_key_paused();

    const char *arg_outcome = outcome_words[finish->outcome];
    struct cq_str arg_id = finish->job_id, arg_queue = finish->queue, arg_execution = finish->execution_id;
    struct cq_str arg_worker_name = finish->worker;
    char arg_started[CQ_TIME_EPOCH_SIZE], arg_ended[CQ_TIME_EPOCH_SIZE], arg_ended_iso[CQ_TIME_ISO_SIZE];
    cq_time_epoch(finish->started_at, arg_started);
    cq_time_epoch(finish->ended_at, arg_ended);
    cq_time_iso(finish->ended_at, arg_ended_iso);
    cq_time worked = finish->ended_at > finish->started_at ? finish->ended_at - finish->started_at : 0;
    char arg_worked_s[48];
    snprintf(arg_worked_s, sizeof(arg_worked_s), "%lld.%06lld", (long long)(worked / CQ_SECOND),
             (long long)(worked % CQ_SECOND));
    struct cq_str arg_value = cq_buf_view(&payloads->value), arg_exc = cq_buf_view(&payloads->exc);
    struct cq_str arg_meta = finish->meta;
    struct cq_str arg_output = finish->outcome == CQ_OUTCOME_SUCCESS ? CQ_STR_NONE : last_of(finish->output);
    int arg_default_result_ttl = finish->default_result_ttl_s;
    bool arg_registered = !finish->unregistered;
    int64_t arg_retry_max = finish->retry_max;
    struct cq_str arg_retry_intervals = finish->retry_intervals;
    int arg_worker_ttl = finish->worker_ttl_s > 0 ? finish->worker_ttl_s : CQ_WORKER_TTL_DEFAULT_S;

    struct cq_str arg_next_execution = next->execution_id, arg_targets = next->targets;
    int arg_resume = cq_fetch_resume_arg(next), arg_monitoring_s = next->monitoring_interval_s;
    bool arg_lasting = next->lasting;
    CQ_NOW_ARGS(finish->next ? next->now : finish->ended_at);
    CQ_PUT_KEYS(command, FINISH, next->queue_count);
    cq_fetch_put_lists(next, command);
    CQ_PUT_ARGS(command, FINISH);
}

enum cq_code cq_finish_build(const struct cq_finish *finish, struct cq_command *command, struct cq_error *err)
{
    struct finish_payloads payloads = {CQ_BUF_INIT(CQ_PAYLOAD_MAX), CQ_BUF_INIT(CQ_PAYLOAD_MAX)};
    enum cq_code code = encode_payloads(finish, &payloads, err);
    if (code == CQ_OK)
        put_call(finish, &payloads, command);
    cq_buf_release(&payloads.value);
    cq_buf_release(&payloads.exc);
    return code;
}

static bool verdict_parse(struct cq_str word, enum cq_finish_verdict *ret_verdict)
{
    static const char *const words[] = {
        [CQ_VERDICT_FENCED] = "fenced",     [CQ_VERDICT_FINISHED] = "finished",
        [CQ_VERDICT_FAILED] = "failed",     [CQ_VERDICT_STOPPED] = "stopped",
        [CQ_VERDICT_REQUEUED] = "requeued", [CQ_VERDICT_SCHEDULED] = "scheduled",
        [CQ_VERDICT_CANCELED] = "canceled", [CQ_VERDICT_DELETED] = "deleted",
    };
    for (size_t i = 0; i < CQ_ARRAY_LEN(words); i++)
        if (cq_str_is(word, words[i])) {
            *ret_verdict = (enum cq_finish_verdict)i;
            return true;
        }
    return false;
}

enum cq_code cq_finish_read(const struct cq_reply *reply, struct cq_finished *ret_finished,
                            struct cq_error *err)
{
    enum cq_code code = cq_reply_check(reply, err);
    if (code != CQ_OK)
        return code;
    struct cq_finished finished = {0};
    if (!verdict_parse(cq_reply_str(cq_reply_at(reply, 0)), &finished.verdict))
        return cq_error_set(err, CQ_ERR_REDIS,
                            "Redis answered a finish with something else than finish.lua returns");
    code = cq_fetch_read(cq_reply_at(reply, 1), &finished.next_verdict, &finished.next, err);
    if (code == CQ_OK)
        *ret_finished = finished;
    return code;
}
