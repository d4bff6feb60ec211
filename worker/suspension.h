/* The suspension of all workers (`cq suspend`): shown in Redis while it lasts, and asked about every second.
 */
#ifndef CQ_WORKER_SUSPENSION_H
#define CQ_WORKER_SUSPENSION_H

#include "worker/process.h"

/* Ask Redis whether the workers are suspended; the process is fn's data. */
void cq_suspension_ask(struct cq_process *process, cq_async_reply_fn *fn);

/* A slot has found it: log it, show it, and raise RESUMED when it is over. */
void cq_suspension_begin(struct cq_process *process);

/* One more slot has found it (process->suspended). */
void cq_suspension_show(struct cq_process *process);

void cq_suspension_end(struct cq_process *process);

#endif
