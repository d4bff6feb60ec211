/* A slot's sign of life, and that of its execution: every monitoring interval, idle or not, from its birth
 * on. */
#ifndef CQ_WORKER_SLOT_HEARTBEAT_H
#define CQ_WORKER_SLOT_HEARTBEAT_H

#include "worker/slot/slot.h"

void cq_slot_init_heartbeat(struct cq_slot *slot);
void cq_slot_start_beating(struct cq_slot *slot);

/* One now, if the slot is registered and Redis is there. */
void cq_slot_heartbeat(struct cq_slot *slot);

#endif
