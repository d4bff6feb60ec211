/* A cron scheduler lives: it shows itself as RQ's do, and learns what is known of its jobs. Source:
 * rq/cron.py CronScheduler.save, heartbeat. */
#ifndef CQ_LIFECYCLE_CRON_CRON_BEAT_H
#define CQ_LIFECYCLE_CRON_CRON_BEAT_H

#include "base/clock.h"
#include "base/error.h"
#include "redis/command.h"
#include "redis/reply.h"

enum {
    CQ_CRON_SCHEDULER_TTL_S = 120, /* rq/defaults.py DEFAULT_CRON_SCHEDULER_TTL */
    CQ_CRON_JOBS_MAX = 1000,       /* of one scheduler: one call asks for all of them */
};

/* One cron job in a heartbeat. */
struct cq_cron_beat_job {
    struct cq_str job, name, schedule; /* as a tick's */
    bool counts_from_now;              /* when it was never seen: ticks from now on can be missed */
};

struct cq_cron_beat {
    struct cq_str scheduler; /* CQ_STR_NONE: nobody's heartbeat, only the answer is wanted */
    struct cq_str hostname, config_file, jobs; /* jobs: JSON, as RQ's CronScheduler.to_dict has it */
    int pid;
    cq_time created_at;
    bool fresh; /* the jobs have just been read: one whose schedule is new to Redis counts from now on */
    size_t count;
};

/* At most CQ_CRON_JOBS_MAX jobs. Redis: cron_beat.lua. */
void cq_cron_beat_build(const struct cq_cron_beat *beat, const struct cq_cron_beat_job *jobs,
                        struct cq_command *command);

/* The answer: the server's time; of each job *ret_seen (borrowed) and whether it is paused, by
 * cq_cron_beat_job_at. */
CQ_MUST_CHECK enum cq_code cq_cron_beat_read(const struct cq_reply *reply, size_t count, cq_time *ret_now,
                                             struct cq_error *err);
void cq_cron_beat_job_at(const struct cq_reply *reply, size_t count, size_t index, struct cq_str *ret_seen,
                         bool *ret_paused);

/* Is there one of RQ's schedulers that has a job of the same name? It is told after a fresh heartbeat.
 * Borrowed. */
bool cq_cron_beat_rival(const struct cq_reply *reply, size_t count, struct cq_str *ret_scheduler,
                        struct cq_str *ret_job);

#endif
