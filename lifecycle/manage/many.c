#include "lifecycle/manage/many.h"

#include "lifecycle/times.h"

_Static_assert(CQ_MANY_NKEYS == 1 && CQ_MANY_NARGS == 15, "many.lua takes other keys or arguments");

void cq_many_build(const struct cq_many *many, struct cq_command *command)
{
    static const char *const verbs[] = {
        [CQ_MANY_CANCEL] = "cancel", [CQ_MANY_DELETE] = "delete", [CQ_MANY_REQUEUE] = "requeue"};
    struct cq_key source = cq_place_key(many->place, many->queue);
    char since[CQ_TIME_ISO_SIZE];
    cq_time_iso(many->since, since);
    cq_command_script(command, CQ_SCRIPT_MANY, CQ_MANY_NKEYS);
    cq_command_arg(command, cq_key_str(&source));
    cq_command_text(command, verbs[many->verb]);
    cq_command_text(command, cq_place_word(many->place));
    cq_command_arg(command, many->queue);
    cq_command_int(command, many->limit);
    cq_command_int(command, many->dependents);
    cq_command_int(command, many->detach);
    cq_command_int(command, many->at_front);
    cq_command_text(command, since);
    cq_command_arg(command, many->after.score);
    cq_command_arg(command, many->after.member);
    cq_command_arg(command, many->until.score);
    cq_command_arg(command, many->until.member);
    cq_times_arg(command, many->now);
    for (size_t i = 0; i < many->id_count; i++)
        cq_command_arg(command, many->ids[i]);
}

enum cq_code cq_many_read(const struct cq_reply *reply, struct cq_many_done *ret_done, struct cq_error *err)
{
    enum cq_code code = cq_reply_check(reply, err);
    if (code != CQ_OK)
        return code;
    *ret_done = (struct cq_many_done){
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
