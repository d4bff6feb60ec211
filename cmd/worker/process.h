/* The process of a worker on this host, and a signal that only a cq worker gets. */
#ifndef CQ_CMD_WORKER_PROCESS_H
#define CQ_CMD_WORKER_PROCESS_H

#include "base/error.h"

/*
 * Send SIGHUP to a process, if it is a cq worker that has a handler for it: it ends any other program, RQ's
 * worker too. Errors: CQ_ERR_INVALID_OPERATION (no such process, or it is not a cq worker: nothing was sent),
 * CQ_ERR_SYSTEM (not ours to signal).
 */
CQ_MUST_CHECK enum cq_code cq_process_hang_up(int pid, struct cq_error *err);

/* The process id in a file as --pid writes it. Errors: CQ_ERR_INVALID_OPERATION, naming the file. */
CQ_MUST_CHECK enum cq_code cq_process_read_pid(const char *path, int *ret_pid, struct cq_error *err);

#endif
