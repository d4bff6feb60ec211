#include "lifecycle/cron/cron_tick.h"

#include <string.h>

#include "base/number.h"
#include "job/keys.h"
#include "lifecycle/cron/schedule.h"

_Static_assert(CQ_CRON_TICK_NKEYS == 4 && CQ_CRON_TICK_NARGS == 13,
               "cron_tick.lua takes other keys or arguments");

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
    char now[CQ_TIME_ISO_SIZE], epoch[CQ_TIME_EPOCH_SIZE];
    cq_time_iso(tick->now, now);
    cq_time_epoch(tick->now, epoch);

    cq_command_script(command, CQ_SCRIPT_CRON_TICK, CQ_CRON_TICK_NKEYS);
    cq_key_arg(command, cq_key_cron_tick(tick->job));
    cq_key_arg(command, cq_key_job(tick->id));
    cq_key_arg(command, cq_key_cron_history(tick->name));
    cq_key_arg(command, cq_key_cron_jobs());

    cq_command_arg(command, tick->seen);
    if (tick->tick == CQ_TIME_UNSET)
        cq_command_text(command, "");
    else
        cq_command_int(command, cq_time_seconds(tick->tick));
    cq_cron_schedule_arg(command, tick->schedule);
    cq_command_int(command, state_ttl(tick));
    cq_command_arg(command, tick->name);
    cq_command_int(command, tick->no_overlap);
    cq_command_arg(command, tick->id);
    cq_command_arg(command, tick->queue);
    cq_command_int(command, tick->at_front);
    cq_command_int(command, tick->ttl_s == CQ_TTL_UNSET ? CQ_TTL_FOREVER : tick->ttl_s);
    cq_command_arg(command, tick->group.data ? tick->group : CQ_STR_LIT(""));
    cq_command_text(command, now);
    cq_command_text(command, epoch);
    cq_command_texts(command, "status", cq_job_status_name(CQ_JOB_QUEUED), "created_at", now, "enqueued_at",
                     now, NULL);
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
