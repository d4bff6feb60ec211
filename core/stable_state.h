/*
 * What one stable may do, as its worker sees it.
 *
 *   STARTING --HELLO--> READY --QUIT--> QUITTING --DIED--> DEAD
 *
 * KILLED comes before DEAD when the worker ends it. Pure; the shell is worker/runtimes/stable.c.
 */
#ifndef CQ_CORE_STABLE_STATE_H
#define CQ_CORE_STABLE_STATE_H

#include "core/machine.h"

enum cq_stable_state {
    CQ_STABLE_STARTING, /* no hello yet */
    CQ_STABLE_READY,    /* takes forks */
    CQ_STABLE_QUITTING, /* was told to leave when its last horse has */
    CQ_STABLE_KILLED,   /* SIGKILL was sent */
    CQ_STABLE_DEAD,     /* reaped */
};

enum cq_stable_event {
    CQ_STABLE_ON_HELLO,   /* it takes forks */
    CQ_STABLE_ON_REFUSED, /* its hello says that it cannot serve, or did not come in time */
    CQ_STABLE_ON_QUIT,    /* its runtime does not fork from it any more */
    CQ_STABLE_ON_KILL,    /* its runtime, or the watchdog, ends it */
    CQ_STABLE_ON_DIED,    /* it was reaped */
};

enum cq_stable_action {
    CQ_STABLE_STOP_WAITING = 1, /* for its hello */
    CQ_STABLE_SEND_QUIT,
    CQ_STABLE_SEND_KILL,
    CQ_STABLE_END_HORSES, /* they have ended with it */
    CQ_STABLE_TELL_HELLO, /* the owner */
    CQ_STABLE_TELL_REFUSED,
    CQ_STABLE_TELL_DIED,
};

extern const struct cq_machine cq_stable_machine;

/* Apply an event to a state, the only way in which it changes. Returns the rule with the actions; NULL: the
 * event is illegal in this state, which stays. */
const struct cq_rule *cq_stable_state_apply(enum cq_stable_state *state, enum cq_stable_event event);

#endif
