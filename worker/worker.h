/*
 * The worker process: one libev loop that holds slots, their stables and horses, and a few Redis connections.
 * Nothing in the loop blocks.
 */
#ifndef CQ_WORKER_WORKER_H
#define CQ_WORKER_WORKER_H

#include "base/error.h"
#include "config/settings.h"

/* What a worker process is beside its settings: whom it talks to, and its place in a pool (cmd/pool/). */
struct cq_worker_context {
    const struct cq_address *address;
    struct cq_log *log;
    /* In a pool, one of whose processes this is. */
    int supervisor_fd; /* of worker/pool/supervisor_link.h; 0: none */
    int first_number;  /* workers are called NAME.<first_number> and so on; 0: as num_workers says */
    bool keep_slots;   /* another slot takes the place of one that has ended by itself */
    int replaces_pid;  /* a process that is dead for certain: its names are ours; 0: none */
};

/* Write the process id to a file, as --pid does. Errors: CQ_ERR_SYSTEM, naming the file. */
CQ_MUST_CHECK enum cq_code cq_worker_write_pid(const char *path, struct cq_error *err);

/*
 * Run until told to stop (a signal, a command, burst, --max-jobs, --max-idle-time).
 *   settings, context  borrowed until it returns
 * Returns CQ_OK after an orderly stop. Errors: CQ_ERR_INVALID_OPERATION (name taken, suspended at start),
 * CQ_ERR_REDIS (the server refuses us for good), CQ_ERR_CONFIG, CQ_ERR_SYSTEM.
 */
CQ_MUST_CHECK enum cq_code cq_worker_run(const struct cq_settings *settings,
                                         const struct cq_worker_context *context, struct cq_error *err);

#endif
