/*
 * Finish: commit the outcome of one execution, and hand back the next job, started. One round trip a job.
 *
 * Fenced: when the execution is no longer in rq:wip:<queue> it was judged abandoned and given away; the late
 * outcome is refused (committed = false) and nothing is written but the worker's own state and the next
 * fetch. Source: rq/worker/base.py handle_job_success, handle_job_failure, handle_job_retry; rq/job.py
 * _handle_success, _handle_failure, retry; rq/queue.py enqueue_dependents; rq/repeat.py.
 */
#ifndef CQ_LIFECYCLE_FINISH_H
#define CQ_LIFECYCLE_FINISH_H

#include "lifecycle/fetch.h"

enum cq_outcome {
    CQ_OUTCOME_SUCCESS,
    CQ_OUTCOME_FAILED,  /* an exception, a timeout, a dead horse: retried when retries are left */
    CQ_OUTCOME_STOPPED, /* by send_stop_job_command: never retried */
    CQ_OUTCOME_RETRY,   /* the function returned Retry(max, interval) */
};

enum { CQ_OUTPUT_MAX = 64 * 1024 }; /* bytes of output that are kept; more loses its beginning */

struct cq_finish {
    enum cq_outcome outcome;
    struct cq_str job_id;
    struct cq_str queue; /* origin */
    struct cq_str execution_id;
    struct cq_str worker;
    cq_time started_at, ended_at;
    /* serialized, not yet base64; CQ_STR_NONE for None (SUCCESS); the Retry itself (RETRY) */
    struct cq_str return_value;
    struct cq_str exc_text; /* plain traceback text (FAILED, STOPPED) */
    struct cq_str
        output; /* the last lines that it wrote (not SUCCESS), kept as rq:cq:output:<id>; CQ_STR_NONE: none */
    int default_result_ttl_s; /* the worker's --results-ttl, for jobs without their own */
    bool unregistered; /* --disable-default-exception-handler: FAILED and STOPPED go into no registry */
    int64_t retry_max; /* RETRY: Retry.max */
    struct cq_str retry_intervals; /* RETRY: JSON list of seconds */
    struct cq_str meta;            /* serialized meta to store with the outcome; CQ_STR_NONE: leave it */
    int worker_ttl_s; /* of the worker's hash when it becomes idle, 60 s are added; 0: the default */
    const struct cq_fetch *next; /* NULL: fetch nothing, become idle */
};

/*
 * Build the call; it may be sent again when its answer was lost (next->resume then). What was committed the
 * first time is told by the job's newest result, so the verdict is the same; only a retry after an exception
 * leaves none: that is FENCED. Redis: finish.lua. Errors: CQ_ERR_LIMIT when the result or the text is too
 * large for Redis; do not send the call then.
 */
CQ_MUST_CHECK enum cq_code cq_finish_build(const struct cq_finish *finish, struct cq_command *command,
                                           struct cq_error *err);

enum cq_finish_verdict {
    CQ_VERDICT_FENCED, /* not ours any more: nothing written */
    CQ_VERDICT_FINISHED,
    CQ_VERDICT_FAILED,
    CQ_VERDICT_STOPPED,
    CQ_VERDICT_REQUEUED,  /* retried, on its queue again */
    CQ_VERDICT_SCHEDULED, /* retried or repeated later, in rq:scheduled */
    CQ_VERDICT_CANCELED,  /* by RQ's Job.cancel while it ran: its result is stored, and it stays canceled */
    CQ_VERDICT_DELETED,   /* result_ttl 0, or the job was deleted while it ran */
};

struct cq_finished {
    enum cq_finish_verdict verdict;
    enum cq_fetch_verdict next_verdict; /* CQ_FETCH_EMPTY when nothing was to be fetched */
    struct cq_started next;
};

CQ_MUST_CHECK enum cq_code cq_finish_read(const struct cq_reply *reply, struct cq_finished *ret_finished,
                                          struct cq_error *err);

#endif
