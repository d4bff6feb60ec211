/*
 * A job's callbacks, as far as they are the worker's to run: those that belong to another runtime than the
 * job, by the name of their function, and those of a job whose horse is gone. All others are called by the
 * job's own horse.
 */
#ifndef CQ_WORKER_SLOT_CALLBACKS_H
#define CQ_WORKER_SLOT_CALLBACKS_H

#include "worker/slot/slot.h"

/* A job starts, its runtime is known: find out who runs its callbacks. */
void cq_slot_route_callbacks(struct cq_slot *slot);

/* May its horse see this field of the job's hash? Not the name of a callback that is not its to run. */
bool cq_slot_shows_field(const struct cq_slot *slot, struct cq_str field);

/* Facts about its callbacks (core/execution_state.h). */
uint32_t cq_slot_callback_facts(const struct cq_slot *slot);

/* Run one in a fresh horse: CALLED or CALL_FAILED is raised when it is over, maybe before this returns. */
void cq_slot_call(struct cq_slot *slot, enum cq_callback_kind kind);

#endif
