#include "lifecycle/manage/limit.h"

#include <stdio.h>

#include "job/script_call.h"
#include "lifecycle/times.h"

enum { NUMBER_SIZE = 24 };

/* As limit.lua takes it: '' leaves what is set, 'none' takes it away. */
static void number_text(int64_t number, char text[NUMBER_SIZE])
{
    if (number == CQ_LIMIT_KEEP || number == CQ_LIMIT_NONE)
        snprintf(text, NUMBER_SIZE, "%s", number == CQ_LIMIT_KEEP ? "" : "none");
    else
        snprintf(text, NUMBER_SIZE, "%lld", (long long)number);
}

static void build(const char *verb, const struct cq_limit *limit, cq_time now, struct cq_command *command)
{
    const char *arg_verb = verb;
    struct cq_str arg_key = limit->key;
    char arg_rate[NUMBER_SIZE], arg_window[NUMBER_SIZE], arg_concurrency[NUMBER_SIZE];
    number_text(limit->rate, arg_rate);
    number_text(limit->rate > 0 ? limit->window_s : CQ_LIMIT_KEEP, arg_window);
    number_text(limit->concurrency, arg_concurrency);
    struct cq_times times = cq_times_of(now);
    const char *arg_now_iso = times.iso, *arg_now = times.epoch;
    CQ_PUT_CALL(command, LIMIT);
}

void cq_limit_set_build(const struct cq_limit *limit, cq_time now, struct cq_command *command)
{
    build("set", limit, now, command);
}

void cq_limit_remove_build(struct cq_str key, cq_time now, struct cq_command *command)
{
    const struct cq_limit all = {.key = key, .rate = CQ_LIMIT_KEEP, .concurrency = CQ_LIMIT_KEEP};
    build("remove", &all, now, command);
}

enum cq_code cq_limit_read(const struct cq_reply *reply, bool *ret_before, struct cq_error *err)
{
    enum cq_code code = cq_reply_check(reply, err);
    if (code == CQ_OK)
        *ret_before = cq_reply_int(reply) == 1;
    return code;
}
