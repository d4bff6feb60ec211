/* The command line of `cq worker-pool` beside its settings: all that `cq worker` takes, and the pool's own.
 */
#ifndef CQ_CMD_POOL_OPTIONS_H
#define CQ_CMD_POOL_OPTIONS_H

#include "cmd/worker/settings.h"

struct cq_pool_options {
    struct cq_worker_options worker; /* first: cq worker's own table fills it */
    int64_t resize;                  /* CQ_OPTION_UNSET: not asked for */
};

#endif
