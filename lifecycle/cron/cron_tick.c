#include "lifecycle/cron/cron_tick.h"

#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "job/script_call.h"
#include "lifecycle/times.h"

static int64_t state_ttl(const struct cq_cron_tick *tick)
{
    int64_t wait_s = tick->next == CQ_TIME_UNSET || tick->next < tick->now
                         ? 0
                         : cq_time_seconds(tick->next - tick->now);
    const int64_t most = INT64_C(100) * CQ_CRON_STATE_TTL_S;
    return CQ_CRON_STATE_TTL_S + (wait_s < most ? wait_s : most);
}

void cq_cron_tick_build(const struct cq_cron_tick *tick, struct cq_command *command)
{
    struct cq_key key_state = cq_key_cron_tick(tick->job), key_job = cq_key_job(tick->id);
    struct cq_key key_history = cq_key_cron_history(tick->name), key_names = cq_key_cron_jobs();
    struct cq_str arg_seen = tick->seen, arg_name = tick->name;
    char arg_tick[24] = "";
    if (tick->tick != CQ_TIME_UNSET)
        snprintf(arg_tick, sizeof(arg_tick), "%lld", (long long)cq_time_seconds(tick->tick));
    struct cq_str arg_schedule = tick->schedule;
    int64_t arg_state_ttl = state_ttl(tick),
            arg_ttl = tick->ttl_s == CQ_TTL_UNSET ? CQ_TTL_FOREVER : tick->ttl_s;
    bool arg_no_overlap = tick->no_overlap, arg_at_front = tick->at_front;
    struct cq_str arg_id = tick->id, arg_queue = tick->queue;
    struct cq_str arg_group = tick->group.data ? tick->group : CQ_STR_LIT("");
    struct cq_times now = cq_times_of(tick->now);
    const char *arg_enqueued_at = now.iso, *arg_epoch = now.epoch;
    CQ_PUT_CALL(command, CRON_TICK);
    cq_command_texts(command, "status", cq_job_status_name(CQ_JOB_QUEUED), "created_at", now.iso,
                     "enqueued_at", now.iso, NULL);
}

enum cq_code cq_cron_tick_read(const struct cq_reply *reply, enum cq_cron_verdict *ret_verdict,
                               struct cq_str *ret_seen, struct cq_error *err)
{
    static const char *const words[] = {[CQ_CRON_ENQUEUED] = "enqueued",
                                        [CQ_CRON_TAKEN] = "taken",
                                        [CQ_CRON_PAUSED] = "paused",
                                        [CQ_CRON_OVERLAPS] = "overlaps"};
    enum cq_code code = cq_reply_check(reply, err);
    if (code != CQ_OK)
        return code;
    struct cq_str word = cq_reply_str(cq_reply_at(reply, 0));
    for (size_t i = 0; i < CQ_ARRAY_LEN(words); i++) {
        if (cq_str_is(word, words[i])) {
            *ret_verdict = (enum cq_cron_verdict)i;
            *ret_seen = cq_reply_str(cq_reply_at(reply, 1));
            return CQ_OK;
        }
    }
    return cq_error_set(err, CQ_ERR_REDIS, "the server gave an answer that cron_tick.lua does not give");
}

cq_time cq_cron_seen_tick(struct cq_str seen)
{
    const char *space = seen.len ? memchr(seen.data, ' ', seen.len) : NULL;
    int64_t seconds;
    if (!space ||
        !cq_number_int(cq_str_n(seen.data, (size_t)(space - seen.data)), 0, INT64_C(253402300799), &seconds))
        return CQ_TIME_UNSET;
    return seconds * CQ_SECOND;
}

struct cq_str cq_cron_seen_job(struct cq_str seen)
{
    const char *space = seen.len ? memchr(seen.data, ' ', seen.len) : NULL;
    if (!space)
        return CQ_STR_LIT("");
    const char *id = space + 1, *end = seen.data + seen.len;
    space = memchr(id, ' ', (size_t)(end - id));
    return cq_str_n(id, (size_t)((space ? space : end) - id));
}
