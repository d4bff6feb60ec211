/*
 * enqueue --wait: the job's outcome, read off its result stream; nothing is changed.
 */
#ifndef CQ_CMD_ENQUEUE_WAIT_H
#define CQ_CMD_ENQUEUE_WAIT_H

#include "cmd/line/exit.h"
#include "redis/connection.h"

struct cq_wait {
    struct cq_str job_id; /* borrowed */
    char *after;          /* owned: the stream id after which the outcome comes; NULL: not started */
};
#define CQ_WAIT_INIT {CQ_STR_NONE, NULL}

/* Before the enqueue: remember where the stream ends, as an earlier job of that id may have results there. */
CQ_MUST_CHECK enum cq_code cq_wait_start(struct cq_wait *wait, struct cq_connection *connection,
                                         struct cq_str job_id, struct cq_error *err);

/*
 * Wait, then print the return value as Python's repr on standard output, or the failure's text on standard
 * error. timeout_s  CQ_OPTION_UNSET: for ever
 */
enum cq_exit cq_wait_result(struct cq_wait *wait, struct cq_connection *connection, int64_t timeout_s);

void cq_wait_release(struct cq_wait *wait);

#endif
