/*
 * Fetch: take the next job over several queues and start it, in one script: pop, job hash, execution, wip,
 * worker. Where RQ pops first and starts later (and loses the job in between), here a job is on its list or
 * in rq:wip, never in neither. Source: rq/queue.py dequeue_any, rq/worker/base.py prepare_execution,
 * prepare_job_execution.
 */
#ifndef CQ_LIFECYCLE_FETCH_H
#define CQ_LIFECYCLE_FETCH_H

#include "base/clock.h"
#include "base/error.h"
#include "job/job.h"
#include "redis/command.h"
#include "redis/reply.h"

enum { CQ_WORKER_TTL_DEFAULT_S = 420 };

struct cq_fetch {
    const struct cq_str *queues; /* names, in the order to look at them; borrowed */
    size_t queue_count;          /* 1 or more */
    struct cq_str worker;        /* worker name */
    struct cq_str execution_id;  /* for the job that will be started */
    cq_time now;
    int monitoring_interval_s; /* RQ's job_monitoring_interval, 30 */
    bool lasting;              /* as RQ's SimpleWorker: the worker's hash lasts as long as the job may */
    int worker_ttl_s; /* the worker's hash expires so much + 60 after it became idle; 0: the default */
    /* the same call was sent before and its reply was lost: when it had started a job under execution_id,
     * give that one again instead of taking another */
    bool resume;
    bool resume_only; /* with resume: take no other job when it had started none */
    /* the strategy `latency`: seconds for each queue, with spaces between; CQ_STR_NONE: queues in their
     * order */
    struct cq_str targets;
};

/*
 * Build the call. Redis: fetch.lua. When nothing is found the worker's state becomes idle; when suspended it
 * stays. execution_id must be new for every job: it is how a resumed call finds what it had started.
 */
void cq_fetch_build(const struct cq_fetch *fetch, struct cq_command *command);

/* For finish.c, whose script fetches too: the argument `resume`, and the keys of the lists behind the named
 * ones. */
int cq_fetch_resume_arg(const struct cq_fetch *fetch);
void cq_fetch_put_lists(const struct cq_fetch *fetch, struct cq_command *command);

enum cq_fetch_verdict {
    CQ_FETCH_EMPTY,
    CQ_FETCH_STARTED,
    CQ_FETCH_SUSPENDED,
    /* a bounded number of dead ids was dropped, or of dependents released; there may be jobs now: fetch
     * again at once */
    CQ_FETCH_AGAIN,
};

/* What a fetch has found: a job that this worker now runs, or why there is none. Borrowed from the reply. */
struct cq_started {
    struct cq_str job_id;
    size_t queue_index; /* into fetch->queues */
    const struct cq_reply
        *fields; /* the job's hash, flat field, value ... as HGETALL gives it, after the start */
    const struct cq_reply *empty; /* with CQ_FETCH_EMPTY, for the two functions below */
};

/* After CQ_FETCH_EMPTY: when to fetch again, as jobs wait for their rate (`cq limit`); 0: none do. */
int64_t cq_fetch_wait_ms(const struct cq_started *found);

/* After CQ_FETCH_EMPTY: has this queue (index into fetch->queues) jobs that wait for the end of its pause? */
bool cq_fetch_is_paused(const struct cq_started *found, size_t queue_index);

/*
 * Read the reply (or the `next` part of finish's reply).
 * Ids whose hash is gone, and jobs that were canceled while queued, were dropped by the script on its way.
 * Errors: CQ_ERR_REDIS and what cq_reply_check says.
 */
CQ_MUST_CHECK enum cq_code cq_fetch_read(const struct cq_reply *reply, enum cq_fetch_verdict *ret_verdict,
                                         struct cq_started *ret_started, struct cq_error *err);

#endif
