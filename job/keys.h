/*
 * Every Redis key, in one place: RQ's layout, and cq's own keys, which begin with `rq:cq:`. The prefix `rq:`
 * is said once, in keys.c. Scripts have the same names in parts/keys.lua, without `cq_`. Who writes a key,
 * and when it goes, is in docs/REDIS.md. Source: rq/job.py, rq/queue.py, rq/registry.py, rq/worker,
 * rq/cron.py.
 *
 * A struct cq_key is a small value on the stack. Names of up to CQ_NAME_MAX bytes fit: longer ones are
 * refused where they come in. Queue names, worker names and job ids are bytes: `:`, spaces and UTF-8 are kept
 * as they are.
 */
#ifndef CQ_JOB_KEYS_H
#define CQ_JOB_KEYS_H

#include "base/str.h"
#include "redis/command.h"

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

/* Add it to a command: cq_key_arg(command, cq_key_job(id)). */
static inline void cq_key_arg(struct cq_command *command, struct cq_key key)
{
    cq_command_arg(command, cq_key_str(&key));
}

/* Queues and registries. The name in a key is borrowed from it; CQ_STR_NONE for keys of another form. */
struct cq_key cq_key_queues(void);                                    /* rq:queues */
struct cq_key cq_key_queue(struct cq_str queue);                      /* rq:queue:<queue> */
struct cq_str cq_key_queue_name(struct cq_str key);                   /* <queue> */
struct cq_key cq_key_intermediate(struct cq_str queue);               /* rq:queue:<queue>:intermediate */
struct cq_key cq_key_registry(const char *kind, struct cq_str queue); /* rq:<kind>:<queue>; registry.h */
struct cq_key cq_key_clean_lock(struct cq_str queue);                 /* rq:clean_registries:<queue> */

/* Jobs. */
struct cq_key cq_key_job(struct cq_str id);          /* rq:job:<id> */
struct cq_key cq_key_dependencies(struct cq_str id); /* rq:job::<id>:dependencies */
struct cq_key cq_key_results(struct cq_str id);      /* rq:results:<id> */
struct cq_key cq_key_groups(void);                   /* rq:groups */
struct cq_key cq_key_group(struct cq_str name);      /* rq:group:<name> */

/* Workers and schedulers. */
struct cq_key cq_key_workers(void);                         /* rq:workers */
struct cq_key cq_key_worker(struct cq_str name);            /* rq:worker:<name> */
struct cq_str cq_key_worker_name(struct cq_str key);        /* <name>; as cq_key_queue_name */
struct cq_key cq_key_worker_executions(struct cq_str name); /* rq:worker:<name>:executions */
struct cq_key cq_key_queue_workers(struct cq_str queue);    /* rq:workers:<queue> */
struct cq_key cq_key_pubsub(struct cq_str worker);          /* rq:pubsub:<worker>, a channel */
struct cq_key cq_key_suspended(void);                       /* rq:suspended */
struct cq_key cq_key_scheduler(struct cq_str name);         /* rq:scheduler:<name> */
struct cq_key cq_key_scheduler_lock(struct cq_str queue);   /* rq:scheduler-lock:<queue> */

/* Limits of RQ 3; key: rate_limit_key of jobs. */
struct cq_key cq_key_rate_limit_keys(void);           /* rq:rl-keys */
struct cq_key cq_key_rate_limited(struct cq_str key); /* rq:rl:<key>:rate_limited */

/* RQ's cron. */
struct cq_key cq_key_cron_schedulers(void);              /* rq:cron_schedulers */
struct cq_key cq_key_cron_scheduler(struct cq_str name); /* rq:cron_scheduler:<name> */
struct cq_key cq_key_cron_jobs(void);                    /* rq:cron_jobs */
struct cq_key cq_key_cron_history(struct cq_str name);   /* rq:cron_job:<name>:jobs; of a cron job */

/* cq's own. */
struct cq_key cq_key_output(struct cq_str id);        /* rq:cq:output:<id> */
struct cq_key cq_key_paused(void);                    /* rq:cq:paused */
struct cq_key cq_key_given_back(struct cq_str queue); /* rq:cq:given_back:<queue> */
struct cq_key cq_key_sweep(struct cq_str queue);      /* rq:cq:sweep:<queue> */
struct cq_key cq_key_sweep_gone(struct cq_str queue); /* rq:cq:sweep_gone:<queue> */
struct cq_key cq_key_limits(void);                    /* rq:cq:limits */
struct cq_key cq_key_cron_tick(struct cq_str job);    /* rq:cq:cron:tick:<job> */
struct cq_key cq_key_cron_paused(void);               /* rq:cq:cron:paused */

#endif
