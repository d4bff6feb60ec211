/*
 * A job's callbacks, as far as they are the worker's to run: those that belong to another runtime than the
 * job, by the name of their function, and those of a job whose horse is gone. All others are called by the
 * job's own horse.
 */
#ifndef CQ_WORKER_SLOT_CALLS_H
#define CQ_WORKER_SLOT_CALLS_H

#include "worker/callback.h"
#include "worker/slot/slot.h"

/* A job starts, its runtime is known: find out who runs its callbacks. */
void cq_calls_route(struct cq_slot *slot);

/* May its horse see this field of the job's hash? Not the name of a callback that is not its to run. */
bool cq_calls_is_shown(const struct cq_running *run, struct cq_str field);

/*
 * The horse has answered, run->outcome says what: run what is to be run, then commit. RQ's order: a success
 * callback that fails fails the job, whose failure callback comes then; a failure callback that fails gives
 * the failure another text.
 */
void cq_calls_after_answer(struct cq_slot *slot);

/* See cq_execution_end_calling: run->outcome and run->exc_text are there. */
void cq_calls_without_horse(struct cq_slot *slot, enum cq_callback_kind kind);

#endif
