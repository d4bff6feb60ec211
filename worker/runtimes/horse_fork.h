/* Having a runtime's stable fork a horse. */
#ifndef CQ_WORKER_RUNTIMES_HORSE_FORK_H
#define CQ_WORKER_RUNTIMES_HORSE_FORK_H

#include "worker/runtimes/horse.h"
#include "worker/runtimes/runtime.h"

/*
 * Have a runtime fork a horse. Both are borrowed; the caller frees the horse with cq_horse_free.
 * NULL: it has no stable now; its host hears when it has.
 */
struct cq_horse *cq_horse_fork(struct cq_runtime *runtime, struct cq_horse_owner *owner);

#endif
