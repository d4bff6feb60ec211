/*
 * What one position of a pool may do: each position is to have one worker process at any time.
 *
 *   WAITING --DUE--> STARTING --READY--> READY --RENEW--> RENEWING --SUCCESSOR_READY--> READY
 *
 * A process that ends is replaced: at once when it ended well, else after a growing pause. One that is too
 * old or too large continues until its successor is ready, and is told to leave then. In burst mode a
 * position is over when its process has ended.
 *
 * Pure: time is a parameter, monotonic, and so is the random number that spreads pauses. The shell is
 * cmd/pool/positions.c, which owns the processes.
 */
#ifndef CQ_CORE_POOL_STATE_H
#define CQ_CORE_POOL_STATE_H

#include "base/backoff.h"
#include "base/clock.h"
#include "core/machine.h"

enum cq_position_state {
    CQ_POSITION_WAITING,  /* no process until start_at */
    CQ_POSITION_STARTING, /* its process has not said that its workers are registered */
    CQ_POSITION_READY,
    CQ_POSITION_RETIRING, /* its process ends by itself: it has done --max-jobs jobs */
    CQ_POSITION_RENEWING, /* READY, and a successor starts */
    CQ_POSITION_STOPPING, /* the pool ends, and its process has been told */
    CQ_POSITION_OVER,     /* no process, and none to come */
};

enum cq_position_event {
    CQ_POSITION_ON_DUE,              /* start_at has come */
    CQ_POSITION_ON_NOT_STARTED,      /* the process could not be made */
    CQ_POSITION_ON_READY,            /* its process has registered its workers */
    CQ_POSITION_ON_MAX_JOBS,         /* its process ends for having done --max-jobs jobs */
    CQ_POSITION_ON_ENDED,            /* its process was reaped: facts say how it ended */
    CQ_POSITION_ON_RENEW,            /* its process is too old or too large */
    CQ_POSITION_ON_SUCCESSOR_READY,  /* the successor has registered its workers */
    CQ_POSITION_ON_SUCCESSOR_FAILED, /* it could not be made, or has ended */
    CQ_POSITION_ON_REMOVE,           /* the pool has fewer workers from now on */
    CQ_POSITION_ON_STOP,             /* the pool ends: all processes are being told */
};

/* Of ON_ENDED. */
enum cq_position_fact {
    CQ_POSITION_WELL = 1,     /* its status was 0 */
    CQ_POSITION_HOPELESS = 2, /* waiting mends nothing, and the pool was never ready */
    CQ_POSITION_REFUSED = 4,  /* others have the names of its workers */
    CQ_POSITION_BURST = 8,    /* the pool is to end when its processes have */
};

enum cq_position_action {
    CQ_POSITION_START = 1,       /* a process; when that fails: ON_NOT_STARTED */
    CQ_POSITION_START_SUCCESSOR, /* when that fails: ON_SUCCESSOR_FAILED */
    CQ_POSITION_START_NOW,       /* it is due at once */
    CQ_POSITION_PAUSE,           /* it is due after pause_s */
    CQ_POSITION_PROMOTE,         /* the successor is the process now */
    CQ_POSITION_RELEASE,         /* the process, to leave when its jobs have ended: it has no position now */
    CQ_POSITION_RELEASE_SUCCESSOR,
    CQ_POSITION_DETACH_SUCCESSOR, /* it has no position now, and is told to end as all are */
    CQ_POSITION_RENEW_LATER,      /* no other successor for pause_s */
    CQ_POSITION_NOTE_FAILURE,     /* the pool's status says that a process failed */
    CQ_POSITION_END_POOL,         /* all of it, with the process's status */
};

struct cq_position {
    enum cq_position_state state;
    cq_time start_at;             /* of WAITING */
    cq_time started_at;           /* when its process was started */
    cq_time successor_started_at; /* of RENEWING */
    cq_time renew_at;             /* it is not renewed before */
    cq_time renew_for_memory_at;  /* it is not renewed for its memory before */
    struct cq_backoff starts, renewals;
    double pause_s; /* of the last PAUSE or RENEW_LATER */
};

extern const struct cq_machine cq_position_machine;

/* It waits, and is due now. */
void cq_position_init(struct cq_position *position, cq_time now);

/*
 * Apply an event: the only function that changes the state.
 *   facts   of ON_ENDED: bits of enum cq_position_fact; 0 for others
 *   random  0 to 1
 * Returns the rule, whose actions the caller performs in their order; NULL: the event is illegal in this
 * state, which stays as it is.
 */
const struct cq_rule *cq_position_apply(struct cq_position *position, enum cq_position_event event,
                                        uint32_t facts, cq_time now, double random);

/* When is something due in it? 0: nothing. */
static inline cq_time cq_position_due_at(const struct cq_position *position)
{
    return position->state == CQ_POSITION_WAITING ? position->start_at : 0;
}

/* May its process be renewed now, for its age? */
static inline bool cq_position_may_renew(const struct cq_position *position, cq_time now)
{
    return position->state == CQ_POSITION_READY && now >= position->renew_at;
}

/* ... for its memory? */
static inline bool cq_position_may_renew_for_memory(const struct cq_position *position, cq_time now)
{
    return cq_position_may_renew(position, now) && now >= position->renew_for_memory_at;
}

#endif
