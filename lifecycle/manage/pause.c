#include "lifecycle/manage/pause.h"

#include <assert.h>

#include "job/keys.h"

_Static_assert((int)CQ_PAUSE_NKEYS == 1 && (int)CQ_PAUSE_NARGS == 2,
               "pause.lua takes other keys or arguments");

static void put_queues(const struct cq_strv *queues, cq_time now, struct cq_command *command)
{
    cq_command_int(command, cq_time_seconds(now));
    for (size_t i = 0; i < queues->len; i++)
        cq_command_text(command, queues->items[i]);
}

void cq_pause_build(const struct cq_strv *queues, int64_t duration_s, cq_time now, struct cq_command *command)
{
    assert(queues->len > 0);
    cq_command_script(command, CQ_SCRIPT_PAUSE, CQ_PAUSE_NKEYS);
    cq_key_arg(command, cq_key_paused());
    if (duration_s > 0)
        cq_command_int(command, cq_time_seconds(now) + duration_s);
    else
        cq_command_text(command, "");
    put_queues(queues, now, command);
}

void cq_pause_end_build(const struct cq_strv *queues, cq_time now, struct cq_command *command)
{
    assert(queues->len > 0);
    cq_command_script(command, CQ_SCRIPT_PAUSE, CQ_PAUSE_NKEYS);
    cq_command_texts(command, cq_key_paused().text, "resume", NULL);
    put_queues(queues, now, command);
}

enum cq_code cq_pause_read(const struct cq_reply *reply, size_t queue_count, struct cq_error *err)
{
    enum cq_code code = cq_reply_check(reply, err);
    if (code == CQ_OK && cq_reply_len(reply) != queue_count)
        code = cq_error_set(err, CQ_ERR_REDIS,
                            "Redis answered a pause with something else than pause.lua returns");
    return code;
}

bool cq_pause_was(const struct cq_reply *reply, size_t queue_index)
{
    return cq_reply_int(cq_reply_at(reply, queue_index)) == 1;
}
