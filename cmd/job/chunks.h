/*
 * The loops of a selection: chunk by chunk of one queue's place. Without filters bulk.lua takes the next ones
 * itself; with them a page is read, and what matches is named.
 */
#ifndef CQ_CMD_JOB_CHUNKS_H
#define CQ_CMD_JOB_CHUNKS_H

#include "cmd/job/selection.h"

/* Once, before the first queue: how long a call takes that does nothing. */
CQ_MUST_CHECK enum cq_code cq_chunks_begin(struct cq_bulk_work *work, struct cq_error *err);

/*
 * One queue.
 *   count  jobs that are there now, above 0
 * Tallies are in work, also after an error. Ends early when cq_interrupted().
 */
CQ_MUST_CHECK enum cq_code cq_chunks_of(struct cq_bulk_work *work, struct cq_str queue, int64_t count,
                                        struct cq_error *err);

#endif
