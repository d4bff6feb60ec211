/*
 * The horses of a slot: the one at work, those forked ahead for the next jobs, by runtime, and those that are
 * out of use and not yet reaped.
 */
#ifndef CQ_WORKER_SLOT_HORSES_H
#define CQ_WORKER_SLOT_HORSES_H

#include "worker/slot/slot.h"

/*
 * Have a slot's running job taken by a horse of its runtime: the one that is warm for longest, or one forked
 * now. False: there is none now; the slot hears when the runtime is ready.
 */
bool cq_horses_take(struct cq_slot *slot, struct cq_str frame);

/* A horse of a runtime that has not run anything yet, out of its lists. NULL: none now. */
struct cq_horse *cq_horses_take_fresh(struct cq_slot *slot, struct cq_runtime *runtime);

/* Have horses of the slot's runtime forked ahead, when they are missing and may be needed. */
void cq_horses_warm(struct cq_slot *slot);

/* The horse at work has answered: it leaves, or stays for another job. */
void cq_horses_dismiss(struct cq_slot *slot);

/* Let go of waiting horses that were forked from an earlier stable of the runtime, or before its stable
 * learned what jobs import. A horse that has run a job has imported it itself, and stays. */
void cq_horses_let_go(struct cq_slot *slot, const struct cq_runtime *runtime);

/* End those that wait: they will not be needed. */
void cq_horses_end_warm(struct cq_slot *slot);

/* It is gone: out of the lists, and freed. */
void cq_horses_forget(struct cq_slot *slot, struct cq_horse *horse);

/* Kill and forget every one. */
void cq_horses_release(struct cq_slot *slot);

/* Once a second: those that answered and do not leave are killed. */
void cq_horses_tick(struct cq_slot *slot);

#endif
