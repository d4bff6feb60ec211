/*
 * Commands on rq:pubsub:<worker>: one connection of the process subscribes to the channels of all its slots.
 * Source: rq/command.py; `reload` is cq's own and does for the whole process what SIGHUP does.
 */
#ifndef CQ_WORKER_COMMANDS_H
#define CQ_WORKER_COMMANDS_H

#include "worker/process.h"

struct cq_commands *cq_commands_new(struct cq_process *process);
void cq_commands_free(struct cq_commands *commands); /* NULL-safe */

#endif
