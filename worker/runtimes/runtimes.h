/* All runtimes of the process: which there are, and what is done with all of them. */
#ifndef CQ_WORKER_RUNTIMES_RUNTIMES_H
#define CQ_WORKER_RUNTIMES_RUNTIMES_H

#include "worker/runtimes/runtime.h"

/* Make process->runtimes: none is started. */
void cq_runtimes_init(struct cq_process *process);

/* Start the eager ones. Errors: CQ_ERR_CONFIG, CQ_ERR_SYSTEM: an eager one does not start. */
CQ_MUST_CHECK enum cq_code cq_runtimes_start(struct cq_process *process, struct cq_error *err);

/* End every stable. Horses are freed already. */
void cq_runtimes_release(struct cq_process *process);

/* False: an eager runtime is not ready, so that no job should be fetched. */
bool cq_runtimes_take_jobs(const struct cq_process *process);

/*
 * Start a new stable for each runtime that runs, with the code that is there now. When it says hello horses
 * are forked from it; what runs in the old one finishes there. One that does not get so far is logged, and
 * the old one stays.
 */
void cq_runtimes_reload(struct cq_process *process);

void cq_runtimes_tick(struct cq_process *process); /* once a second */

#endif
