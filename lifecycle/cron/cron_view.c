#include "lifecycle/cron/cron_view.h"

#include "lifecycle/cron/cron_beat.h"
#include "lifecycle/cron/keys.h"

void cq_cron_death_build(struct cq_str scheduler, struct cq_command *command)
{
    cq_command_clear(command);
    cq_command_texts(command, "ZREM", CQ_KEY_CRON_SCHEDULERS, NULL);
    cq_command_arg(command, scheduler);
}

void cq_cron_pause_build(struct cq_str name, bool paused, struct cq_command *command)
{
    cq_command_clear(command);
    cq_command_texts(command, paused ? "SADD" : "SREM", CQ_KEY_CRON_PAUSED, NULL);
    cq_command_arg(command, name);
}

void cq_cron_paused_build(struct cq_command *command)
{
    cq_command_clear(command);
    cq_command_texts(command, "SMEMBERS", CQ_KEY_CRON_PAUSED, NULL);
}

void cq_cron_known_build(struct cq_str name, struct cq_command *command)
{
    cq_command_clear(command);
    cq_command_text(command, "EXISTS");
    cq_cron_put_prefixed(command, CQ_PREFIX_CRON_TICK, name, "");
}

void cq_cron_schedulers_build(cq_time now, struct cq_command *command)
{
    cq_command_clear(command);
    cq_command_texts(command, "ZRANGEBYSCORE", CQ_KEY_CRON_SCHEDULERS, NULL);
    cq_command_argf(command, "(%lld", (long long)(cq_time_seconds(now) - CQ_CRON_SCHEDULER_TTL_S));
    cq_command_texts(command, "+inf", "WITHSCORES", NULL);
}

void cq_cron_scheduler_build(struct cq_str scheduler, struct cq_command *command)
{
    cq_command_clear(command);
    cq_command_text(command, "HGETALL");
    cq_cron_put_prefixed(command, CQ_PREFIX_CRON_SCHEDULER, scheduler, "");
}
