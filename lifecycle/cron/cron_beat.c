#include "lifecycle/cron/cron_beat.h"

#include "job/script_call.h"
#include "lifecycle/cron/cron_tick.h"

void cq_cron_beat_build(const struct cq_cron_beat *beat, const struct cq_cron_beat_job *jobs,
                        struct cq_command *command)
{
    enum { HASH_ARGS = 14 };
    struct cq_key key_schedulers = cq_key_cron_schedulers();
    struct cq_key key_scheduler = cq_key_cron_scheduler(beat->scheduler);
    char first_seen[CQ_CRON_JOBS_MAX + 1], created[CQ_TIME_ISO_SIZE];
    cq_time_iso(beat->created_at, created);
    CQ_PUT_KEYS(command, CRON_BEAT, beat->count);
    for (size_t i = 0; i < beat->count; i++) {
        cq_key_arg(command, cq_key_cron_tick(jobs[i].job));
        first_seen[i] = jobs[i].counts_from_now ? '1' : '0';
    }
    struct cq_str arg_name = beat->scheduler.data ? beat->scheduler : CQ_STR_LIT("");
    struct cq_str arg_first_seen = cq_str_n(first_seen, beat->count);
    int arg_ttl = CQ_CRON_SCHEDULER_TTL_S, arg_state_ttl = CQ_CRON_STATE_TTL_S, arg_hash = HASH_ARGS;
    bool arg_fresh = beat->fresh;
    CQ_PUT_ARGS(command, CRON_BEAT);
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
        cq_command_arg(command, jobs[i].schedule);
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
