/*
 * Maintenance in the worker's loop: abandoned jobs every few seconds (RQ finds them at the next ten-minute
 * round), the registries at start and every maintenance interval. One chunk at a time: the next one is asked
 * for when the last has been answered, so that neither Redis nor the loop is held.
 */
#ifndef CQ_WORKER_MAINTENANCE_H
#define CQ_WORKER_MAINTENANCE_H

#include "worker/process.h"

struct cq_maintenance *cq_maintenance_new(struct cq_process *process);
void cq_maintenance_free(struct cq_maintenance *maintenance); /* NULL-safe */

/* Start the timers, and do a first round now. */
void cq_maintenance_start(struct cq_maintenance *maintenance);

/* Abandoned jobs are being asked about: who is told of one has to see to it. */
bool cq_maintenance_is_asking(const struct cq_maintenance *maintenance);

#endif
