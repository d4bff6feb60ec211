/*
 * One execution: a started job from the moment the slot has it until its outcome is in Redis. Called by slot.c; the
 * answers of horses come in through slot.h.
 */
#ifndef CQ_WORKER_SLOT_EXECUTION_H
#define CQ_WORKER_SLOT_EXECUTION_H

#include "worker/slot/slot.h"

void cq_running_init(struct cq_running *run);
void cq_running_release(struct cq_running *run);
void cq_running_trim(struct cq_running *run); /* the outcome is in Redis: give back what a large one took */

/* Its part of cq_slot_init: the rider that its horses answer, and the timer. */
void cq_execution_init(struct cq_slot *slot);

/* Hand the started job to a horse; the slot is RUNNING afterwards. */
void cq_execution_start(struct cq_slot *slot, const struct cq_started *started);

/*
 * Kill the running horse; the reason decides what is recorded when it is gone. False: nothing runs.
 * A timeout begins with SIGTERM and ends with SIGKILL after the grace; all others are SIGKILL.
 */
bool cq_execution_kill(struct cq_slot *slot, enum cq_kill_reason reason);

/* Send the outcome to Redis, or send it again. The slot is COMMITTING until it is there. */
void cq_execution_commit(struct cq_slot *slot);

/* Once a second: horses that do not leave are killed; a job that could not get a horse asks again. */
void cq_execution_tick(struct cq_slot *slot);

#endif
