/* What a change of a runtime means for the workers, their jobs and the callbacks of a process. */
#ifndef CQ_WORKER_RUNTIME_EVENTS_H
#define CQ_WORKER_RUNTIME_EVENTS_H

#include "worker/process.h"
#include "worker/runtimes/runtimes.h"

/* The runtimes of a process, not started, whose events come to it. Free with cq_runtimes_free. */
struct cq_runtimes *cq_runtime_events_open(struct cq_process *process);

#endif
