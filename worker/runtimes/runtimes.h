/* All runtimes of a worker process: which there are, and what is done with all of them. */
#ifndef CQ_WORKER_RUNTIMES_RUNTIMES_H
#define CQ_WORKER_RUNTIMES_RUNTIMES_H

#include "worker/runtimes/runtime.h"

struct cq_runtimes {
    struct cq_runtime_host host;
    struct cq_runtime *items; /* owned */
    int count;
    struct cq_runtime *native; /* of items */
    struct cq_runtime *python; /* of items; NULL: none */
};

/* None is started. host is copied; what it points to is borrowed. Free with cq_runtimes_free. */
struct cq_runtimes *cq_runtimes_new(const struct cq_runtime_host *host);

/* Start the eager ones. Errors: CQ_ERR_CONFIG, CQ_ERR_SYSTEM: an eager one does not start. */
CQ_MUST_CHECK enum cq_code cq_runtimes_start(struct cq_runtimes *runtimes, struct cq_error *err);

/* End every stable. Horses are freed already. */
void cq_runtimes_free(struct cq_runtimes *runtimes);

/* False: an eager runtime is not ready, so that no job should be fetched. */
bool cq_runtimes_take_jobs(const struct cq_runtimes *runtimes);

/*
 * Start a new stable for each runtime that runs, with the code that is there now. When it says hello horses
 * are forked from it; what runs in the old one finishes there. One that does not get so far is logged, and
 * the old one stays.
 */
void cq_runtimes_reload(struct cq_runtimes *runtimes);

void cq_runtimes_tick(struct cq_runtimes *runtimes); /* once a second */

#endif
