/* A slot's birth and death in Redis, and what else its hash there says of it. */
#ifndef CQ_WORKER_SLOT_REGISTRATION_H
#define CQ_WORKER_SLOT_REGISTRATION_H

#include "worker/slot/slot.h"

/* Who it is, before it registers. */
void cq_slot_identify(struct cq_slot *slot, int replaces_pid);

/* again: it is known already, and its key may have expired while Redis was away. */
void cq_slot_register(struct cq_slot *slot, bool again);

/* Its death; raises DEREGISTERED, at once when Redis is not there. */
void cq_slot_deregister(struct cq_slot *slot);

void cq_slot_show_state(struct cq_slot *slot, const char *state); /* idle, suspended */
void cq_slot_show_shutdown(struct cq_slot *slot);                 /* a shutdown was requested */
void cq_slot_show_python(struct cq_slot *slot);                   /* context->python_version is known */

#endif
