/*
 * What may become of one execution: a started job, from the moment the worker has it until its outcome is in
 * Redis.
 *
 *   NONE -> WAITING -> RUNNING -> (CALLING_*) -> KEPT -> COMMITTING -> NONE
 * A horse that is told to die takes the execution through STOPPED, KILLED, TIMING_OUT or ENDING: the reason
 * decides what is recorded when it is gone. KEPT holds the outcome until Redis can take it; COMMITTING has
 * one call under way, never two. The RETURN states are the same for a job that a shutdown's deadline puts
 * back on its queue.
 */
#ifndef CQ_CORE_EXECUTION_STATE_H
#define CQ_CORE_EXECUTION_STATE_H

#include "core/machine.h"

enum cq_execution_state {
    CQ_EXECUTION_NONE,             /* no job */
    CQ_EXECUTION_WAITING,          /* its job frame waits for a horse */
    CQ_EXECUTION_RUNNING,          /* its horse runs the function */
    CQ_EXECUTION_SUCCESS_CALLBACK, /* the function has returned; its horse runs the success callback */
    CQ_EXECUTION_HANDLERS,         /* the function has ended; its horse runs other callbacks and handlers */
    /* Its horse was told to die: */
    CQ_EXECUTION_TIMING_OUT,         /* by its timeout; the failure callback is still to be called */
    CQ_EXECUTION_HANDLERS_TIMED_OUT, /* the same, and its horse has called the failure callback */
    CQ_EXECUTION_KILLED,             /* by the command kill-horse, a cold shutdown, or for a bad frame */
    CQ_EXECUTION_STOPPED,            /* by the command stop-job */
    CQ_EXECUTION_ENDING,             /* by the deadline of a shutdown */
    /* The worker runs a callback in a horse of its own, and the outcome waits for it: */
    CQ_EXECUTION_CALLING_SUCCESS,
    CQ_EXECUTION_CALLING_SUCCESS_CUT, /* the same, and the shutdown's deadline ends it */
    CQ_EXECUTION_CALLING_FAILURE,     /* when it fails, its failure goes into the job's */
    CQ_EXECUTION_CALLING_LAST,        /* it cannot change the outcome */
    /* The outcome is known: */
    CQ_EXECUTION_KEPT,       /* to be sent: Redis is away, or it is just known */
    CQ_EXECUTION_COMMITTING, /* one call is under way */
    CQ_EXECUTION_PAUSED,     /* Redis could not take it for now; a timer runs */
    /* The same after Redis refused it once: it is sent alone. */
    CQ_EXECUTION_REFUSED_KEPT,
    CQ_EXECUTION_REFUSED_COMMITTING,
    CQ_EXECUTION_REFUSED_PAUSED,
    /* The job goes back to its queue: */
    CQ_EXECUTION_RETURN_KEPT,
    CQ_EXECUTION_RETURNING,
    CQ_EXECUTION_RETURN_PAUSED,
    CQ_EXECUTION_STATES
};

enum cq_execution_event {
    CQ_EXECUTION_START,          /* Redis has started a job for us */
    CQ_EXECUTION_CANNOT_RUN,     /* it may not, or its runtime is unavailable: the failure is recorded */
    CQ_EXECUTION_TRY_HORSE,      /* its runtime may have a horse now */
    CQ_EXECUTION_HORSE_TAKEN,    /* a horse has the job frame */
    CQ_EXECUTION_NOT_FORKED,     /* that horse never came to be: nobody has seen the job */
    CQ_EXECUTION_CALLS_SUCCESS,  /* the horse says: the function has returned, its success callback runs */
    CQ_EXECUTION_CALLS_HANDLERS, /* the horse says: it has ended, other callbacks or handlers run */
    CQ_EXECUTION_ANSWER_DONE,    /* the horse has answered: success */
    CQ_EXECUTION_ANSWER_FAILED,  /* the horse has answered: failure */
    CQ_EXECUTION_ANSWER_RETRY,   /* the horse has answered: the function returned a Retry */
    CQ_EXECUTION_BAD_FRAME,      /* the horse sent a frame that nobody knows */
    CQ_EXECUTION_HORSE_GONE,     /* the horse is reaped, and all that it wrote was read */
    CQ_EXECUTION_TIME_UP,        /* the timer: of the timeout, or of the grace after it */
    CQ_EXECUTION_STOP,           /* the command stop-job */
    CQ_EXECUTION_KILL,           /* the command kill-horse, or a cold shutdown */
    CQ_EXECUTION_DEADLINE,       /* the deadline of a shutdown */
    CQ_EXECUTION_CALLED,         /* the worker's callback has ended well */
    CQ_EXECUTION_CALL_FAILED,    /* the worker's callback has failed, died, or was left out */
    CQ_EXECUTION_SEND,           /* send the outcome, if Redis is there */
    CQ_EXECUTION_LOST,           /* the connection was lost before the answer came */
    CQ_EXECUTION_BUSY,           /* Redis could not take it, for a reason that passes */
    CQ_EXECUTION_REFUSED,        /* Redis refused it, for a reason that may not pass */
    CQ_EXECUTION_TOO_LARGE,      /* the outcome cannot be stored as it is */
    CQ_EXECUTION_STORED,         /* Redis has answered: the execution is over */
    CQ_EXECUTION_DROP,           /* the worker ends without it: another one finds it abandoned */
    CQ_EXECUTION_EVENTS
};

