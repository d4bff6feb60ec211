#include "lifecycle/finish.h"

#include <string.h>

#include "job/keys.h"
#include "job/result.h"
#include "lifecycle/times.h"
#include "serializers/zlib.h"

_Static_assert(CQ_FINISH_NKEYS == 4 && CQ_FINISH_NARGS == 26, "finish.lua takes other keys or arguments");

static const char *const outcome_words[] = {
    [CQ_OUTCOME_SUCCESS] = "success",
    [CQ_OUTCOME_FAILED] = "failed",
    [CQ_OUTCOME_STOPPED] = "stopped",
    [CQ_OUTCOME_RETRY] = "retry",
};

static void put_keys(const struct cq_finish *finish, struct cq_command *command)
{
    struct cq_key worker = cq_key_worker(finish->worker),
                  executions = cq_key_worker_executions(finish->worker);
    size_t queues = finish->next ? finish->next->queue_count : 0;
    cq_command_script(command, CQ_SCRIPT_FINISH, CQ_FINISH_NKEYS + (int)queues);
    cq_command_arg(command, cq_key_str(&worker));
    cq_command_arg(command, cq_key_str(&executions));
    cq_command_texts(command, cq_key_suspended().text, cq_key_paused().text, NULL);
    for (size_t i = 0; i < queues; i++) {
        struct cq_key queue = cq_key_queue(finish->next->queues[i]);
        cq_command_arg(command, cq_key_str(&queue));
    }
}

static void put_times(const struct cq_finish *finish, struct cq_command *command)
{
    char started[CQ_TIME_EPOCH_SIZE], ended[CQ_TIME_EPOCH_SIZE], ended_iso[CQ_TIME_ISO_SIZE];
    cq_time worked = finish->ended_at > finish->started_at ? finish->ended_at - finish->started_at : 0;
    cq_time_epoch(finish->started_at, started);
    cq_time_epoch(finish->ended_at, ended);
    cq_time_iso(finish->ended_at, ended_iso);
    cq_command_texts(command, started, ended, ended_iso, NULL);
    cq_command_argf(command, "%lld.%06lld", (long long)(worked / CQ_SECOND), (long long)(worked % CQ_SECOND));
}

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

static enum cq_code put_payloads(const struct cq_finish *finish, struct cq_command *command,
                                 struct cq_error *err)
{
    struct cq_buf value = CQ_BUF_INIT(CQ_PAYLOAD_MAX), exc = CQ_BUF_INIT(CQ_PAYLOAD_MAX);
    enum cq_code code = CQ_OK;
    if (finish->return_value.data)
        cq_result_encode_value(finish->return_value, &value);
    if (has_exc(finish->outcome))
        cq_result_encode_exc(finish->exc_text, &exc);
    if (value.overflow)
        code = cq_error_set(
            err, CQ_ERR_LIMIT,
            "the return value has %zu bytes: with base64 that is more than Redis holds (512 MB)",
            finish->return_value.len);
    else if (exc.overflow)
        code = cq_error_set(err, CQ_ERR_LIMIT,
                            "the exception text has %zu bytes: that is more than Redis holds (512 MB)",
                            finish->exc_text.len);
    else if (finish->meta.len > CQ_PAYLOAD_MAX)
        code = cq_error_set(err, CQ_ERR_LIMIT,
                            "the job's meta has %zu bytes: that is more than Redis holds (512 MB)",
                            finish->meta.len);
    if (code == CQ_OK) {
        cq_command_arg(command, cq_buf_view(&value));
        cq_command_arg(command, cq_buf_view(&exc));
        cq_command_arg(command, finish->meta);
        cq_command_arg(command,
                       finish->outcome == CQ_OUTCOME_SUCCESS ? CQ_STR_NONE : last_of(finish->output));
    }
    cq_buf_release(&value);
    cq_buf_release(&exc);
    return code;
}

enum cq_code cq_finish_build(const struct cq_finish *finish, struct cq_command *command, struct cq_error *err)
{
    put_keys(finish, command);
    cq_command_text(command, outcome_words[finish->outcome]);
    cq_command_arg(command, finish->job_id);
    cq_command_arg(command, finish->queue);
    cq_command_arg(command, finish->execution_id);
    cq_command_arg(command, finish->worker);
    put_times(finish, command);
    enum cq_code code = put_payloads(finish, command, err);
    if (code != CQ_OK)
        return code;
    cq_command_int(command, finish->default_result_ttl_s);
    cq_command_text(command, finish->unregistered ? "0" : "1");
    cq_command_int(command, finish->retry_max);
    cq_command_arg(command, finish->retry_intervals);
    cq_command_int(command, finish->worker_ttl_s > 0 ? finish->worker_ttl_s : CQ_WORKER_TTL_DEFAULT_S);
    cq_command_arg(command, finish->next ? finish->next->execution_id : CQ_STR_NONE);
    cq_command_int(command, finish->next ? cq_fetch_resume_arg(finish->next) : 0);
    cq_command_int(command, finish->next ? finish->next->monitoring_interval_s : 0);
    cq_command_int(command, finish->next && finish->next->lasting);
    cq_command_arg(command, finish->next ? finish->next->targets : CQ_STR_NONE);
    cq_times_arg(command, finish->next ? finish->next->now : finish->ended_at);
    return CQ_OK;
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
