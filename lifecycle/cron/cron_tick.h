/*
 * Cron: a tick of a schedule becomes a job, once, however many schedulers see it; and a scheduler's life in
 * Redis.
 *
 * What is known of a cron job is one string under rq:cq:cron:tick:, `<epoch of its last tick> <id of the job
 * that it enqueued> <zone> <schedule>`. A scheduler decides by it what is due, and takes a tick by saying
 * what it has seen there: cron_tick.lua does nothing when it is something else by now. Source: rq/cron.py,
 * which has no lock.
 */
#ifndef CQ_LIFECYCLE_CRON_CRON_TICK_H
#define CQ_LIFECYCLE_CRON_CRON_TICK_H

#include "base/clock.h"
#include "base/error.h"
#include "job/job.h"
#include "redis/command.h"
#include "redis/reply.h"

enum { CQ_CRON_STATE_TTL_S = 31536000 }; /* what is known of a job is kept for a year after its next tick */

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

enum cq_cron_verdict { CQ_CRON_ENQUEUED, CQ_CRON_TAKEN, CQ_CRON_PAUSED, CQ_CRON_OVERLAPS };

/* *ret_seen: what is known now; borrowed from the reply. */
CQ_MUST_CHECK enum cq_code cq_cron_tick_read(const struct cq_reply *reply, enum cq_cron_verdict *ret_verdict,
                                             struct cq_str *ret_seen, struct cq_error *err);

/* The tick that a string of this kind names, CQ_TIME_UNSET when none. */
cq_time cq_cron_seen_tick(struct cq_str seen);

/* The job that it enqueued last; empty when none. Borrowed from seen. */
struct cq_str cq_cron_seen_job(struct cq_str seen);

#endif
