/* How often a job of `cq enqueue` is run again, and after how long: retries, backoff, repeats, as the job's
 * hash has them. */
#ifndef CQ_CMD_ENQUEUE_AGAIN_H
#define CQ_CMD_ENQUEUE_AGAIN_H

#include "base/buf.h"
#include "cmd/enqueue/options.h"
#include "job/job.h"

/*
 * Fill the job's retries and repeats. retries, repeats: take their JSON lists; the job borrows them.
 * Errors: CQ_ERR_USAGE. Source: rq/job.py Retry, rq/repeat.py Repeat.
 */
CQ_MUST_CHECK enum cq_code cq_enqueue_again(const struct cq_enqueue_options *options, struct cq_buf *retries,
                                            struct cq_buf *repeats, struct cq_job *job, struct cq_error *err);

#endif
