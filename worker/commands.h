/*
 * Commands on rq:pubsub:<worker>: one connection of the process subscribes to the channels of all its slots.
 * Source: rq/command.py; `reload` and `resize` (with `workers`, a number) are cq's own: the first
 * does for the whole process what SIGHUP does, the second asks for so many workers of the process or its
 * pool.
 */
#ifndef CQ_WORKER_COMMANDS_H
#define CQ_WORKER_COMMANDS_H

#include "worker/process.h"

struct cq_commands *cq_commands_new(struct cq_process *process);
/* Listen for a slot that was added. */
void cq_commands_add(struct cq_commands *commands, const struct cq_slot *slot);
void cq_commands_free(struct cq_commands *commands); /* NULL-safe */

#endif
