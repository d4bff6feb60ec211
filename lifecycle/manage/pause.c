#include "lifecycle/manage/pause.h"

#include <assert.h>
#include <stdio.h>

#include "job/script_call.h"

static void build(const struct cq_strv *queues, const char *ends, cq_time now, struct cq_command *command)
{
    assert(queues->len > 0);
    struct cq_key key_paused = cq_key_paused();
    const char *arg_ends = ends;
    int64_t arg_now_s = cq_time_seconds(now);
    CQ_PUT_CALL(command, PAUSE);
    for (size_t i = 0; i < queues->len; i++)
        cq_command_text(command, queues->items[i]);
}

void cq_pause_build(const struct cq_strv *queues, int64_t duration_s, cq_time now, struct cq_command *command)
{
    char ends[24] = "";
    if (duration_s > 0)
        snprintf(ends, sizeof(ends), "%lld", (long long)(cq_time_seconds(now) + duration_s));
    build(queues, ends, now, command);
}

void cq_pause_end_build(const struct cq_strv *queues, cq_time now, struct cq_command *command)
{
    build(queues, "resume", now, command);
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
