/*
 * A job: what the hash rq:job:<id> of a new one holds, and the words for its status.
 *
 * A job's life: created -> queued (its id on rq:queue:<origin>) -> started (an execution in rq:wip:<origin>)
 * -> finished | failed | stopped (registry of that name, result stream) -> gone when its TTL passes. A retry
 * goes back to queued or to scheduled; a job with open dependencies starts as deferred; canceled is an end
 * too. Who moves it is lifecycle/, one script per arrow; here is only what the hash holds. Source: rq/job.py
 * Job.to_dict, Job.restore.
 */
#ifndef CQ_JOB_JOB_H
#define CQ_JOB_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "redis/command.h"
#include "redis/reply.h"

enum cq_job_status {
    CQ_JOB_UNKNOWN, /* absent or a word we do not know */
    CQ_JOB_CREATED,
    CQ_JOB_QUEUED,
    CQ_JOB_STARTED,
    CQ_JOB_DEFERRED,
    CQ_JOB_SCHEDULED,
    CQ_JOB_FINISHED,
    CQ_JOB_FAILED,
    CQ_JOB_STOPPED,
    CQ_JOB_CANCELED,
    /* of RQ 3.0: waits for a slot of its rate_limit_key; written only for jobs that have one */
    CQ_JOB_RATE_LIMITED,
    CQ_JOB_READY_TO_ENQUEUE, /* of RQ 3.0: never written */
};

const char *cq_job_status_name(enum cq_job_status status);
enum cq_job_status cq_job_status_parse(struct cq_str text);

#define CQ_TTL_UNSET INT64_MIN /* the field is absent: RQ's default applies */
#define CQ_TTL_FOREVER (-1)    /* result_ttl, failure_ttl, ttl, timeout: none */
#define CQ_TIME_UNSET INT64_MIN
#define CQ_JOB_TIMEOUT_DEFAULT_S 180
#define CQ_JOB_RESULT_TTL_DEFAULT_S 500
#define CQ_JOB_FAILURE_TTL_DEFAULT_S 31536000
#define CQ_JOB_CALLBACK_TIMEOUT_DEFAULT_S 60

/* A new job, with what its hash holds; everything is borrowed. */
struct cq_job {
    struct cq_str id;
    struct cq_str data;   /* as in Redis: zlib of the serialized call, or the bare serialized call */
    struct cq_str origin; /* queue name */
    struct cq_str description;
    cq_time created_at; /* CQ_TIME_UNSET */
    int64_t timeout_s;  /* CQ_TTL_UNSET, CQ_TTL_FOREVER or > 0 */
    int64_t result_ttl_s, failure_ttl_s, ttl_s;
    struct cq_str meta; /* serialized; CQ_STR_NONE when unset */
    struct cq_str group_id;
    int64_t retries_left;          /* -1: unset */
    struct cq_str retry_intervals; /* JSON list of seconds; CQ_STR_NONE when unset */
    bool enqueue_at_front_on_retry;
    int64_t repeats_left;                        /* -1: unset */
    struct cq_str repeat_intervals;              /* JSON list of seconds; CQ_STR_NONE when unset */
    bool has_enqueue_at_front, enqueue_at_front; /* when released, or when due */
    struct cq_str dependency_ids;                /* JSON list */
    bool has_allow_dependency_failures, allow_dependency_failures;
    struct cq_str success_callback_name, failure_callback_name, stopped_callback_name;
    int64_t success_callback_timeout_s, failure_callback_timeout_s,
        stopped_callback_timeout_s; /* CQ_TTL_UNSET or > 0 */
    struct cq_str rate_limit_key;   /* of RQ 3.0 */
    int64_t rate_limit_concurrency; /* -1: unset */
    struct cq_str
        webhooks; /* JSON list of {url, job_status, method, headers, timeout}; CQ_STR_NONE when unset */
};

void cq_job_init(struct cq_job *job); /* everything unset */

/*
 * Append field, value, field, value ... of a new job to a command, as RQ's Job.to_dict does: the
 * always-present fields (empty when unset), then those that are set. status, enqueued_at are the transition's
 * to write. Returns the number of arguments appended.
 */
int cq_job_write(const struct cq_job *job, struct cq_command *command);

#endif
