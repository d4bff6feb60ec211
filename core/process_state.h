/*
 * What a worker process as a whole may do: how it starts, and how a shutdown ends it.
 *
 *   CONNECTING -> PREPARING -> RUNNING <-> SUSPENDED
 *   any of these -> LEAVING or STOPPING -> (ENDING | COLD) -> LAST -> the loop ends
 *
 * A warm shutdown (STOPPING) lets running jobs finish. Its deadline (ENDING) and a cold shutdown (COLD) end
 * them; then Redis has some seconds to hear of it. LEAVING is a warm shutdown without a signal: the pool
 * does not want this process any more.
 */
#ifndef CQ_CORE_PROCESS_STATE_H
#define CQ_CORE_PROCESS_STATE_H

#include "core/machine.h"

enum cq_process_state {
    CQ_PROCESS_CONNECTING, /* Redis has not been asked yet whether the workers are suspended */
    CQ_PROCESS_PREPARING,  /* it has: what must be there before the workers are is not yet */
    CQ_PROCESS_RUNNING,
    CQ_PROCESS_SUSPENDED, /* the workers are; Redis is asked every second */
    CQ_PROCESS_LEAVING,   /* running jobs finish, however long that takes */
    CQ_PROCESS_STOPPING,  /* the same, by a signal; --shutdown-timeout sets a deadline */
    CQ_PROCESS_ENDING,    /* the deadline has passed */
    CQ_PROCESS_COLD,
    CQ_PROCESS_LAST, /* Redis did not answer in time: the workers end without it */
    CQ_PROCESS_STATES
};

enum cq_process_event {
    CQ_PROCESS_CONNECTED, /* Redis is there, for the first time or again */
    CQ_PROCESS_LOOKED,    /* the workers are not suspended */
    CQ_PROCESS_PREPARED,  /* something that must be there before the workers is */
    CQ_PROCESS_WORK,      /* there may be work for idle workers */
    CQ_PROCESS_FOUND_SUSPENDED,
    CQ_PROCESS_RESUMED,
    CQ_PROCESS_LEAVE,    /* its pool, or a user, does not want it any more */
    CQ_PROCESS_SIGNAL,   /* SIGINT or SIGTERM */
    CQ_PROCESS_DEADLINE, /* of --shutdown-timeout */
    CQ_PROCESS_GIVE_UP,  /* the time in which Redis was to hear of the end has passed */
    CQ_PROCESS_REFUSED,  /* a worker's name is taken: the process ends with an error */
    CQ_PROCESS_EVENTS
};

enum cq_process_fact {
    CQ_PROCESS_ALL_PREPARED = 1, /* runtimes, scheduler and connection are ready for the first job */
    CQ_PROCESS_TOO_SOON = 2,     /* this signal came within a second of the one before */
};

enum cq_process_action {
    CQ_PROCESS_DO_NOTHING,
    CQ_PROCESS_DO_LOOK, /* ask Redis whether the workers are suspended */
    CQ_PROCESS_DO_SAY_STARTED,
    CQ_PROCESS_DO_TRY_BEGIN,      /* raise PREPARED */
    CQ_PROCESS_DO_BEGIN,          /* register the workers, start maintenance and scheduler */
    CQ_PROCESS_DO_RECONNECTED,    /* tell every part that Redis is there again */
    CQ_PROCESS_DO_WAKE,           /* let idle workers fetch */
    CQ_PROCESS_DO_SAY_SUSPENDED,  /* log it, show it in Redis, and ask again every second */
    CQ_PROCESS_DO_SHOW_SUSPENDED, /* one more worker has found it: show that in Redis */
    CQ_PROCESS_DO_SAY_RESUMED,    /* log it, and show it in Redis */
    CQ_PROCESS_DO_SAY_LEAVING,
    CQ_PROCESS_DO_BEGIN_WARM,    /* log it, tell systemd, start the timer of the deadline */
    CQ_PROCESS_DO_SAY_ONCE_MORE, /* log how to end jobs that run */
    CQ_PROCESS_DO_SAY_TOO_SOON,
    CQ_PROCESS_DO_SAY_DEADLINE,
    CQ_PROCESS_DO_SAY_COLD,
    CQ_PROCESS_DO_SAY_NO_ANSWER,
    CQ_PROCESS_DO_STOP_PARTS,      /* the scheduler gives its locks back; webhooks get their last timeout */
    CQ_PROCESS_DO_STOP_WORKERS,    /* each ends after its job */
    CQ_PROCESS_DO_END_JOBS,        /* what still runs is ended, and goes back to its queue */
    CQ_PROCESS_DO_KILL_JOBS,       /* what still runs is killed now */
    CQ_PROCESS_DO_DROP_PARTS,      /* callbacks of abandoned jobs and webhooks are left out from now on */
    CQ_PROCESS_DO_ABANDON_WORKERS, /* they end without Redis */
    CQ_PROCESS_DO_ARM_GIVE_UP,
    CQ_PROCESS_DO_ARM_LAST,
    CQ_PROCESS_DO_CHECK_END, /* end the loop, if nothing is left that it waits for */
    CQ_PROCESS_DO_BREAK,     /* end the loop */
    CQ_PROCESS_ACTIONS
};

extern const struct cq_machine cq_process_machine;

/* Are no workers added any more, and none kept for a job to come? */
static inline bool cq_process_is_stopping(enum cq_process_state state)
{
    return state >= CQ_PROCESS_LEAVING;
}

/* Is there no time left for anything but outcomes: no callbacks, no webhooks? */
static inline bool cq_process_is_ending(enum cq_process_state state)
{
    return state >= CQ_PROCESS_ENDING;
}

/* Were its workers registered, or being so? */
static inline bool cq_process_has_begun(enum cq_process_state state)
{
    return state >= CQ_PROCESS_RUNNING;
}

#endif
