/* Waiting for a job's outcome: `cq enqueue --wait`. It reads the result stream with XREAD, and changes nothing. */
#ifndef CQ_CMD_WAIT_H
#define CQ_CMD_WAIT_H

#include <stdint.h>

#include "base/error.h"
#include "cmd/exit.h"
#include "job/keys.h"
#include "redis/connection.h"

struct cq_wait {
    struct cq_str job_id; /* borrowed */
    char *after;          /* owned: the stream id after which the outcome comes; NULL: not started */
};

#define CQ_WAIT_INIT ((struct cq_wait){{0}, 0})

/* Before the enqueue: remember where the stream ends, as an earlier job of that id may have results there. */
CQ_MUST_CHECK enum cq_code cq_wait_start(struct cq_wait *wait, struct cq_connection *connection, struct cq_str job_id,
                                         struct cq_error *err);
void cq_wait_release(struct cq_wait *wait);

/*
 * Wait, then print the return value as Python's repr on standard output, or the failure's text on standard error.
 *   timeout_s  INT64_MIN: wait for ever
 * Returns CQ_EXIT_OK, CQ_EXIT_FAILED (failed, stopped, gone, timed out) or the status of an error.
 */
enum cq_exit cq_wait_result(struct cq_wait *wait, struct cq_connection *connection, int64_t timeout_s);

#endif
