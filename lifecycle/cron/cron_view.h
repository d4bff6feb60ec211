/* Plain commands around cron schedulers: their end, which there are, and which cron jobs are paused or known.
 */
#ifndef CQ_LIFECYCLE_CRON_CRON_VIEW_H
#define CQ_LIFECYCLE_CRON_CRON_VIEW_H

#include "base/clock.h"
#include "redis/command.h"

/* A scheduler ends. Its hash goes by its TTL, as RQ's does. Source: rq/cron_scheduler_registry.py
 * unregister. */
void cq_cron_death_build(struct cq_str scheduler, struct cq_command *command);

/* The set of paused names: SADD or SREM. The reply is how many changed. */
void cq_cron_pause_build(struct cq_str name, bool paused, struct cq_command *command);

/* The paused names: SMEMBERS. */
void cq_cron_paused_build(struct cq_command *command);

/* Has a cq cron ever seen a job of this name? EXISTS. */
void cq_cron_known_build(struct cq_str name, struct cq_command *command);

/*
 * The schedulers of the last CQ_CRON_SCHEDULER_TTL_S, cq's and rq's: name, score ...; and what one says of
 * itself, HGETALL. Source: rq/cron.py CronScheduler.all, which removes the others.
 */
void cq_cron_schedulers_build(cq_time now, struct cq_command *command);
void cq_cron_scheduler_build(struct cq_str scheduler, struct cq_command *command);

#endif
