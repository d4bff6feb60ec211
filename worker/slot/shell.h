/* A slot as the shell of its machines: it performs what they ask for, and tells the process what it found. */
#ifndef CQ_WORKER_SLOT_SHELL_H
#define CQ_WORKER_SLOT_SHELL_H

#include "worker/slot/slot.h"

/* replaces_pid: a process on this host that is dead for certain, or this one: its name may be taken; 0:
 * none. */
void cq_slot_init(struct cq_slot *slot, struct cq_worker_context *context, int index,
                  enum cq_slot_origin origin, int replaces_pid);
void cq_slot_release(struct cq_slot *slot);

#endif
