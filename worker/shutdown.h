/*
 * Signals, and how they end the process. SIGINT or SIGTERM: warm shutdown, running jobs finish. A second one
 * more than a second later: cold shutdown, horses are killed and their jobs recorded as ended so; deaths are
 * still registered. Source: rq/worker/base.py request_stop. With --shutdown-timeout the warm shutdown has a
 * deadline: what still runs is ended and goes back to its queue. A second signal means that the deadline is
 * now: a user who asked for jobs to go back does not want them to fail. SIGHUP: reload. When which of these
 * is done is in core/process_state.h.
 */
#ifndef CQ_WORKER_SHUTDOWN_H
#define CQ_WORKER_SHUTDOWN_H

#include "worker/process.h"

void cq_shutdown_init(struct cq_process *process);
void cq_shutdown_release(struct cq_process *process);

/* What the machine asks for. */
void cq_shutdown_do(struct cq_process *process, enum cq_process_action action);

#endif