enum cq_execution_fact {
    CQ_EXECUTION_REDIS = 1, /* the connection is ready */
    /* Of callbacks: none of these holds in a cold shutdown, which has no time for them. */
    CQ_EXECUTION_SUCCESS_ELSEWHERE = 2, /* the success callback is a function of another runtime */
    CQ_EXECUTION_FAILURE_ELSEWHERE = 4, /* so is the failure callback */
    CQ_EXECUTION_FAILURE_NAMED = 8,     /* the job has a failure callback */
    CQ_EXECUTION_STOPPED_NAMED = 16,    /* the job has a stopped callback */
};

enum cq_execution_action {
    CQ_EXECUTION_DO_NOTHING,
    CQ_EXECUTION_DO_TAKE_HORSE,    /* hand the frame to a horse; success is the event HORSE_TAKEN */
    CQ_EXECUTION_DO_DROP_FRAME,    /* the job frame is not needed any more */
    CQ_EXECUTION_DO_ARM_LIMIT,     /* start the timer of the timeout */
    CQ_EXECUTION_DO_ARM_GRACE,     /* start it for the grace between SIGTERM and SIGKILL */
    CQ_EXECUTION_DO_DISARM,        /* stop that timer */
    CQ_EXECUTION_DO_TERM_HORSE,    /* SIGTERM */
    CQ_EXECUTION_DO_KILL_HORSE,    /* SIGKILL */
    CQ_EXECUTION_DO_SAY_TIMEOUT,   /* log that it has exceeded its timeout */
    CQ_EXECUTION_DO_SAY_DEATH,     /* log what its horse died of */
    CQ_EXECUTION_DO_KILL_CALLBACK, /* end the worker's callback early; its end comes as an event */
    CQ_EXECUTION_DO_NOTE_ENDED,    /* the function has ended now */
    /* Record how it ended: */
    CQ_EXECUTION_DO_RECORD_ANSWER,      /* as the horse's frame says */
    CQ_EXECUTION_DO_RECORD_DEATH,       /* failed: its horse died */
    CQ_EXECUTION_DO_RECORD_TIMEOUT,     /* failed: it ran too long */
    CQ_EXECUTION_DO_RECORD_STOP,        /* stopped by a user */
    CQ_EXECUTION_DO_RECORD_NOT_STARTED, /* failed: killed before a horse had it */
    CQ_EXECUTION_DO_RECORD_CALLBACK,    /* failed: its success callback has */
    CQ_EXECUTION_DO_ADD_CALLBACK,       /* its failure callback failed: add that to the failure's text */
    CQ_EXECUTION_DO_RECORD_TOO_LARGE,   /* failed: the outcome cannot be stored */
    /* Run a callback in a horse of its own; its end comes as an event, maybe before this returns: */
    CQ_EXECUTION_DO_CALL_SUCCESS,
    CQ_EXECUTION_DO_CALL_FAILURE,
    CQ_EXECUTION_DO_CALL_STOPPED,
    CQ_EXECUTION_DO_COMMIT,    /* raise SEND */
    CQ_EXECUTION_DO_ARM_AGAIN, /* raise SEND in a while, and log why */
    CQ_EXECUTION_DO_STOP_AGAIN,
    CQ_EXECUTION_DO_SEND_FINISH, /* the transition finish; with the next fetch unless it was refused once */
    CQ_EXECUTION_DO_SEND_RETURN, /* the transition give_back */
    CQ_EXECUTION_DO_LET_GO,      /* the horse has answered: it leaves, or waits for another job */
    CQ_EXECUTION_DO_REPORT,      /* tell the worker: the outcome is in Redis */
    CQ_EXECUTION_DO_GIVE_UP,     /* tell the worker: it can never be stored; another one finds it abandoned */
    CQ_EXECUTION_DO_RETURNED,    /* tell the worker: the job waits again */
    CQ_EXECUTION_ACTIONS
};

extern const struct cq_machine cq_execution_machine;

/* May its function still run, with a horse or waiting for one? */
static inline bool cq_execution_runs(enum cq_execution_state state)
{
    return state >= CQ_EXECUTION_WAITING && state <= CQ_EXECUTION_ENDING;
}

/* Was its horse told to die? */
static inline bool cq_execution_is_dying(enum cq_execution_state state)
{
    return state >= CQ_EXECUTION_TIMING_OUT && state <= CQ_EXECUTION_ENDING;
}

/* Does the worker run a callback? */
static inline bool cq_execution_is_calling(enum cq_execution_state state)
{
    return state >= CQ_EXECUTION_CALLING_SUCCESS && state <= CQ_EXECUTION_CALLING_LAST;
}

/* Is its outcome known? */
static inline bool cq_execution_is_over(enum cq_execution_state state)
{
    return state >= CQ_EXECUTION_KEPT;
}

#endif
