/* What `cq worker` was asked to do: filled by cmd/, read by worker/. Everything is borrowed for the worker's
 * life. */
#ifndef CQ_WORKER_OPTIONS_H
#define CQ_WORKER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "base/strv.h"
#include "redis/address.h"
#include "serializers/serializer.h"

enum cq_dequeue_strategy {
    CQ_DEQUEUE_DEFAULT,
    CQ_DEQUEUE_RANDOM,
    CQ_DEQUEUE_ROUND_ROBIN,
    CQ_DEQUEUE_WEIGHTED,
    CQ_DEQUEUE_LATENCY
};
enum { CQ_WEIGHT_MAX = 1000000 };
enum cq_job_output { CQ_OUTPUT_LOG, CQ_OUTPUT_PASS, CQ_OUTPUT_DISCARD };

struct cq_program {
    const char *name;    /* the function name that jobs use */
    const char *command; /* as written in [programs] */
};

/* One [runtime.NAME]: a program that speaks the stable protocol (docs/RUNTIME.md). */
struct cq_runtime_command {
    const char *name;
    const char *command; /* split into words as a [programs] command is */
    const struct cq_strv
        *functions; /* dotted prefixes of the functions that it runs; the longest that fits counts */
};

enum { CQ_SLOTS_MAX = 1000 };

struct cq_worker_options {
    const struct cq_address *address;
    const struct cq_strv *queues; /* 1 or more */
    const char *name;             /* NULL: a generated one; with -n N > 1: `<name>.1` ... `<name>.N` */
    int slots;                    /* -n, --num-workers: 1 to CQ_SLOTS_MAX */
    bool burst;
    int64_t max_jobs;              /* per slot, as one RQ worker's; 0: no limit */
    int64_t max_idle_s;            /* 0: no limit */
    int results_ttl_s;             /* 500 */
    int worker_ttl_s;              /* 420 */
    int job_monitoring_interval_s; /* 30 */
    int maintenance_interval_s;    /* 600 */
    int64_t max_failed_jobs;       /* of each queue, to be kept; 0: no bound */
    int64_t max_failed_age_s;      /* 0: no bound */
    enum cq_dequeue_strategy strategy;
    /* of each queue: its weight (WEIGHTED), its target in seconds (LATENCY); each 1 or more */
    const int64_t *queue_numbers;
    bool reuse_horses;
    int64_t max_jobs_per_horse;   /* 0: no limit; 1000 */
    int64_t max_rss_per_horse_kb; /* 0: no limit; 262144 */
    bool requeue_abandoned;       /* back to the queue instead of RQ's rule */
    bool with_scheduler;          /* -s */
    bool log_job_description;     /* false: --disable-job-desc-logging */
    enum cq_job_output job_output;
    int kill_grace_s; /* SIGTERM to SIGKILL, 5 */
    /* from a warm stop until jobs that still run are given back; 0: as long as they take */
    int64_t shutdown_timeout_s;
    bool webhook_private_refused; /* --webhook-private refuse */
    bool restrict_format;         /* --serializer was given: accept no other */
    enum cq_format format;
    const struct cq_strv *paths;       /* -P: where modules are looked for */
    const struct cq_program *programs; /* of [programs] */
    size_t program_count;
    const struct cq_runtime_command *runtimes; /* of [runtime.NAME] */
    size_t runtime_count;
    const struct cq_strv
        *allow; /* dotted prefixes of what may run and what a pickle may name; empty: everything */
    /* The Python runtime: everything that is neither a program nor in a module of ours nor another
     * runtime's. */
    const char *python;            /* --python: name or path of the interpreter; NULL: none */
    const struct cq_strv *preload; /* modules imported in the stable before the first fork */
    bool auto_preload;             /* modules that jobs keep importing are imported in the stable too */
    const struct cq_strv *exception_handlers; /* dotted paths, in RQ's order */
    bool default_exception_handler;           /* false: -d */
    const char *job_class;                    /* dotted path; NULL: rq.job.Job */
    const char *connection_class;             /* dotted path; NULL: redis.Redis */
    const char *serializer_path;              /* --serializer is a dotted path: Python's alone; NULL: none */
    const char *pid_file;                     /* NULL: none */
    /* In a pool (cmd/pool/), one of whose processes this is. */
    int supervisor_fd;      /* of worker/pool/supervisor_link.h; 0: none */
    int first_number;       /* slots are called NAME.<first_number> and so on; 0: as slots says */
    bool keep_slots;        /* another slot takes the place of one that has ended by itself */
    int replaces_pid;       /* a process that is dead for certain: its names are ours; 0: none */
    const char *executable; /* path of cq itself, for the native stable */
    struct cq_log *log;
};

#endif
