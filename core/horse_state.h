/*
 * What one horse is, as its worker sees it: a process that its stable forks and reaps.
 *
 *   ASKED -> ALIVE -> (KILLED) -> GONE
 */
#ifndef CQ_CORE_HORSE_STATE_H
#define CQ_CORE_HORSE_STATE_H

#include "core/machine.h"

enum cq_horse_state {
    CQ_HORSE_ASKED,      /* its stable was asked for it */
    CQ_HORSE_ALIVE,      /* its pid is known */
    CQ_HORSE_KILLED,     /* it got our SIGKILL */
    CQ_HORSE_GONE,       /* reaped by its stable, or killed and its socket closed */
    CQ_HORSE_NOT_FORKED, /* it never came to be: no process has seen its job */
    CQ_HORSE_STATES
};

enum cq_horse_event {
    CQ_HORSE_FORKED,
    CQ_HORSE_KILL, /* SIGKILL is sent */
    CQ_HORSE_EXITED,
    CQ_HORSE_FORK_FAILED,
    CQ_HORSE_EVENTS
};

extern const struct cq_machine cq_horse_machine;

/* The next state; the same one when the event is illegal, as a stable that breaks the protocol may say
 * anything. */
enum cq_horse_state cq_horse_next(enum cq_horse_state state, enum cq_horse_event event);

#endif
