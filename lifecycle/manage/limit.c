#include "lifecycle/manage/limit.h"

_Static_assert((int)CQ_LIMIT_NKEYS == 0 && (int)CQ_LIMIT_NARGS == 7,
               "limit.lua takes other keys or arguments");

static void put_number(struct cq_command *command, int64_t number)
{
    if (number == CQ_LIMIT_KEEP)
        cq_command_text(command, "");
    else if (number == CQ_LIMIT_NONE)
        cq_command_text(command, "none");
    else
        cq_command_int(command, number);
}

static void put_now(struct cq_command *command, cq_time now)
{
    char iso[CQ_TIME_ISO_SIZE], epoch[CQ_TIME_EPOCH_SIZE];
    cq_time_iso(now, iso);
    cq_time_epoch(now, epoch);
    cq_command_texts(command, iso, epoch, NULL);
}

void cq_limit_set_build(const struct cq_limit *limit, cq_time now, struct cq_command *command)
{
    cq_command_script(command, CQ_SCRIPT_LIMIT, CQ_LIMIT_NKEYS);
    cq_command_text(command, "set");
    cq_command_arg(command, limit->key);
    put_number(command, limit->rate);
    put_number(command, limit->rate > 0 ? limit->window_s : CQ_LIMIT_KEEP);
    put_number(command, limit->concurrency);
    put_now(command, now);
}

void cq_limit_remove_build(struct cq_str key, cq_time now, struct cq_command *command)
{
    cq_command_script(command, CQ_SCRIPT_LIMIT, CQ_LIMIT_NKEYS);
    cq_command_text(command, "remove");
    cq_command_arg(command, key);
    cq_command_texts(command, "", "", "", NULL);
    put_now(command, now);
}

enum cq_code cq_limit_read(const struct cq_reply *reply, bool *ret_before, struct cq_error *err)
{
    enum cq_code code = cq_reply_check(reply, err);
    if (code == CQ_OK)
        *ret_before = cq_reply_int(reply) == 1;
    return code;
}
