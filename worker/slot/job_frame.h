/* The job frame that a horse gets: a started job's hash as Redis gave it, and whose execution it is. */
#ifndef CQ_WORKER_SLOT_JOB_FRAME_H
#define CQ_WORKER_SLOT_JOB_FRAME_H

#include "worker/slot/slot.h"

/* The timeout in a job's hash, in seconds; CQ_TTL_FOREVER: none. What cannot be read is RQ's default. */
int64_t cq_job_frame_timeout(const struct cq_reply *fields);

/* Build it of slot->run and the hash. False: too large. */
bool cq_job_frame_build(struct cq_slot *slot, const struct cq_started *started);

/* The one that was built last, by any slot: borrowed until the next one. */
struct cq_str cq_job_frame(const struct cq_slot *slot);

#endif
