/*
 * The execution that a slot runs or commits: what it is and, once it is over, how it ended. Its state, and
 * what may become of it, is in core/execution_state.h; job_run.c does what that says.
 */
#ifndef CQ_WORKER_SLOT_EXECUTION_H
#define CQ_WORKER_SLOT_EXECUTION_H

#include "core/execution_state.h"
#include "job/id.h"
#include "lifecycle/finish.h"
#include "runtime/frame.h"
#include "worker/job_fields.h"
#include "worker/output_tail.h"

struct cq_runtime;

/* The call that its job came out of. */
enum cq_found_by { CQ_FOUND_BY_FETCH, CQ_FOUND_BY_FINISH };

/* The texts are owned copies, reused from job to job. */
struct cq_execution {
    struct cq_buf job_id;
    struct cq_buf queue;       /* where it was taken from: its origin */
    struct cq_buf description; /* for the log */
    char id[CQ_EXECUTION_ID_SIZE];
    enum cq_found_by found_by;
    int64_t timeout_s; /* CQ_TTL_FOREVER: none */
    cq_time started_at, ended_at;
    cq_time started_monotonic;

    /* Its timer: */
    int64_t limit_s; /* the timeout, or that of what follows the function; 0: none */
    int64_t grace_s; /* after it, until signals come: its runtime raises in the job first; else 0 */

    /* What its horse does: */
    int ended_frames;             /* how often it said that the function has ended. ended_at is known then */
    int death_status;             /* as of waitpid, once the horse is gone without an answer */
    struct cq_buf unsent;         /* the job frame, until a horse is there that has it */
    struct cq_output_tail tail;   /* the last lines that it wrote */
    const struct cq_frame *frame; /* the answer that is being handled; else NULL */

    /* Its outcome: */
    enum cq_outcome outcome;
    struct cq_buf value; /* serialized return value; value_present tells None from empty */
    bool value_present;
    struct cq_buf exc_text;
    struct cq_buf meta;
    bool meta_present;              /* it goes to Redis with the outcome */
    enum cq_finish_verdict verdict; /* of Redis, once it is stored */
    int64_t retry_max;
    struct cq_buf retry_intervals;

    /* Callbacks: */
    struct cq_buf fields; /* the job's hash (job_fields.h), when it names callbacks or webhooks; else empty */
    /* Run its callbacks, where that is not the job's own runtime; else NULL. */
    struct cq_runtime *callers[CQ_CALLBACK_KINDS];
    struct cq_str callback_exc; /* why one has failed, while its end is being handled */
};

void cq_execution_init(struct cq_execution *run);
void cq_execution_release(struct cq_execution *run);
void cq_execution_trim(
    struct cq_execution *run); /* the outcome is in Redis: give back what a large one took */

/* Replace what buf holds; CQ_STR_NONE: by nothing. */
void cq_execution_put(struct cq_buf *buf, struct cq_str text);

/* What its timer stands for from now on: the timeout, or that of what follows the function; 0 or less:
 * nothing. */
void cq_execution_set_limit(struct cq_execution *run, int64_t seconds);

#endif
