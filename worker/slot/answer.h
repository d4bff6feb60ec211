/* What the horses of a slot say, and that they are gone: raised as events of its execution. */
#ifndef CQ_WORKER_SLOT_ANSWER_H
#define CQ_WORKER_SLOT_ANSWER_H

#include "worker/slot/slot.h"

/* Make the slot the owner of its horses. */
void cq_answer_init(struct cq_slot *slot);

#endif
