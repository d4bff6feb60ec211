#include "lifecycle/cron/cron.h"

#include <string.h>

#include "base/number.h"
#include "job/keys.h"

_Static_assert(CQ_CRON_TICK_NKEYS == 4 && CQ_CRON_TICK_NARGS == 13,
               "cron_tick.lua takes other keys or arguments");
_Static_assert(CQ_CRON_BEAT_NKEYS == 2 && CQ_CRON_BEAT_NARGS == 6,
               "cron_beat.lua takes other keys or arguments");

#define KEY_SCHEDULERS "rq:cron_schedulers"
#define KEY_JOBS "rq:cron_jobs"
#define KEY_PAUSED "cq:cron:paused"
#define PREFIX_SCHEDULER "rq:cron_scheduler:"
#define PREFIX_TICK "cq:cron:tick:"

static void add_prefixed(struct cq_command *command, const char *prefix, struct cq_str name,
                         const char *suffix)
{
    struct cq_buf key = CQ_BUF_INIT(4 * CQ_NAME_MAX);
    cq_buf_text(&key, prefix);
    cq_buf_str(&key, name);
    cq_buf_text(&key, suffix);
    cq_command_arg(command, cq_buf_view(&key));
    cq_buf_release(&key);
}

/* With a space before it, as it stands in the key. */
static void add_schedule(struct cq_command *command, struct cq_str schedule)
{
    add_prefixed(command, schedule.len ? " " : "", schedule, "");
}

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
    struct cq_key job = cq_key_job(tick->id);
    char now[CQ_TIME_ISO_SIZE], epoch[CQ_TIME_EPOCH_SIZE];
    cq_time_iso(tick->now, now);
    cq_time_epoch(tick->now, epoch);

    cq_command_script(command, CQ_SCRIPT_CRON_TICK, CQ_CRON_TICK_NKEYS);
    add_prefixed(command, PREFIX_TICK, tick->job, "");
    cq_command_arg(command, cq_key_str(&job));
    add_prefixed(command, "rq:cron_job:", tick->name, ":jobs");
    cq_command_text(command, KEY_JOBS);

    cq_command_arg(command, tick->seen);
    if (tick->tick == CQ_TIME_UNSET)
        cq_command_text(command, "");
    else
        cq_command_int(command, cq_time_seconds(tick->tick));
    add_schedule(command, tick->schedule);
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

enum cq_code cq_cron_tick_read(const struct cq_reply *reply, enum cq_cron_outcome *ret_outcome,
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
            *ret_outcome = (enum cq_cron_outcome)i;
            *ret_seen = cq_reply_str(cq_reply_at(reply, 1));
            return CQ_OK;
        }
    }
    return cq_error_set(err, CQ_ERR_REDIS, "the server gave an answer that cron_tick.lua does not give");
}

void cq_cron_beat_build(const struct cq_cron_beat *beat, const struct cq_cron_beat_job *jobs,
                        struct cq_command *command)
{
    enum { HASH_ARGS = 14 };
    char first_seen[CQ_CRON_JOBS_MAX + 1], created[CQ_TIME_ISO_SIZE];
    cq_time_iso(beat->created_at, created);
    cq_command_script(command, CQ_SCRIPT_CRON_BEAT, CQ_CRON_BEAT_NKEYS + (int)beat->count);
    cq_command_text(command, KEY_SCHEDULERS);
    add_prefixed(command, PREFIX_SCHEDULER, beat->scheduler, "");
    for (size_t i = 0; i < beat->count; i++) {
        add_prefixed(command, PREFIX_TICK, jobs[i].job, "");
        first_seen[i] = jobs[i].counts_from_now ? '1' : '0';
    }
    cq_command_arg(command, beat->scheduler.data ? beat->scheduler : CQ_STR_LIT(""));
    cq_command_int(command, CQ_CRON_SCHEDULER_TTL_S);
    cq_command_int(command, CQ_CRON_STATE_TTL_S);
    cq_command_arg(command, cq_str_n(first_seen, beat->count));
    cq_command_int(command, beat->fresh);
    cq_command_int(command, HASH_ARGS);
    cq_command_text(command, "hostname");
    cq_command_arg(command, beat->hostname);
    cq_command_text(command, "pid");
    cq_command_int(command, beat->pid);
    cq_command_text(command, "name");
    cq_command_arg(command, beat->scheduler);
    cq_command_texts(command, "version", "cq " CQ_VERSION, "created_at", created, "config_file", NULL);
    cq_command_arg(command, beat->config_file);
    cq_command_text(command, "cron_jobs");
    cq_command_arg(command, beat->jobs);
    for (size_t i = 0; i < beat->count; i++)
        cq_command_arg(command, jobs[i].name);
    for (size_t i = 0; i < beat->count; i++)
        add_schedule(command, jobs[i].schedule);
}

