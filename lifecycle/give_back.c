#include "lifecycle/give_back.h"

#include "job/script_call.h"
#include "lifecycle/times.h"

void cq_give_back_build(const struct cq_give_back *give_back, struct cq_command *command)
{
    struct cq_key key_worker = cq_key_worker(give_back->worker);
    struct cq_key key_worker_executions = cq_key_worker_executions(give_back->worker);
    struct cq_key key_wip = cq_key_registry("wip", give_back->queue);
    struct cq_key key_list = cq_key_queue(give_back->queue);
    struct cq_key key_given_back = cq_key_given_back(give_back->queue);
    struct cq_str arg_id = give_back->job_id, arg_queue = give_back->queue;
    struct cq_str arg_execution = give_back->execution_id;
    int arg_worker_ttl = give_back->worker_ttl_s;
    CQ_NOW_ARGS(give_back->now);
    CQ_PUT_CALL(command, GIVE_BACK);
}

enum cq_code cq_give_back_read(const struct cq_reply *reply, enum cq_give_back_verdict *ret_verdict,
                               struct cq_error *err)
{
    static const char *const words[] = {
        [CQ_GIVE_BACK_REQUEUED] = "requeued",
        [CQ_GIVE_BACK_FENCED] = "fenced",
        [CQ_GIVE_BACK_CANCELED] = "canceled",
        [CQ_GIVE_BACK_DELETED] = "deleted",
    };
    enum cq_code code = cq_reply_check(reply, err);
    if (code != CQ_OK)
        return code;
    for (size_t i = 0; i < CQ_ARRAY_LEN(words); i++)
        if (cq_str_is(cq_reply_str(reply), words[i])) {
            *ret_verdict = (enum cq_give_back_verdict)i;
            return CQ_OK;
        }
    return cq_error_set(err, CQ_ERR_REDIS, "Redis answered with something else than give_back.lua returns");
}
