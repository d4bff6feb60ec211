/*
 * A worker's claim: does Redis hold a job for it that it does not know of? A call that asks for a job names
 * the execution of that job. When the answer is lost, Redis may have started the job. The next call asks for
 * it by that name.
 */
#ifndef CQ_CORE_CLAIM_H
#define CQ_CORE_CLAIM_H

#include "core/machine.h"

enum cq_claim_state {
    CQ_CLAIM_NONE,        /* Redis holds nothing for it */
    CQ_CLAIM_ASKED,       /* a call is under way that asks for a job */
    CQ_CLAIM_LOST,        /* the answer of such a call was lost */
    CQ_CLAIM_ASKED_AGAIN, /* a call is under way that asks for what was lost */
    CQ_CLAIM_STATES
};

enum cq_claim_event {
    CQ_CLAIM_ASK,      /* a call leaves that asks for a job: a fetch, or a finish with one */
    CQ_CLAIM_ANSWERED, /* its answer came, with or without a job */
    CQ_CLAIM_REFUSED,  /* Redis did nothing of what it asks for */
    CQ_CLAIM_NO_ANSWER,
    CQ_CLAIM_FORGET, /* the worker ends: another one finds the job abandoned */
    CQ_CLAIM_EVENTS
};

extern const struct cq_machine cq_claim_machine;

#endif
