#include "lifecycle/give_back.h"

#include "job/keys.h"
#include "lifecycle/times.h"

_Static_assert(CQ_GIVE_BACK_NKEYS == 5 && CQ_GIVE_BACK_NARGS == 7,
               "give_back.lua takes other keys or arguments");

void cq_give_back_build(const struct cq_give_back *give_back, struct cq_command *command)
{
    struct cq_key worker = cq_key_worker(give_back->worker),
                  executions = cq_key_worker_executions(give_back->worker);
    struct cq_key wip = cq_key_registry("wip", give_back->queue), list = cq_key_queue(give_back->queue);
    struct cq_key order = cq_key_given_back(give_back->queue);
    cq_command_script(command, CQ_SCRIPT_GIVE_BACK, CQ_GIVE_BACK_NKEYS);
    cq_command_arg(command, cq_key_str(&worker));
    cq_command_arg(command, cq_key_str(&executions));
    cq_command_arg(command, cq_key_str(&wip));
    cq_command_arg(command, cq_key_str(&list));
    cq_command_arg(command, cq_key_str(&order));
    cq_command_arg(command, give_back->job_id);
    cq_command_arg(command, give_back->queue);
    cq_command_arg(command, give_back->execution_id);
    cq_command_int(command, give_back->worker_ttl_s);
    cq_times_arg(command, give_back->now);
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
