/*
 * Signals. SIGINT or SIGTERM: warm stop, running jobs finish. A second one more than a second later: cold
 * stop, horses are killed and their jobs recorded as ended so, deaths are still registered. Source:
 * rq/worker/base.py request_stop. With --shutdown-timeout the warm stop has a deadline: what still runs is
 * ended and given back to its queue. A second signal means that the deadline is now: whoever asked for jobs
 * to go back does not want them to fail. SIGHUP: reload.
 */
#ifndef CQ_WORKER_SHUTDOWN_H
#define CQ_WORKER_SHUTDOWN_H

#include "worker/process.h"

struct cq_shutdown *cq_shutdown_new(struct cq_process *process);
void cq_shutdown_free(struct cq_shutdown *shutdown); /* NULL-safe */

#endif
