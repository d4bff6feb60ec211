/*
 * One execution: a started job from the moment the slot has it until its outcome is in Redis. Here is its
 * way up to there; what its horse says is answer.c's.
 */
#ifndef CQ_WORKER_SLOT_EXECUTION_H
#define CQ_WORKER_SLOT_EXECUTION_H

#include "worker/callback.h"
#include "worker/slot/slot.h"

void cq_execution_timer_init(struct cq_slot *slot);

/* From answer.c: the rider that its horses answer. */
void cq_execution_rider_init(struct cq_slot *slot);

/* Hand the started job to a horse; the slot is RUNNING afterwards. */
void cq_execution_start(struct cq_slot *slot, const struct cq_started *started);

/*
 * Kill the running horse; the reason decides what is recorded when it is gone. False: nothing runs.
 * A timeout and a deadline begin with SIGTERM and end with SIGKILL after the grace; all others are SIGKILL.
 */
bool cq_execution_kill(struct cq_slot *slot, enum cq_kill_reason reason);

/*
 * It is over, and nothing that its horse says changes that: record it.
 *   text  copied; NULL: exc_text holds it already
 */
void cq_execution_end(struct cq_slot *slot, enum cq_outcome outcome, const char *text);

/*
 * The same after the callback of that kind, when the job names one. RQ's order: first the callback, then the
 * record. In a cold stop there is no time for it: the record would be lost.
 */
void cq_execution_end_calling(struct cq_slot *slot, enum cq_outcome outcome, const char *text,
                              enum cq_callback_kind kind);

void cq_execution_stopped(struct cq_slot *slot); /* by command: RQ's text, and the stopped callback */

/*
 * What the timer stands for from now on, or from when the horse is forked if it is not yet; 0 or less:
 * nothing. A runtime that raises in the job has a grace for it.
 */
void cq_execution_set_limit(struct cq_slot *slot, int64_t seconds);

/*
 * Its horse is gone, and it goes back to the front of its queue. Sent again as an outcome is, and as one it
 * leaves the slot COMMITTING until it is there (give_back.c).
 */
void cq_execution_give_back(struct cq_slot *slot);

/* Send the outcome to Redis, or send it again. The slot is COMMITTING until it is there. */
void cq_execution_commit(struct cq_slot *slot);

/* Once a second: horses that do not leave are killed; a job that could not get a horse asks again. */
void cq_execution_tick(struct cq_slot *slot);

#endif
