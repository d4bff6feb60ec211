/*
 * The job that `cq enqueue` is to send: made of the arguments and options, with everything checked that can
 * be wrong before Redis is asked.
 */
#ifndef CQ_CMD_ENQUEUE_PREPARE_H
#define CQ_CMD_ENQUEUE_PREPARE_H

#include "base/arena.h"
#include "base/buf.h"
#include "cmd/enqueue/options.h"
#include "cmd/line/command.h"
#include "job/function_call.h"
#include "job/id.h"
#include "job/job.h"

/* What enqueue keeps while it works. */
struct cq_enqueue_work {
    const struct cq_enqueue_options *options;
    struct cq_arena arena;
    struct cq_function_call call;
    struct cq_buf call_text; /* as printed */
    struct cq_buf data, meta;
    struct cq_buf retry_intervals, repeat_intervals, webhooks;
    struct cq_strv ids;          /* of the dependencies */
    struct cq_str *dependencies; /* owned; views of ids */
    char id[CQ_UUID_SIZE];
    struct cq_job job;
    cq_time due; /* CQ_TIME_UNSET: now */
};

void cq_enqueue_work_init(struct cq_enqueue_work *work, const struct cq_enqueue_options *options);
void cq_enqueue_work_release(struct cq_enqueue_work *work);

/*
 * Make the job.
 *   run     its arguments are the function and what it is called with; borrowed as long as the work is used,
 * like its options format  the serializer Errors: CQ_ERR_USAGE, and those of a value that cannot be read or
 * written.
 */
CQ_MUST_CHECK enum cq_code cq_enqueue_prepare(struct cq_enqueue_work *work, const struct cq_run *run,
                                              enum cq_format format, struct cq_error *err);

#endif
