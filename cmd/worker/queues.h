/*
 * The queues of a worker, out of its settings and its command line.
 *
 * With the strategies `weighted` and `latency` each is written NAME:NUMBER: its weight (`high:5`), or its
 * target (`high:5s`). Only then: names may contain colons (`bench:default`), and what a name means must not
 * change with what comes after it. So with these strategies every queue must have its number, which is what
 * stands behind the last colon.
 */
#ifndef CQ_CMD_WORKER_QUEUES_H
#define CQ_CMD_WORKER_QUEUES_H

#include "cmd/line/command.h"
#include "config/settings.h"

/* Fills settings->queues, names only, and queue_numbers where the strategy asks for them. Errors:
 * CQ_ERR_CONFIG, CQ_ERR_USAGE. */
CQ_MUST_CHECK enum cq_code cq_worker_queues_apply(struct cq_settings *settings, const struct cq_run *run,
                                                  struct cq_error *err);

#endif