enum cq_code cq_cron_beat_read(const struct cq_reply *reply, size_t count, cq_time *ret_now,
                               struct cq_error *err)
{
    enum cq_code code = cq_reply_check(reply, err);
    if (code != CQ_OK)
        return code;
    cq_time now = cq_reply_time(reply);
    if (!now || (cq_reply_len(reply) != 2 + 2 * count && cq_reply_len(reply) != 4 + 2 * count))
        return cq_error_set(err, CQ_ERR_REDIS, "the server gave an answer that cron_beat.lua does not give");
    *ret_now = now;
    return CQ_OK;
}

void cq_cron_beat_job_at(const struct cq_reply *reply, size_t count, size_t index, struct cq_str *ret_seen,
                         bool *ret_paused)
{
    *ret_seen = cq_reply_str(cq_reply_at(reply, 2 + index));
    *ret_paused = cq_str_is(cq_reply_str(cq_reply_at(reply, 2 + count + index)), "1");
}

bool cq_cron_beat_rival(const struct cq_reply *reply, size_t count, struct cq_str *ret_scheduler,
                        struct cq_str *ret_job)
{
    *ret_scheduler = cq_reply_str(cq_reply_at(reply, 2 + 2 * count));
    *ret_job = cq_reply_str(cq_reply_at(reply, 3 + 2 * count));
    return ret_scheduler->data && ret_job->data;
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

void cq_cron_death_build(struct cq_str scheduler, struct cq_command *command)
{
    cq_command_clear(command);
    cq_command_texts(command, "ZREM", KEY_SCHEDULERS, NULL);
    cq_command_arg(command, scheduler);
}

void cq_cron_pause_build(struct cq_str name, bool paused, struct cq_command *command)
{
    cq_command_clear(command);
    cq_command_texts(command, paused ? "SADD" : "SREM", KEY_PAUSED, NULL);
    cq_command_arg(command, name);
}

void cq_cron_paused_build(struct cq_command *command)
{
    cq_command_clear(command);
    cq_command_texts(command, "SMEMBERS", KEY_PAUSED, NULL);
}

void cq_cron_known_build(struct cq_str name, struct cq_command *command)
{
    cq_command_clear(command);
    cq_command_text(command, "EXISTS");
    add_prefixed(command, PREFIX_TICK, name, "");
}

void cq_cron_schedulers_build(cq_time now, struct cq_command *command)
{
    cq_command_clear(command);
    cq_command_texts(command, "ZRANGEBYSCORE", KEY_SCHEDULERS, NULL);
    cq_command_argf(command, "(%lld", (long long)(cq_time_seconds(now) - CQ_CRON_SCHEDULER_TTL_S));
    cq_command_texts(command, "+inf", "WITHSCORES", NULL);
}

void cq_cron_scheduler_build(struct cq_str scheduler, struct cq_command *command)
{
    cq_command_clear(command);
    cq_command_text(command, "HGETALL");
    add_prefixed(command, PREFIX_SCHEDULER, scheduler, "");
}
