#include "lifecycle/fetch.h"

#include <assert.h>

#include "job/script_call.h"
#include "lifecycle/times.h"

int cq_fetch_resume_arg(const struct cq_fetch *fetch)
{
    return !fetch->resume ? 0 : fetch->resume_only ? 2 : 1;
}

void cq_fetch_put_lists(const struct cq_fetch *fetch, struct cq_command *command)
{
    for (size_t i = 0; i < fetch->queue_count; i++)
        cq_key_arg(command, cq_key_queue(fetch->queues[i]));
}

void cq_fetch_build(const struct cq_fetch *fetch, struct cq_command *command)
{
    assert(fetch->queue_count > 0);
    struct cq_key key_worker = cq_key_worker(fetch->worker);
    struct cq_key key_worker_executions = cq_key_worker_executions(fetch->worker);
    struct cq_key key_suspended = cq_key_suspended(), key_paused = cq_key_paused();
    struct cq_str arg_worker_name = fetch->worker, arg_execution = fetch->execution_id;
    struct cq_str arg_targets = fetch->targets;
    int arg_resume = cq_fetch_resume_arg(fetch), arg_monitoring_s = fetch->monitoring_interval_s;
    int arg_worker_ttl = fetch->worker_ttl_s > 0 ? fetch->worker_ttl_s : CQ_WORKER_TTL_DEFAULT_S;
    bool arg_lasting = fetch->lasting;
    CQ_NOW_ARGS(fetch->now);
    CQ_PUT_KEYS(command, FETCH, fetch->queue_count);
    cq_fetch_put_lists(fetch, command);
    CQ_PUT_ARGS(command, FETCH);
}

int64_t cq_fetch_wait_ms(const struct cq_started *found)
{
    int64_t wait_ms = cq_reply_int(cq_reply_at(found->empty, 1));
    return wait_ms > 0 ? wait_ms : 0;
}

bool cq_fetch_is_paused(const struct cq_started *found, size_t queue_index)
{
    for (size_t i = 2; i < cq_reply_len(found->empty); i++)
        if (cq_reply_int(cq_reply_at(found->empty, i)) == (int64_t)queue_index)
            return true;
    return false;
}

enum cq_code cq_fetch_read(const struct cq_reply *reply, enum cq_fetch_verdict *ret_verdict,
                           struct cq_started *ret_started, struct cq_error *err)
{
    enum cq_code code = cq_reply_check(reply, err);
    if (code != CQ_OK)
        return code;
    struct cq_str word = cq_reply_str(cq_reply_at(reply, 0));
    if (cq_str_is(word, "started") && cq_reply_len(reply) == 4) {
        *ret_verdict = CQ_FETCH_STARTED;
        ret_started->queue_index = (size_t)cq_reply_int(cq_reply_at(reply, 1));
        ret_started->job_id = cq_reply_str(cq_reply_at(reply, 2));
        ret_started->fields = cq_reply_at(reply, 3);
    } else if (cq_str_is(word, "empty")) {
        *ret_verdict = CQ_FETCH_EMPTY;
        ret_started->empty = reply;
    } else if (cq_str_is(word, "suspended")) {
        *ret_verdict = CQ_FETCH_SUSPENDED;
    } else if (cq_str_is(word, "again")) {
        *ret_verdict = CQ_FETCH_AGAIN;
    } else {
        return cq_error_set(err, CQ_ERR_REDIS,
                            "Redis answered a fetch with something else than fetch.lua returns");
    }
    return CQ_OK;
}
