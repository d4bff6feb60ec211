/* A worker out of its settings: what `cq worker` runs, and each process of a pool. */
#ifndef CQ_CMD_WORKER_RUN_H
#define CQ_CMD_WORKER_RUN_H

#include "cmd/line/session.h"
#include "cmd/worker/given.h"
#include "worker/worker.h"

/* The place of a process in a pool; see worker/options.h. */
struct cq_worker_place {
    const char *name; /* of the pool */
    int slots;
    int first_number;
    bool keep_slots;
    int replaces_pid;
    int supervisor_fd;
};

/* What cannot be said to a worker although each of its settings is right. Errors: CQ_ERR_USAGE,
 * CQ_ERR_CONFIG, CQ_ERR_SYSTEM. */
CQ_MUST_CHECK enum cq_code cq_worker_check_together(const struct cq_session *session, struct cq_error *err);

/* A log as the settings want it, on standard error; and what is allowed and yet hardly meant, said once,
 * before jobs fail for it. */
void cq_worker_start_log(struct cq_log *log, const struct cq_settings *settings);
void cq_worker_warn(struct cq_log *log, const struct cq_settings *settings);

/*
 * Run it until it ends.
 *   place  NULL: it is in no pool
 * Errors: those of cq_worker_run.
 */
CQ_MUST_CHECK enum cq_code cq_worker_work(const struct cq_session *session,
                                          const struct cq_worker_given *given,
                                          const struct cq_worker_place *place, struct cq_error *err);

#endif
