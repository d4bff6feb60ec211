/*
 * What one worker may do: what RQ calls a worker, a slot of this process.
 *
 *   UNREGISTERED -> IDLE -> FETCHING -> (IDLE | WORKING) -> (IDLE | WORKING) ... -> DEREGISTERING -> GONE
 *
 * A worker that is told to stop continues as LEAVING_*: it finishes its job and takes no other. What happens
 * to its job is another machine's (core/execution_state.h); whether Redis may have started a job whose answer
 * was lost is a third one's (core/claim.h).
 */
#ifndef CQ_CORE_WORKER_STATE_H
#define CQ_CORE_WORKER_STATE_H

#include "core/machine.h"

enum cq_worker_state {
    CQ_WORKER_UNREGISTERED,     /* its birth is not confirmed yet */
    CQ_WORKER_IDLE,             /* nothing to do; the queues are watched */
    CQ_WORKER_FETCHING,         /* a fetch is under way */
    CQ_WORKER_WORKING,          /* it has a job */
    CQ_WORKER_LEAVING_UNSURE,   /* it would be gone, but a lost answer may have started a job */
    CQ_WORKER_LEAVING_FETCHING, /* a fetch is under way: what it has started is still run */
    CQ_WORKER_LEAVING_WORKING,  /* its last job */
    CQ_WORKER_DEREGISTERING,    /* its death is under way */
    CQ_WORKER_GONE,
    CQ_WORKER_STATES
};

enum cq_worker_event {
    CQ_WORKER_REDIS_READY, /* the connection is there, for the first time or again */
    CQ_WORKER_REGISTERED,  /* Redis has confirmed its birth */
    CQ_WORKER_NAME_TAKEN,  /* Redis refused its birth */
    CQ_WORKER_WORK,        /* there may be a job on a queue: fetch */
    CQ_WORKER_LOST,        /* the connection was lost before the fetch was answered */
    CQ_WORKER_NOT_FETCHED, /* Redis refused the fetch, or answered what makes no sense */
    CQ_WORKER_JOB,         /* a job was started for it */
    CQ_WORKER_TRY_AGAIN,   /* no job yet: the script has looked at as much as one call may */
    CQ_WORKER_NO_JOB,      /* there is none */
    CQ_WORKER_SUSPENDED,   /* the workers are suspended */
    CQ_WORKER_NOT_ASKED,   /* its job is over, and no other was asked for */
    CQ_WORKER_IDLE_LONG,   /* --max-idle-time has passed */
    CQ_WORKER_AGAIN,       /* the timer of something to be tried again */
    CQ_WORKER_STOP,        /* warm shutdown: end after the job */
    CQ_WORKER_ABANDON,     /* end now; another worker finds its job abandoned */
    CQ_WORKER_DEREGISTERED,
    CQ_WORKER_PROCESS_ENDS, /* no callback may do anything any more */
    CQ_WORKER_EVENTS
};

enum cq_worker_fact {
    CQ_WORKER_REDIS = 1,         /* the connection is ready */
    CQ_WORKER_RUNTIMES = 2,      /* all runtimes that must be there are */
    CQ_WORKER_UNSURE = 4,        /* a lost answer may have started a job */
    CQ_WORKER_ENOUGH = 8,        /* it has done --max-jobs jobs */
    CQ_WORKER_BURST = 16,        /* --burst */
    CQ_WORKER_QUEUES_EMPTY = 32, /* and no abandoned job is about to come back to them */
};

enum cq_worker_action {
    CQ_WORKER_DO_NOTHING,
    CQ_WORKER_DO_REGISTER,       /* the transition birth */
    CQ_WORKER_DO_REGISTER_AGAIN, /* the same for one that is known: its key may have expired */
    CQ_WORKER_DO_START_BEATING,  /* a heartbeat every monitoring interval from now on */
    CQ_WORKER_DO_BEAT,           /* a heartbeat now */
    CQ_WORKER_DO_SHOW_IDLE,      /* its state in Redis */
    CQ_WORKER_DO_SHOW_SHUTDOWN,  /* in Redis: a shutdown was requested */
    CQ_WORKER_DO_WARM,           /* have horses forked ahead */
    CQ_WORKER_DO_END_WARM,       /* end those that wait: they are not needed any more */
    CQ_WORKER_DO_ARM_IDLE,       /* start the timer of --max-idle-time, unless it runs */
    CQ_WORKER_DO_STOP_IDLE,
    CQ_WORKER_DO_ARM_AGAIN, /* raise AGAIN in a while */
    CQ_WORKER_DO_FETCH,     /* raise WORK */
    CQ_WORKER_DO_SEND_FETCH,
    CQ_WORKER_DO_START_JOB,
    CQ_WORKER_DO_RESEND,         /* the execution: send what is to be sent */
    CQ_WORKER_DO_SAY_IDLE_LONG,  /* log why it ends, and keep the reason */
    CQ_WORKER_DO_SAY_ENOUGH,     /* the same */
    CQ_WORKER_DO_SAY_BURST_DONE, /* the same */
    CQ_WORKER_DO_SAY_SUSPENDED,  /* the same */
    CQ_WORKER_DO_SAY_NAME_TAKEN, /* the same */
    CQ_WORKER_DO_SAY_NOT_AGAIN,  /* log that it cannot register again */
    CQ_WORKER_DO_DEREGISTER,     /* end its horses and timers; send its death, or raise DEREGISTERED */
    /* Tell its owner: */
    CQ_WORKER_DO_TELL_REGISTERED,
    CQ_WORKER_DO_TELL_NAME_TAKEN,
    CQ_WORKER_DO_TELL_JOB,       /* a fetch has found a job; there may be more for others */
    CQ_WORKER_DO_TELL_NO_JOB,    /* a fetch has found none: watch the queues */
    CQ_WORKER_DO_TELL_SUSPENDED, /* the workers are suspended */
    CQ_WORKER_DO_TELL_WORK,      /* there may be work for others */
    CQ_WORKER_DO_TELL_GONE,
    CQ_WORKER_ACTIONS
};

extern const struct cq_machine cq_worker_machine;

/* Does it finish what it has, and take nothing new? */
static inline bool cq_worker_is_leaving(enum cq_worker_state state)
{
    return state >= CQ_WORKER_LEAVING_UNSURE && state <= CQ_WORKER_LEAVING_WORKING;
}

/* Will it never have a job again? */
static inline bool cq_worker_has_ended(enum cq_worker_state state)
{
    return state >= CQ_WORKER_DEREGISTERING;
}

/* Does it count as one of the workers that are wanted: neither leaving nor ended? */
static inline bool cq_worker_stays(enum cq_worker_state state)
{
    return state < CQ_WORKER_LEAVING_UNSURE;
}

/* Is a fetch under way that is not part of a commit? */
static inline bool cq_worker_is_fetching(enum cq_worker_state state)
{
    return state == CQ_WORKER_FETCHING || state == CQ_WORKER_LEAVING_FETCHING;
}

#endif
