#include "lifecycle/cron/cron_view.h"

#include "job/keys.h"
#include "lifecycle/cron/cron_beat.h"

void cq_cron_death_build(struct cq_str scheduler, struct cq_command *command)
{
    cq_command_clear(command);
    cq_command_texts(command, "ZREM", cq_key_cron_schedulers().text, NULL);
    cq_command_arg(command, scheduler);
}

void cq_cron_pause_build(struct cq_str name, bool paused, struct cq_command *command)
{
    cq_command_clear(command);
    cq_command_texts(command, paused ? "SADD" : "SREM", cq_key_cron_paused().text, NULL);
    cq_command_arg(command, name);
}

void cq_cron_paused_build(struct cq_command *command)
{
    cq_command_clear(command);
    cq_command_texts(command, "SMEMBERS", cq_key_cron_paused().text, NULL);
}

void cq_cron_known_build(struct cq_str name, struct cq_command *command)
{
    cq_command_clear(command);
    cq_command_text(command, "EXISTS");
    cq_key_arg(command, cq_key_cron_tick(name));
}

void cq_cron_schedulers_build(cq_time now, struct cq_command *command)
{
    cq_command_clear(command);
    cq_command_texts(command, "ZRANGEBYSCORE", cq_key_cron_schedulers().text, NULL);
    cq_command_argf(command, "(%lld", (long long)(cq_time_seconds(now) - CQ_CRON_SCHEDULER_TTL_S));
    cq_command_texts(command, "+inf", "WITHSCORES", NULL);
}

void cq_cron_scheduler_build(struct cq_str scheduler, struct cq_command *command)
{
    cq_command_clear(command);
    cq_command_text(command, "HGETALL");
    cq_key_arg(command, cq_key_cron_scheduler(scheduler));
}
