/* Looks once a second for horses and stables that hang, and for jobs that could not get a horse. */
#ifndef CQ_WORKER_MAINTENANCE_WATCHDOG_H
#define CQ_WORKER_MAINTENANCE_WATCHDOG_H

#include "worker/context.h"

struct cq_watchdog *cq_watchdog_new(struct cq_worker_context *context);
void cq_watchdog_free(struct cq_watchdog *watchdog); /* NULL-safe */

void cq_watchdog_start(struct cq_watchdog *watchdog);

#endif
