/*
 * An execution's outcome on its way to Redis, and the next job out of the same answer. When it is sent, and
 * what follows from the answer, is decided in core/.
 */
#ifndef CQ_WORKER_SLOT_COMMIT_H
#define CQ_WORKER_SLOT_COMMIT_H

#include "worker/slot/slot.h"

/* Send the outcome. */
void cq_commit_send(struct cq_slot *slot);

/* Send the job back to its queue in place of an outcome. */
void cq_commit_send_return(struct cq_slot *slot);

/* Redis did not take it (slot->trouble says why): AGAIN is raised in a while. */
void cq_commit_again_later(struct cq_slot *slot);

/* It is in Redis: log it, send its webhooks. */
void cq_commit_report(struct cq_slot *slot);

/* It will never be: another worker finds its job abandoned. */
void cq_commit_give_up(struct cq_slot *slot);

#endif
