/* The execution that a slot runs or commits: what it is and, once it is over, how it ended. */
#ifndef CQ_WORKER_SLOT_RUNNING_H
#define CQ_WORKER_SLOT_RUNNING_H

#include "job/id.h"
#include "job/job.h"
#include "lifecycle/finish.h"
#include "worker/fields.h"
#include "worker/tail.h"

/* Why a horse was told to die; decides the outcome when it is gone. */
enum cq_kill_reason {
    CQ_KILL_NONE,
    CQ_KILL_TIMEOUT,
    CQ_KILL_STOPPED,
    CQ_KILL_COMMAND,
    CQ_KILL_COLD,
    CQ_KILL_DEADLINE
};

struct cq_runtime;

/* The texts are owned copies, reused from job to job. */
struct cq_running {
    struct cq_buf job_id;
    struct cq_buf queue;       /* where it was taken from: its origin */
    struct cq_buf description; /* for the log */
    char execution_id[CQ_EXECUTION_ID_SIZE];
    int64_t timeout_s; /* CQ_TTL_FOREVER: none */
    cq_time started_at, ended_at;
    cq_time started_monotonic;
    enum cq_outcome outcome;
    struct cq_buf value; /* serialized return value; value_present tells None from empty */
    bool value_present;
    struct cq_buf exc_text;
    struct cq_buf meta;
    bool meta_present;
    int64_t retry_max;
    struct cq_buf retry_intervals;
    enum cq_kill_reason kill_reason;
    bool soft_timeout; /* its runtime raises in it at the timeout: signals come a grace later */
    /* how often it said so: the function has returned or raised, callbacks run. ended_at is known */
    int ended;
    struct cq_runtime
        *callers[CQ_CALLBACK_KINDS]; /* run its callbacks, where that is not its own runtime; else NULL */
    bool calls_success;              /* its horse has said that its success callback runs */
    int64_t limit_s; /* what the timer stands for: timeout_s, or that of what follows the function; 0: none */
    struct cq_tail tail;  /* the last lines that it wrote */
    struct cq_buf fields; /* the job's hash (fields.h), when it names callbacks or webhooks; else empty */
    /* Redis refused its outcome for a reason that does not pass: the next call fetches nothing */
    bool refused;
    bool given_back;      /* the shutdown's deadline ended it: what is committed is that it waits again */
    bool lost;            /* the heartbeat found that the execution is no longer ours */
    struct cq_buf unsent; /* the job frame, while there is no horse to take it, or it is only asked for */
};

void cq_running_init(struct cq_running *run);
void cq_running_release(struct cq_running *run);
void cq_running_trim(struct cq_running *run); /* the outcome is in Redis: give back what a large one took */

/* Replace what buf holds; CQ_STR_NONE: by nothing. */
void cq_running_put(struct cq_buf *buf, struct cq_str text);

#endif
