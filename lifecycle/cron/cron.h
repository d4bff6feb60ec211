/*
 * Cron: a tick of a schedule becomes a job, once, however many schedulers see it; and a scheduler's life in
 * Redis.
 *
 * What is known of a cron job is one string under cq:cron:tick:, `<epoch of its last tick> <id of the job
 * that it enqueued> <zone> <schedule>`. A scheduler decides by it what is due, and claims a tick by saying
 * what it has seen there: cron_tick.lua does nothing when it is something else by now. Source: rq/cron.py,
 * which has no lock.
 */
#ifndef CQ_LIFECYCLE_CRON_H
#define CQ_LIFECYCLE_CRON_H

#include "base/clock.h"
#include "base/error.h"
#include "job/job.h"
#include "redis/command.h"
#include "redis/reply.h"

enum {
    CQ_CRON_SCHEDULER_TTL_S = 120,  /* rq/defaults.py DEFAULT_CRON_SCHEDULER_TTL */
    CQ_CRON_STATE_TTL_S = 31536000, /* what is known of a job is kept for a year after its next tick */
    CQ_CRON_JOBS_MAX = 1000,        /* of one scheduler: one call asks for all of them */
};

struct cq_cron_tick {
    struct cq_str job;      /* which cron job: its name, or name#2 where several have the name */
    struct cq_str name;     /* as RQ knows it */
    struct cq_str seen;     /* what the caller knows of it; "": nothing yet */
    struct cq_str schedule; /* `<zone> <schedule>`, to know it when it changes; CQ_STR_NONE: not kept */
    cq_time tick;           /* whole seconds; CQ_TIME_UNSET: out of turn */
    cq_time next;           /* the tick after it, or when it will be needed no more */
    bool no_overlap;
    struct cq_str id, queue, group; /* of the job to enqueue; group may be CQ_STR_NONE */
    bool at_front;
    int64_t ttl_s; /* CQ_TTL_UNSET (job/job.h): none */
    cq_time now;
};

/*
 * Build the call; field, value ... of the job's hash follow, appended by the caller (cq_job_write), which
 * need not have status, created_at and enqueued_at. May be sent again when its answer was lost. Redis:
 * cron_tick.lua.
 */
void cq_cron_tick_build(const struct cq_cron_tick *tick, struct cq_command *command);

enum cq_cron_outcome { CQ_CRON_ENQUEUED, CQ_CRON_TAKEN, CQ_CRON_PAUSED, CQ_CRON_OVERLAPS };

/* *ret_seen: what is known now; borrowed from the reply. */
CQ_MUST_CHECK enum cq_code cq_cron_tick_read(const struct cq_reply *reply, enum cq_cron_outcome *ret_outcome,
                                             struct cq_str *ret_seen, struct cq_error *err);

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

/* The tick that a string of this kind names, CQ_TIME_UNSET when none. */
cq_time cq_cron_seen_tick(struct cq_str seen);

/* The job that it enqueued last; empty when none. Borrowed from seen. */
struct cq_str cq_cron_seen_job(struct cq_str seen);

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
