/*
 * The result stream rq:results:<id>: reading entries, and the base64 forms that writing one needs.
 * Source: rq/results.py Result.
 */
#ifndef CQ_JOB_RESULT_H
#define CQ_JOB_RESULT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "redis/reply.h"

enum cq_result_type {
    CQ_RESULT_SUCCESSFUL = 1,
    CQ_RESULT_FAILED,
    CQ_RESULT_STOPPED,
    CQ_RESULT_RETRIED,
    CQ_RESULT_MAX_RETRIES
};

enum { CQ_EXC_TEXT_MAX = 64 * 1024 * 1024 }; /* bytes of an exception text that we read, uncompressed */

struct cq_result {
    enum cq_result_type type;
    struct cq_str stream_id;
    struct cq_str worker_name;
    struct cq_str return_value; /* serialized, base64 undone; CQ_STR_NONE for None */
    struct cq_str exc_string;   /* text, base64 and zlib undone; CQ_STR_NONE when absent */
    struct cq_str execution_id;
};

/* Read one entry of an XRANGE / XREVRANGE reply; texts live in arena. Errors: CQ_ERR_DESERIALIZATION,
 * CQ_ERR_LIMIT. */
CQ_MUST_CHECK enum cq_code cq_result_read(const struct cq_reply *entry, struct cq_arena *arena,
                                          struct cq_result *ret_result, struct cq_error *err);

/* Append base64(serialized value), and base64(zlib(traceback text)): the stream fields return_value and
 * exc_string. */
void cq_result_encode_value(struct cq_str serialized, struct cq_buf *out);
void cq_result_encode_exc(struct cq_str text, struct cq_buf *out);

#endif
