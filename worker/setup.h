/* What a worker process is beside its settings: whom it talks to, and its place in a pool (cmd/pool/). */
#ifndef CQ_WORKER_SETUP_H
#define CQ_WORKER_SETUP_H

#include <stdbool.h>

#include "base/log.h"
#include "redis/address.h"

struct cq_worker_setup {
    const struct cq_address *address;
    struct cq_log *log;
    /* In a pool, one of whose processes this is. */
    int supervisor_fd; /* of worker/pool/supervisor_link.h; 0: none */
    int first_number;  /* workers are called NAME.<first_number> and so on; 0: as num_workers says */
    bool keep_slots;   /* another slot takes the place of one that has ended by itself */
    int replaces_pid;  /* a process that is dead for certain: its names are ours; 0: none */
};

#endif
