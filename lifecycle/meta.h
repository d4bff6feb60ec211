/* Save a job's meta while it runs. Source: rq/job.py save_meta. */
#ifndef CQ_LIFECYCLE_META_H
#define CQ_LIFECYCLE_META_H

#include "redis/command.h"

/* HSET meta on a job that still exists; one that was deleted meanwhile is not created anew. Replies 1 or 0.
 * Redis: meta.lua. */
void cq_meta_build(struct cq_str job_id, struct cq_str meta, struct cq_command *command);

#endif
