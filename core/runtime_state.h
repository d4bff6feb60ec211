/*
 * What one runtime may do: start, be ready, get a successor, wait after a failure, fail its jobs.
 *
 *   ABSENT --WANTED--> STARTING --HELLO--> READY --RELOAD--> RELOADING --SUCCESSOR_HELLO--> READY
 *
 * A start that fails leads to PAUSED, when it is to be tried again, or to BROKEN: then jobs fail at once, and
 * the first one after the pause starts it again. A runtime that the worker starts itself is tried again for
 * ever once it was ready; when its first start fails, the worker fails.
 *
 * Pure: time is a parameter, monotonic. The shell is worker/runtimes/runtime.c, which owns the processes.
 */
#ifndef CQ_CORE_RUNTIME_STATE_H
#define CQ_CORE_RUNTIME_STATE_H

#include "base/backoff.h"
#include "base/clock.h"
#include "core/machine.h"

enum cq_runtime_state {
    CQ_RUNTIME_ABSENT,           /* not started: the next job that needs it starts it */
    CQ_RUNTIME_STARTING,         /* its stable has not said hello */
    CQ_RUNTIME_READY,            /* its stable takes forks */
    CQ_RUNTIME_RELOADING,        /* READY, and a successor of its stable starts */
    CQ_RUNTIME_ENDING,           /* its stable was killed, because it hangs or broke the protocol */
    CQ_RUNTIME_ENDING_RELOADING, /* ENDING, and a successor starts */
    CQ_RUNTIME_PAUSED,           /* without a stable until its timer runs out */
    CQ_RUNTIME_BROKEN,           /* without a stable: jobs fail */
    CQ_RUNTIME_STOPPED,          /* the worker ends */
};

enum cq_runtime_event {
    CQ_RUNTIME_ON_WANTED,           /* a job needs it */
    CQ_RUNTIME_ON_STARTED,          /* the worker has started it with itself */
    CQ_RUNTIME_ON_HELLO,            /* its stable takes forks */
    CQ_RUNTIME_ON_START_FAILED,     /* it could not be started, refused to serve, or was late */
    CQ_RUNTIME_ON_GIVEN_UP,         /* its stable is being killed: its death is to come */
    CQ_RUNTIME_ON_DIED,             /* its stable is dead */
    CQ_RUNTIME_ON_KILLED,           /* the same, by a signal that the worker did not send */
    CQ_RUNTIME_ON_RETRY_DUE,        /* the timer of PAUSED ran out */
    CQ_RUNTIME_ON_RELOAD,           /* its code is to be loaded anew */
    CQ_RUNTIME_ON_SUCCESSOR_HELLO,  /* the successor takes forks */
    CQ_RUNTIME_ON_SUCCESSOR_FAILED, /* it could not be started, refused to serve, was late, or died */
    CQ_RUNTIME_ON_STOP,             /* the worker ends */
};

enum cq_runtime_action {
    CQ_RUNTIME_START = 1,       /* a stable; when that fails: ON_START_FAILED */
    CQ_RUNTIME_START_SUCCESSOR, /* when that fails: ON_SUCCESSOR_FAILED */
    CQ_RUNTIME_KILL,            /* the stable, if there is one: it does not belong to the runtime any more */
    CQ_RUNTIME_KILL_SUCCESSOR,  /* the same for the successor */
    CQ_RUNTIME_QUIT,            /* have the stable leave when its last horse has */
    CQ_RUNTIME_PROMOTE,         /* the successor is the stable now */
    CQ_RUNTIME_ARM_RETRY,       /* call ON_RETRY_DUE after pause_s: a start failed */
    CQ_RUNTIME_ARM_REPLACEMENT, /* the same, after a stable that had served */
    CQ_RUNTIME_CANCEL_RETRY,
    CQ_RUNTIME_TELL_READY,  /* the owner: horses may be forked */
    CQ_RUNTIME_TELL_FAILED, /* the owner: jobs that wait fail; the next try is after pause_s */
    CQ_RUNTIME_TELL_FATAL,  /* the owner: the worker does not start */
};

enum cq_runtime_start { CQ_RUNTIME_ON_DEMAND, CQ_RUNTIME_WITH_WORKER };

struct cq_runtime_life {
    enum cq_runtime_state state;
    enum cq_runtime_start start; /* who starts it first; set before the first event */
    cq_time ready_at;            /* of the last hello; 0: it was never ready */
    int failures;                /* starts in a row that failed */
    struct cq_backoff retry;     /* pauses of PAUSED */
    struct cq_backoff refusal;   /* pauses of BROKEN */
    double pause_s;              /* the one that has just begun */
    cq_time broken_until;        /* of BROKEN */
};

extern const struct cq_machine cq_runtime_machine;

void cq_runtime_life_init(struct cq_runtime_life *life, enum cq_runtime_start start);

/*
 * Apply an event: the only function that changes the state.
 * Returns the rule, whose actions the caller performs in their order; NULL: the event is illegal in this
 * state, which stays as it is.
 */
const struct cq_rule *cq_runtime_life_apply(struct cq_runtime_life *life, enum cq_runtime_event event,
                                            cq_time now);

/* Does its stable take forks? */
static inline bool cq_runtime_life_is_ready(const struct cq_runtime_life *life)
{
    return life->state == CQ_RUNTIME_READY || life->state == CQ_RUNTIME_RELOADING;
}

/* Is there no use in waiting for it? */
static inline bool cq_runtime_life_refuses(const struct cq_runtime_life *life)
{
    return life->state == CQ_RUNTIME_BROKEN || life->state == CQ_RUNTIME_STOPPED;
}

#endif
