/* A worker out of its settings: what `cq worker` runs, and each process of a pool. */
#ifndef CQ_CMD_WORKER_WORKER_H
#define CQ_CMD_WORKER_WORKER_H

#include "cmd/line/session.h"
#include "cmd/worker/settings.h"
#include "worker/worker.h"

/* A log as the settings want it, on standard error; and what is allowed and yet hardly meant, said once,
 * before jobs fail for it. */
void cq_worker_start_log(struct cq_log *log, const struct cq_settings *settings);
void cq_worker_warn(struct cq_log *log, const struct cq_settings *settings);

/*
 * Run a worker until it ends.
 *   setup  what a pool says of the process, else zeroed; address and log are filled here
 * Errors: those of cq_settings_address and cq_worker_run.
 */
CQ_MUST_CHECK enum cq_code cq_worker_main(const struct cq_settings *settings, struct cq_worker_setup *setup,
                                          struct cq_error *err);

#endif
