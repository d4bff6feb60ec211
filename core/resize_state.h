/*
 * How many slots a process is to have, and when one that has ended is replaced.
 *
 * In a pool's process each slot that ended is replaced: in the next turn, or after a pause when it could not
 * even register. Elsewhere one that ended stays ended. Pure; the shell is worker/pool/resize.c.
 */
#ifndef CQ_CORE_RESIZE_STATE_H
#define CQ_CORE_RESIZE_STATE_H

#include <stdbool.h>

#include "core/machine.h"

enum cq_resize_state {
    CQ_RESIZE_STARTING, /* not all of the first slots are registered */
    CQ_RESIZE_STEADY,
    CQ_RESIZE_STARTING_SHORT, /* STARTING, and a timer is armed to replace slots that ended */
    CQ_RESIZE_SHORT,          /* STEADY, the same */
};

enum cq_resize_event {
    CQ_RESIZE_ON_REGISTERED, /* a slot has */
    CQ_RESIZE_ON_SLOT_ENDED, /* facts say how, and what the process does */
    CQ_RESIZE_ON_DUE,        /* the timer has run out */
    CQ_RESIZE_ON_NOT_ADDED,  /* a slot could not be made: no room, no descriptors. That passes */
};

enum cq_resize_fact {
    CQ_RESIZE_ALL_REGISTERED = 1, /* of ON_REGISTERED: as many as are wanted have */
    CQ_RESIZE_REPLACES = 2,       /* the process replaces slots that ended */
    CQ_RESIZE_STOPPING = 4,       /* the process ends */
    CQ_RESIZE_MAX_JOBS = 8,       /* the slot has done --max-jobs jobs */
    CQ_RESIZE_BURST = 16,         /* the process ends when there is no work */
    CQ_RESIZE_WANTED = 32,        /* fewer slots are active than are wanted */
    CQ_RESIZE_REGISTERED = 64,    /* the slot was */
};

enum cq_resize_action {
    CQ_RESIZE_TELL_READY = 1, /* systemd and the supervisor */
    CQ_RESIZE_TELL_MAX_JOBS,  /* the supervisor, which replaces the process */
    CQ_RESIZE_COUNT,          /* one more is missing */
    CQ_RESIZE_ARM_NOW,        /* the timer, for the next turn: the slot's end is still being handled */
    CQ_RESIZE_ARM_LATER,      /* the timer, after CQ_RESIZE_PAUSE_S */
    CQ_RESIZE_ADD,            /* slots, while cq_resize_count_adds says so */
};

enum { CQ_RESIZE_PAUSE_S = 5 };

struct cq_resize_count {
    enum cq_resize_state state;
    int wanted;     /* slots, by the settings or since a resize */
    int registered; /* slots so far, until all are */
    int missing;    /* slots that are to be added when the timer runs out */
};

extern const struct cq_machine cq_resize_machine;

/*
 * Apply an event: the only function that changes the state.
 *   facts  bits of enum cq_resize_fact; ALL_REGISTERED is known here
 * Returns the rule, whose actions the caller performs in their order; NULL: the event is illegal in this
 * state, which stays as it is.
 */
const struct cq_rule *cq_resize_count_apply(struct cq_resize_count *count, enum cq_resize_event event,
                                            uint32_t facts);

/* Of CQ_RESIZE_ADD: is another slot to be added now? Then it is not missing any more. */
bool cq_resize_count_adds(struct cq_resize_count *count, int active, bool stopping);

/* Have so many. Returns how many slots are to be added, or if negative, stopped. */
int cq_resize_count_to(struct cq_resize_count *count, int wanted, int active);

/* Are slots about to be added, so that the process must not end although none is left? */
static inline bool cq_resize_count_is_short(const struct cq_resize_count *count)
{
    return count->state >= CQ_RESIZE_STARTING_SHORT;
}

#endif
