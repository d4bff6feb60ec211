#include "lifecycle/manage/stop.h"

#include "job/script_call.h"

void cq_stop_build(const struct cq_str *ids, size_t id_count, struct cq_command *command)
{
    int64_t arg_count = (int64_t)id_count;
    CQ_PUT_CALL(command, STOP);
    for (size_t i = 0; i < id_count; i++)
        cq_command_arg(command, ids[i]);
}

enum cq_code cq_stop_read(const struct cq_reply *reply, size_t *ret_count, struct cq_error *err)
{
    enum cq_code code = cq_reply_check(reply, err);
    if (code != CQ_OK)
        return code;
    *ret_count = cq_reply_len(reply);
    return CQ_OK;
}

void cq_stop_item(const struct cq_reply *reply, size_t index, struct cq_stopping *ret_item)
{
    static const char *const words[] = {[CQ_STOP_TOLD] = "told",
                                        [CQ_STOP_UNHEARD] = "unheard",
                                        [CQ_STOP_NOT_RUNNING] = "not running",
                                        [CQ_STOP_NO_JOB] = "no job"};
    const struct cq_reply *item = cq_reply_at(reply, index);
    struct cq_str word = cq_reply_str(cq_reply_at(item, 0));
    ret_item->verdict = CQ_STOP_NO_JOB;
    for (int verdict = 0; verdict < (int)CQ_ARRAY_LEN(words); verdict++)
        if (cq_str_is(word, words[verdict]))
            ret_item->verdict = (enum cq_stop_verdict)verdict;
    ret_item->queue = cq_reply_str(cq_reply_at(item, 1));
    ret_item->member = cq_reply_str(cq_reply_at(item, 2));
    ret_item->worker = cq_reply_str(cq_reply_at(item, 3));
    ret_item->status = cq_reply_str(cq_reply_at(item, 4));
}
