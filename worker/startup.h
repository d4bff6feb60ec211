/* How a worker process begins: it asks whether the workers are suspended, and begins when all is prepared. */
#ifndef CQ_WORKER_STARTUP_H
#define CQ_WORKER_STARTUP_H

#include "worker/process.h"

void cq_startup_look(struct cq_process *process); /* raises LOOKED, or ends the process: they are suspended */
void cq_startup_say(const struct cq_process *process);
void cq_startup_begin(struct cq_process *process);

/* Redis is there again. */
void cq_startup_reconnected(struct cq_process *process);

#endif
