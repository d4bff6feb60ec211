#include "lifecycle/manage/bulk.h"

#include "job/script_call.h"
#include "lifecycle/times.h"

void cq_bulk_build(const struct cq_bulk *bulk, struct cq_command *command)
{
    static const char *const verbs[] = {
        [CQ_BULK_CANCEL] = "cancel", [CQ_BULK_DELETE] = "delete", [CQ_BULK_REQUEUE] = "requeue"};
    struct cq_key key_source = cq_place_key(bulk->place, bulk->queue);
    const char *arg_verb = verbs[bulk->verb], *arg_place = cq_place_word(bulk->place);
    struct cq_str arg_queue = bulk->queue;
    int arg_limit = bulk->limit;
    bool arg_dependents = bulk->dependents, arg_detach = bulk->detach, arg_at_front = bulk->at_front;
    char arg_since[CQ_TIME_ISO_SIZE];
    cq_time_iso(bulk->since, arg_since);
    struct cq_str arg_last_score = bulk->after.score, arg_last_member = bulk->after.member;
    struct cq_str arg_until_score = bulk->until.score, arg_until_member = bulk->until.member;
    CQ_NOW_ARGS(bulk->now);
    CQ_PUT_CALL(command, BULK);
    for (size_t i = 0; i < bulk->id_count; i++)
        cq_command_arg(command, bulk->ids[i]);
}

enum cq_code cq_bulk_read(const struct cq_reply *reply, struct cq_bulk_done *ret_done, struct cq_error *err)
{
    enum cq_code code = cq_reply_check(reply, err);
    if (code != CQ_OK)
        return code;
    *ret_done = (struct cq_bulk_done){
        .done = cq_reply_int(cq_reply_at(reply, 0)),
        .gone = cq_reply_int(cq_reply_at(reply, 1)),
        .passed = cq_reply_int(cq_reply_at(reply, 2)),
        .broken = cq_reply_int(cq_reply_at(reply, 3)),
        .seen = cq_reply_int(cq_reply_at(reply, 4)),
        .ended = cq_reply_int(cq_reply_at(reply, 5)) != 0,
        .at = {cq_reply_str(cq_reply_at(reply, 6)), cq_reply_str(cq_reply_at(reply, 7))},
        .fault = cq_reply_str(cq_reply_at(reply, 8)),
    };
    return CQ_OK;
}
