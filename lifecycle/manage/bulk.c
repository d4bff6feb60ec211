#include "lifecycle/manage/bulk.h"

#include "lifecycle/times.h"

_Static_assert(CQ_BULK_NKEYS == 1 && CQ_BULK_NARGS == 15, "bulk.lua takes other keys or arguments");

void cq_bulk_build(const struct cq_bulk *bulk, struct cq_command *command)
{
    static const char *const verbs[] = {
        [CQ_BULK_CANCEL] = "cancel", [CQ_BULK_DELETE] = "delete", [CQ_BULK_REQUEUE] = "requeue"};
    struct cq_key source = cq_place_key(bulk->place, bulk->queue);
    char since[CQ_TIME_ISO_SIZE];
    cq_time_iso(bulk->since, since);
    cq_command_script(command, CQ_SCRIPT_BULK, CQ_BULK_NKEYS);
    cq_command_arg(command, cq_key_str(&source));
    cq_command_text(command, verbs[bulk->verb]);
    cq_command_text(command, cq_place_word(bulk->place));
    cq_command_arg(command, bulk->queue);
    cq_command_int(command, bulk->limit);
    cq_command_int(command, bulk->dependents);
    cq_command_int(command, bulk->detach);
    cq_command_int(command, bulk->at_front);
    cq_command_text(command, since);
    cq_command_arg(command, bulk->after.score);
    cq_command_arg(command, bulk->after.member);
    cq_command_arg(command, bulk->until.score);
    cq_command_arg(command, bulk->until.member);
    cq_times_arg(command, bulk->now);
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
