/*
 * What is known of a job's end, read in one round trip: its hash without the payload, its newest result, and
 * the last lines that it wrote; of one that waits for its time or for other jobs, in a second one, for what.
 * Nothing is executed to show it: the value is decoded by cq's own readers.
 */
#ifndef CQ_CMD_JOB_REPORT_H
#define CQ_CMD_JOB_REPORT_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "redis/connection.h"
#include "serializers/value.h"

/* The texts of the hash, CQ_STR_NONE when unset; borrowed from the replies. */
enum cq_job_report_field {
    CQ_REPORT_STATUS,
    CQ_REPORT_DESCRIPTION,
    CQ_REPORT_QUEUE,
    CQ_REPORT_WORKER,
    CQ_REPORT_CREATED_AT,
    CQ_REPORT_ENQUEUED_AT,
    CQ_REPORT_STARTED_AT,
    CQ_REPORT_ENDED_AT,
    CQ_REPORT_RESULT,   /* RQ 1.x: the serialized value */
    CQ_REPORT_EXC_INFO, /* RQ 1.x: the failure's text, compressed or not */
    CQ_REPORT_FIELDS,
};

enum { CQ_REPORT_NEEDS_MAX = 20 };

enum cq_job_report_kind {
    CQ_REPORT_ABSENT,  /* there is no such job */
    CQ_REPORT_PENDING, /* it has not ended */
    CQ_REPORT_FINISHED,
    CQ_REPORT_FAILED, /* or was stopped, or canceled */
};

struct cq_job_report {
    enum cq_job_report_kind kind;
    struct cq_str fields[CQ_REPORT_FIELDS];
    struct cq_str serialized;   /* FINISHED: the value as it is stored; CQ_STR_NONE for None */
    struct cq_value value;      /* FINISHED and readable; see unreadable */
    struct cq_error unreadable; /* its code is not CQ_OK: why the value cannot be shown */
    struct cq_str failure;      /* FAILED: the text; may be empty */
    struct cq_str output;       /* FAILED, or waiting for a retry: the last lines it wrote; may be empty */
    bool has_due;               /* of a scheduled job: its entry was found, and is a time */
    cq_time due;
    struct cq_arena arena; /* owned, as are the replies */
    struct cq_reply *replies[3];
    /* of a deferred job: an array of ids that it depends on, CQ_REPORT_NEEDS_MAX of them at most; else
     * NULL */
    struct cq_reply *needs;
};

/*
 * *ret_report needs no init, and is to be released after an error too.
 * Redis: HMGET rq:job:<id>, XREVRANGE rq:results:<id>, GETRANGE rq:cq:output:<id>; then ZSCORE
 * rq:scheduled:<queue> or SRANDMEMBER rq:job::<id>:dependencies. Errors: CQ_ERR_CONNECTION, CQ_ERR_REDIS. A
 * result that cannot be read is not an error, see unreadable.
 */
CQ_MUST_CHECK enum cq_code cq_job_report_read(struct cq_connection *connection, struct cq_str id,
                                              struct cq_job_report *ret_report, struct cq_error *err);
void cq_job_report_release(struct cq_job_report *report);

#endif
