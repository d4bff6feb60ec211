/* How a slot asks for its next job: alone, or with the outcome of the one before (commit.c). */
#ifndef CQ_WORKER_SLOT_FETCH_H
#define CQ_WORKER_SLOT_FETCH_H

#include "lifecycle/fetch.h"
#include "worker/slot/slot.h"

void cq_slot_init_order(struct cq_slot *slot);

/* The call that asks for it, after the claim was made (core/worker.h). All in it is borrowed from the
 * slot. */
void cq_slot_fill_fetch(struct cq_slot *slot, bool resume_only, struct cq_fetch *ret_fetch);

void cq_slot_send_fetch(struct cq_slot *slot);

/* What an answer has found, in core's words; sets slot->found and slot->trouble as these need. */
enum cq_found cq_slot_read_found(struct cq_slot *slot, enum cq_fetch_verdict verdict,
                                 const struct cq_started *started, enum cq_found_by by);

/* A job was taken from this place in the order: RQ's strategies reorder the queues after each. */
void cq_slot_reorder(struct cq_slot *slot, size_t taken_from);

/* Did it find paused queues with jobs, when it found nothing? */
bool cq_slot_found_paused(const struct cq_slot *slot);

#endif
