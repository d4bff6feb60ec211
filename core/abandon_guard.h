/*
 * When may executions be judged abandoned, and by which time?
 *
 * The clocks of the workers that run them have written their scores. So no execution is judged right after a
 * gap: Redis was silent, this process was stopped, the machine slept or a clock was set. First every live
 * worker gets the time for a heartbeat. And a clock that is ahead takes no jobs away from others: a score
 * must have passed by the clock of Redis, too.
 *
 * Pure: both kinds of time are parameters. now: wall clock; monotonic: stands still while the machine sleeps.
 */
#ifndef CQ_CORE_ABANDON_GUARD_H
#define CQ_CORE_ABANDON_GUARD_H

#include <stdbool.h>

#include "base/clock.h"
#include "core/machine.h"

enum cq_abandon_guard_state {
    CQ_ABANDON_GUARD_OPEN,   /* executions may be judged */
    CQ_ABANDON_GUARD_CLOSED, /* after a gap, until wait_until */
};

enum cq_abandon_guard_event { CQ_ABANDON_GUARD_ROUND }; /* executions may be judged, if it is open */

enum cq_abandon_guard_fact {
    CQ_ABANDON_GUARD_GAP = 1,    /* since Redis last answered */
    CQ_ABANDON_GUARD_WAITED = 2, /* the time that others have after a gap is over */
};

/* What a round is to do. */
enum cq_abandon_guard_action {
    CQ_ABANDON_GUARD_JUDGE = 1, /* judge executions now */
    CQ_ABANDON_GUARD_HEARTBEAT, /* judge nobody; send the heartbeats of this process's workers at once */
    CQ_ABANDON_GUARD_WAIT,      /* judge nobody */
};

struct cq_abandon_guard {
    enum cq_abandon_guard_state state;
    cq_time heard_at, heard_monotonic; /* when Redis last answered, by both clocks; 0: not yet */
    cq_time wait_until;                /* monotonic; of CLOSED */
};

extern const struct cq_machine cq_abandon_guard_machine;

/* Redis answered. An answer that comes after a gap does not hide the gap from the next round. */
void cq_abandon_guard_heard(struct cq_abandon_guard *guard, cq_time now, cq_time monotonic);

/* A round is due: what it is to do. */
enum cq_abandon_guard_action cq_abandon_guard_round(struct cq_abandon_guard *guard, cq_time now,
                                                    cq_time monotonic);

/* The time to judge by. */
static inline cq_time cq_abandon_guard_judge_by(cq_time now, cq_time redis_now)
{
    return now < redis_now ? now : redis_now;
}

/* Do two clocks differ by so much that it should be said? */
bool cq_abandon_guard_clocks_differ(cq_time now, cq_time redis_now);

#endif
