/*
 * All slots of a process. They never move: there is room for the most there may be from the start, and pages
 * that no slot has touched cost nothing. A slot that is gone stays in its place until another one takes it.
 */
#ifndef CQ_WORKER_SLOT_SLOTS_H
#define CQ_WORKER_SLOT_SLOTS_H

#include "worker/slot/slot.h"

struct cq_slots {
    struct cq_worker_context *context;
    struct cq_slot *items; /* owned: CQ_SLOTS_MAX of them */
    int count;             /* in use, or were */
};

/* None is made. */
struct cq_slots *cq_slots_new(struct cq_worker_context *context);
void cq_slots_free(struct cq_slots *slots); /* NULL-safe; their horses are killed */

/*
 * One more, in the place of one that is gone or behind the last; its pipes are open.
 * NULL: there is no room (errno is 0), or no descriptor (errno says why).
 *   replaces_pid  as of cq_slot_init
 */
struct cq_slot *cq_slots_add(struct cq_slots *slots, enum cq_slot_origin origin, int replaces_pid);

/* How many neither leave nor have ended. */
int cq_slots_staying(const struct cq_slots *slots);

bool cq_slots_any_idle(const struct cq_slots *slots);

/* Let idle ones fetch, one at a time: the next one is asked when that has found a job. */
void cq_slots_work(struct cq_slots *slots);

void cq_slots_redis_ready(struct cq_slots *slots);
void cq_slots_stop(struct cq_slots *slots);
void cq_slots_abandon(struct cq_slots *slots);
void cq_slots_process_ends(struct cq_slots *slots);
void cq_slots_tick(struct cq_slots *slots);
void cq_slots_heartbeat(struct cq_slots *slots);
void cq_slots_runtime_ready(struct cq_slots *slots, struct cq_runtime *runtime);
void cq_slots_runtime_failed(struct cq_slots *slots, const struct cq_runtime *runtime);

#endif
