/*
 * A callback that the worker has run in a horse of its own.
 *
 *   WAITING <-> ASKING -> RUNNING -> (ENDING) -> LEAVING -> over
 *
 * Its owner is told once: when it has answered, or when it is clear that no answer will come.
 */
#ifndef CQ_CORE_CALLBACK_STATE_H
#define CQ_CORE_CALLBACK_STATE_H

#include "core/machine.h"

enum cq_callback_state {
    CQ_CALLBACK_WAITING, /* for a horse of its runtime */
    CQ_CALLBACK_ASKING,  /* its runtime is being asked for one just now */
    CQ_CALLBACK_RUNNING,
    CQ_CALLBACK_ENDING,  /* it ran too long: its horse got SIGTERM */
    CQ_CALLBACK_LEAVING, /* it has answered; its horse is to go */
    CQ_CALLBACK_OVER,
    CQ_CALLBACK_STATES
};

enum cq_callback_event {
    CQ_CALLBACK_TRY,         /* its runtime may have a horse now */
    CQ_CALLBACK_UNAVAILABLE, /* its runtime cannot run it: why is known */
    CQ_CALLBACK_NO_HORSE,    /* there is none now */
    CQ_CALLBACK_HORSE,       /* a horse has its frame */
    CQ_CALLBACK_NOT_FORKED,  /* that horse never came to be */
    CQ_CALLBACK_ANSWER,
    CQ_CALLBACK_HORSE_GONE,
    CQ_CALLBACK_TIME_UP, /* its timer */
    CQ_CALLBACK_KILL,
    CQ_CALLBACK_EVENTS
};

enum cq_callback_fact {
    CQ_CALLBACK_OVERDUE = 1, /* it has waited for a horse as long as it may */
};

enum cq_callback_action {
    CQ_CALLBACK_DO_NOTHING,
    CQ_CALLBACK_DO_ASK, /* ask its runtime: UNAVAILABLE, NO_HORSE or HORSE follows */
    CQ_CALLBACK_DO_ARM_ASK,
    CQ_CALLBACK_DO_ARM_LIMIT,
    CQ_CALLBACK_DO_ARM_GRACE,
    CQ_CALLBACK_DO_ARM_LEAVE,   /* its horse has some seconds to go */
    CQ_CALLBACK_DO_CLOSE_HORSE, /* close its socket, so that it goes */
    CQ_CALLBACK_DO_TERM_HORSE,
    CQ_CALLBACK_DO_KILL_HORSE,
    CQ_CALLBACK_DO_TELL_ANSWER,
    /* Tell that there will be no answer, and why: */
    CQ_CALLBACK_DO_TELL_LEFT_OUT,
    CQ_CALLBACK_DO_TELL_OVERDUE,
    CQ_CALLBACK_DO_TELL_UNAVAILABLE,
    CQ_CALLBACK_DO_TELL_TIMEOUT,
    CQ_CALLBACK_DO_TELL_DEATH,
    CQ_CALLBACK_DO_FREE,
    CQ_CALLBACK_ACTIONS
};

extern const struct cq_machine cq_callback_machine;

#endif
