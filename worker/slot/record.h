/* How an execution ended, in the words that go to Redis. */
#ifndef CQ_WORKER_SLOT_RECORD_H
#define CQ_WORKER_SLOT_RECORD_H

#include "worker/slot/slot.h"

/* What a RECORD, NOTE or SAY action of its machine asks for. */
void cq_record(struct cq_slot *slot, enum cq_execution_action action);

/* It failed before any horse had it. text: copied; NULL: exc_text holds it already. */
void cq_record_failure(struct cq_execution *run, const char *text);

/* Its runtime does not start: why is its reason. */
void cq_record_unavailable(struct cq_execution *run, const char *why);

#endif
