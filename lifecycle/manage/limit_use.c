#include "lifecycle/manage/limit_use.h"

#include <stdlib.h>
#include <string.h>

#include "job/keys.h"
#include "job/script_call.h"

void cq_limit_keys_build(struct cq_command *command)
{
    cq_command_texts(command, "SUNION", cq_key_limits().text, cq_key_rate_limit_keys().text, NULL);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

enum cq_code cq_limit_keys_read(const struct cq_reply *reply, struct cq_strv *keys, struct cq_error *err)
{
    enum cq_code code = cq_reply_check(reply, err);
    for (size_t i = 0; code == CQ_OK && i < cq_reply_len(reply); i++) {
        struct cq_str key = cq_reply_str(cq_reply_at(reply, i));
        if (key.len && !memchr(key.data, '\0', key.len))
            cq_strv_push(keys, key);
    }
    if (keys->len)
        qsort(keys->items, keys->len, sizeof(*keys->items), by_text);
    return code;
}

void cq_limit_use_build(struct cq_str key, cq_time now, struct cq_command *command)
{
    struct cq_str arg_key = key;
    char arg_now[CQ_TIME_EPOCH_SIZE];
    cq_time_epoch(now, arg_now);
    CQ_PUT_CALL(command, LIMIT_USE);
}

enum cq_code cq_limit_use_read(const struct cq_reply *reply, struct cq_limit_use *ret_use,
                               struct cq_error *err)
{
    enum cq_code code = cq_reply_check(reply, err);
    if (code != CQ_OK)
        return code;
    if (cq_reply_len(reply) != 7)
        return cq_error_set(err, CQ_ERR_REDIS,
                            "Redis answered with something else than limit_use.lua returns");
    int64_t numbers[7];
    for (size_t i = 0; i < 7; i++)
        numbers[i] = cq_reply_int(cq_reply_at(reply, i));
    *ret_use = (struct cq_limit_use){numbers[0], numbers[1], numbers[2], numbers[3],
                                     numbers[4], numbers[5], numbers[6]};
    return CQ_OK;
}

void cq_limit_waiting_build(struct cq_str key, struct cq_str behind, int64_t skip, struct cq_command *command)
{
    struct cq_key waiting = cq_key_rate_limited(key);
    cq_command_text(command, "ZRANGEBYSCORE");
    cq_command_arg(command, cq_key_str(&waiting));
    cq_command_arg(command, behind);
    cq_command_texts(command, "+inf", "WITHSCORES", "LIMIT", NULL);
    cq_command_int(command, skip);
    cq_command_int(command, CQ_LIMIT_PAGE);
}
