/*
 * One worker and its execution: the three machines together, and the only code that changes their states.
 *
 * The shell (worker/slot/) raises events and performs actions; it decides nothing. It may raise an event
 * while it performs an action: that event is handled at once, before the actions that are left. So actions
 * that raise events come before those that are right in any later state (core/execution_state.c,
 * core/worker_state.c).
 *
 * What the machines ask of each other is done here: an outcome that is stored leads to the next job, a call
 * that asks for a job is a claim until it is answered.
 */
#ifndef CQ_CORE_WORKER_H
#define CQ_CORE_WORKER_H

#include "core/claim.h"
#include "core/execution_state.h"
#include "core/worker_state.h"

/* What a fetch, or a finish that asked for the next job, has found. */
enum cq_found {
    CQ_FOUND_JOB,
    CQ_FOUND_NOTHING,
    CQ_FOUND_MORE_TO_LOOK_AT, /* the script looks at so much in a call: ask again */
    CQ_FOUND_SUSPENDED,
    CQ_FOUND_NONSENSE, /* no answer of our scripts; they may have started a job all the same */
    CQ_FOUND_NOT_ASKED,
};

/* How a call to Redis ended that was answered by no result. */
enum cq_call_failure {
    CQ_CALL_LOST,      /* the connection was lost: it may have been carried out */
    CQ_CALL_BUSY,      /* not carried out, for a reason that passes */
    CQ_CALL_REFUSED,   /* not carried out, for a reason that may not pass */
    CQ_CALL_TOO_LARGE, /* not carried out: what it was to store is too large, or not storable */
};

struct cq_worker;

struct cq_worker_shell {
    uint32_t (*worker_facts)(struct cq_worker *worker);    /* enum cq_worker_fact, but UNSURE and ENOUGH */
    uint32_t (*execution_facts)(struct cq_worker *worker); /* enum cq_execution_fact */
    void (*do_worker)(struct cq_worker *worker, enum cq_worker_action action);
    void (*do_execution)(struct cq_worker *worker, enum cq_execution_action action);
    /* An event that is illegal in this state: a bug of ours, to be logged. Nothing changes. */
    void (*illegal)(struct cq_worker *worker, const struct cq_machine *machine, int state, int event);
};

struct cq_worker {
    const struct cq_worker_shell *shell; /* borrowed */
    int64_t max_jobs;                    /* 0: no limit */
    /* To be read by all, and changed here alone: */
    enum cq_worker_state state;
    enum cq_execution_state execution;
    enum cq_claim_state claim;
    int64_t jobs_done;
};

void cq_worker_init(struct cq_worker *worker, const struct cq_worker_shell *shell, int64_t max_jobs);

void cq_worker_raise(struct cq_worker *worker, enum cq_worker_event event);
void cq_execution_raise(struct cq_worker *worker, enum cq_execution_event event);

/*
 * The commit that is about to leave: may it ask for the next job? It may not when the worker leaves, has done
 * enough or was refused this outcome once; but what a lost answer may have started is always asked for.
 * With true the claim is made: the call has to leave, or fail by one of the functions below.
 *   runtimes         all runtimes that must be there are
 *   ret_resume_only  it may only ask for what a lost answer may have started
 */
bool cq_worker_claims_next(struct cq_worker *worker, bool runtimes, bool *ret_resume_only);

/* May a lost answer have started a job, that a call under way or the next one asks for? */
static inline bool cq_worker_is_unsure(const struct cq_worker *worker)
{
    return worker->claim == CQ_CLAIM_LOST || worker->claim == CQ_CLAIM_ASKED_AGAIN;
}

/* May its next fetch only ask for what a lost answer may have started? */
bool cq_worker_resumes_only(const struct cq_worker *worker);

/* A fetch was answered, or was not. */
void cq_worker_fetched(struct cq_worker *worker, enum cq_found found);
void cq_worker_not_fetched(struct cq_worker *worker, enum cq_call_failure why);

/* A finish was answered: the outcome is in Redis, or was refused as that of a job given away. */
void cq_worker_finished(struct cq_worker *worker, enum cq_found found);

/* The job was given back, or cannot be. */
void cq_worker_returned(struct cq_worker *worker);

/* A finish or a give_back was not carried out, or perhaps not. */
void cq_worker_not_stored(struct cq_worker *worker, enum cq_call_failure why);

#endif
