/*
 * The worker process: one libev loop that holds slots, their stables and horses, and a few Redis connections.
 * Nothing in the loop blocks.
 */
#ifndef CQ_WORKER_WORKER_H
#define CQ_WORKER_WORKER_H

#include "base/error.h"
#include "config/settings.h"
#include "worker/setup.h"

/* Write the process id to a file, as --pid does. Errors: CQ_ERR_SYSTEM, naming the file. */
CQ_MUST_CHECK enum cq_code cq_worker_write_pid(const char *path, struct cq_error *err);

/*
 * Run until told to stop (a signal, a command, burst, --max-jobs, --max-idle-time).
 *   settings, setup  borrowed until it returns
 * Returns CQ_OK after an orderly stop. Errors: CQ_ERR_INVALID_OPERATION (name taken, suspended at start),
 * CQ_ERR_REDIS (the server refuses us for good), CQ_ERR_CONFIG, CQ_ERR_SYSTEM.
 */
CQ_MUST_CHECK enum cq_code cq_worker_run(const struct cq_settings *settings,
                                         const struct cq_worker_setup *setup, struct cq_error *err);

#endif
