/* What follows a job of `cq enqueue`: its callbacks and webhooks, checked, as the job's hash has them. */
#ifndef CQ_CMD_ENQUEUE_FOLLOW_H
#define CQ_CMD_ENQUEUE_FOLLOW_H

#include "base/arena.h"
#include "base/buf.h"
#include "cmd/enqueue/options.h"
#include "job/job.h"

enum { CQ_FUNCTION_MAX = 1024 }; /* bytes of a dotted path */

/*
 * Fill the job's callbacks and webhooks. webhooks: takes their JSON; the job borrows it, and the options.
 * Errors: CQ_ERR_USAGE. Source: rq/job.py Callback, rq/webhook.py Webhook.
 */
CQ_MUST_CHECK enum cq_code cq_enqueue_follow(const struct cq_enqueue_options *options,
                                             struct cq_buf *webhooks, struct cq_job *job,
                                             struct cq_error *err);

/* Text without control characters that is UTF-8, of 1 to most bytes: what may be a name in Redis. */
bool cq_enqueue_is_name(struct cq_str text, size_t most);

#endif
