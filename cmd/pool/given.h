/* What the command line of `cq worker-pool` gave beside its settings: all that `cq worker` takes, and the
 * pool's own. */
#ifndef CQ_CMD_POOL_GIVEN_H
#define CQ_CMD_POOL_GIVEN_H

#include "cmd/worker/given.h"

struct cq_pool_given {
    struct cq_worker_given worker; /* first: cq worker's own table fills it */
    int64_t resize;                /* CQ_OPTION_UNSET: not asked for */
};

/* resize.c: have a pool that runs change its size. The argument, if there is one, names it. */
enum cq_exit cq_pool_resize_command(const struct cq_run *run, int workers);

#endif
