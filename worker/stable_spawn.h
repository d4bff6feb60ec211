/* Starting the process that is the stable, with the descriptor and the signals that docs/RUNTIME.md promises it. */
#ifndef CQ_WORKER_STABLE_SPAWN_H
#define CQ_WORKER_STABLE_SPAWN_H

#include <sys/types.h>

#include "base/error.h"
#include "worker/options.h"

/* ret_fd: our end of its socket, non-blocking, the caller's to close. Errors: CQ_ERR_SYSTEM. */
CQ_MUST_CHECK enum cq_code cq_stable_spawn(const struct cq_worker_options *options, pid_t *ret_pid, int *ret_fd, struct cq_error *err);

#endif
