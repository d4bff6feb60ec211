/*
 * When may executions be judged abandoned, and by which time?
 *
 * Their scores were written by the clocks of those who run them. So nobody is judged right after Redis was
 * silent, we were stopped, the machine slept or our clock was set: first everybody who lives gets the time to
 * say so. And one clock that is ahead of the others' takes nobody's jobs away: what counts as past must be
 * past by the clock of Redis, too.
 *
 * No I/O, and no clock of its own: both kinds of time are given. now: wall clock; monotonic: stands still
 * while the machine sleeps.
 */
#ifndef CQ_WORKER_PATIENCE_H
#define CQ_WORKER_PATIENCE_H

#include <stdbool.h>

#include "base/clock.h"

struct cq_patience {
    cq_time heard_at, heard_monotonic; /* when Redis last answered, by both; 0: not yet */
    cq_time patient_until;             /* monotonic */
};

enum cq_patience_state { CQ_PATIENCE_OVER, CQ_PATIENCE_BEGINS, CQ_PATIENCE_LASTS };

/* Redis answered. An answer that comes after something happened does not hide that from who asks next. */
void cq_patience_heard(struct cq_patience *patience, cq_time now, cq_time monotonic);

/* OVER: judge. BEGINS: something happened since Redis last answered; who runs jobs says so at once. */
enum cq_patience_state cq_patience_ask(struct cq_patience *patience, cq_time now, cq_time monotonic);

/* The time to judge by. */
static inline cq_time cq_patience_judge(cq_time now, cq_time redis_now)
{
    return now < redis_now ? now : redis_now;
}

/* Do two clocks differ by so much that it should be said? */
bool cq_patience_differ(cq_time now, cq_time redis_now);

#endif
