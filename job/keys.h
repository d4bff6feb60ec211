/*
 * Every Redis key of the rq layout, written in one place. Source: rq/job.py, rq/queue.py, rq/registry.py,
 * rq/worker.
 *
 * A struct cq_key is a small value on the stack; names of up to CQ_NAME_MAX bytes fit. Queue names, worker
 * names and job ids are bytes: `:`, spaces and UTF-8 are kept as they are.
 */
#ifndef CQ_JOB_KEYS_H
#define CQ_JOB_KEYS_H

#include "base/str.h"

enum {
    CQ_NAME_MAX = 512
}; /* bytes of a queue name, worker name or job id; longer ones are refused on entry */

struct cq_key {
    size_t len;
    char text[2 * CQ_NAME_MAX + 64]; /* NUL-terminated too */
};

static inline struct cq_str cq_key_str(const struct cq_key *key)
{
    return cq_str_n(key->text, key->len);
}

#define CQ_KEY_QUEUES "rq:queues"
#define CQ_KEY_WORKERS "rq:workers"
#define CQ_KEY_SUSPENDED "rq:suspended"
#define CQ_KEY_LIMIT_KEYS "rq:rl-keys"
#define CQ_KEY_LIMITS "cq:limits" /* our own: keys that `cq limit` has set something for */
#define CQ_KEY_PAUSED "cq:paused" /* our own: queues of which nothing is started */
#define CQ_KEY_GROUPS "rq:groups"
#define CQ_PREFIX_QUEUE "rq:queue:"
#define CQ_PREFIX_JOB "rq:job:"
#define CQ_PREFIX_WORKER "rq:worker:"

struct cq_key cq_key_queue(struct cq_str queue);                           /* rq:queue:<name> */
struct cq_key cq_key_intermediate(struct cq_str queue);                    /* rq:queue:<name>:intermediate */
struct cq_key cq_key_job(struct cq_str id);                                /* rq:job:<id> */
struct cq_key cq_key_dependents(struct cq_str id);                         /* rq:job:<id>:dependents */
struct cq_key cq_key_dependencies(struct cq_str id);                       /* rq:job::<id>:dependencies */
struct cq_key cq_key_results(struct cq_str id);                            /* rq:results:<id> */
struct cq_key cq_key_output(struct cq_str id);                             /* cq:output:<id>, our own */
struct cq_key cq_key_execution(struct cq_str id, struct cq_str execution); /* rq:execution:<id>:<execution> */
struct cq_key cq_key_executions(struct cq_str id);                         /* rq:executions:<id> */
struct cq_key cq_key_registry(const char *kind,
                              struct cq_str queue);         /* rq:<kind>:<queue>; kind as in registry.h */
struct cq_key cq_key_worker(struct cq_str name);            /* rq:worker:<name> */
struct cq_key cq_key_worker_executions(struct cq_str name); /* rq:worker:<name>:executions */
struct cq_key cq_key_queue_workers(struct cq_str queue);    /* rq:workers:<queue> */
struct cq_key cq_key_given_back(struct cq_str queue);       /* cq:given_back:<queue>, our own */
struct cq_key cq_key_group(struct cq_str name);             /* rq:group:<name> */
struct cq_key cq_key_rate_limited(struct cq_str key);       /* rq:rl:<key>:rate_limited */
struct cq_key cq_key_pubsub(struct cq_str worker);          /* rq:pubsub:<worker> */
struct cq_key cq_key_clean_lock(struct cq_str queue);       /* rq:clean_registries:<queue> */
struct cq_key cq_key_sweep(struct cq_str queue);            /* cq:sweep:<queue>, our own */
struct cq_key cq_key_scheduler(struct cq_str name);         /* rq:scheduler:<name> */
struct cq_key cq_key_scheduler_lock(struct cq_str queue);   /* rq:scheduler-lock:<queue> */

#endif
