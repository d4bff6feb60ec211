/*
 * cq's settings: the ini file, the environment and the command line, put together in that order of growing
 * weight.
 *
 * One table (table.c) has a row for each setting: its section, key, environment variables, type, bounds,
 * default and help. Parser, checks, messages, --help and config.example.ini all follow from it. Commands and
 * the worker read this struct itself. Use:
 *
 *     struct cq_settings settings;
 *     cq_settings_init(&settings);                                               // the defaults
 *     code = cq_settings_load(&settings, config_path, NULL, NULL, NULL, &err);   // load.h: file, environment
 *     code = cq_settings_set(&settings, "worker.results_ttl", "600", "--results-ttl", &err); // command line
 *     cq_settings_release(&settings);
 *
 * Errors are one line, CQ_ERR_CONFIG, that starts with where the value came from (`cq.ini:12: `,
 * `REDIS_PORT: `, `--results-ttl: `) and never shows a password.
 */
#ifndef CQ_CONFIG_SETTINGS_H
#define CQ_CONFIG_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "base/strv.h"
#include "config/sections.h"
#include "config/table.h"
#include "serializers/serializer.h"

enum cq_dequeue_strategy {
    CQ_DEQUEUE_DEFAULT,
    CQ_DEQUEUE_RANDOM,
    CQ_DEQUEUE_ROUND_ROBIN,
    CQ_DEQUEUE_WEIGHTED,
    CQ_DEQUEUE_LATENCY
};
enum cq_job_output { CQ_OUTPUT_LOG, CQ_OUTPUT_PASS, CQ_OUTPUT_DISCARD };
enum cq_webhook_private { CQ_WEBHOOK_PRIVATE_ALLOW, CQ_WEBHOOK_PRIVATE_REFUSE };
enum cq_tls_cert_reqs { CQ_TLS_CERT_NONE, CQ_TLS_CERT_OPTIONAL, CQ_TLS_CERT_REQUIRED };
enum { CQ_SLOTS_MAX = 1000, CQ_WEIGHT_MAX = 1000000 };

/* --serializer: what enqueue writes, and on a worker the only one that it takes. */
struct cq_serializer_setting {
    char *path;            /* dotted name of a serializer of Python's; NULL: none, and format counts */
    enum cq_format format; /* pickle unless another was named */
    bool restricted;       /* format was named */
};

struct cq_settings {
    /* [redis]: use cq_settings_address of redis_address.h, which knows what goes before what */
    char *url;
    char *host;
    int port;
    int db;
    char *username;
    char *password;
    char *socket;
    bool tls;
    enum cq_tls_cert_reqs tls_cert_reqs;
    char *tls_ca_certs, *tls_certfile, *tls_keyfile;
    int connect_timeout_ms;
    int command_timeout_ms;

    /* [worker] */
    struct cq_strv queues; /* 1 or more */
    /* of each queue: its weight (WEIGHTED), its target in seconds (LATENCY), each 1 or more; else NULL.
     * Filled by cmd/worker/queues.c. */
    int64_t *queue_numbers;
    char *name;      /* NULL: a generated one; of several workers <name>.1, <name>.2 ... */
    int num_workers; /* 1 to CQ_SLOTS_MAX */
    int results_ttl_s;
    int worker_ttl_s;
    int job_monitoring_interval_s;
    int maintenance_interval_s;
    int64_t max_failed_jobs;  /* of each queue, to be kept; 0: no bound */
    int64_t max_failed_age_s; /* 0: no bound */
    enum cq_dequeue_strategy dequeue_strategy;
    bool reuse_horses;
    int64_t max_jobs_per_horse;   /* 0: no limit */
    int64_t max_rss_per_horse_kb; /* 0: no limit */
    bool requeue_abandoned;       /* back to the queue instead of RQ's rule */
    bool with_scheduler;
    int kill_grace_s;           /* SIGTERM to SIGKILL */
    int64_t shutdown_timeout_s; /* from a warm stop until running jobs are given back; 0: no limit */
    enum cq_webhook_private webhook_private;
    bool processes;                /* of a pool: one for each worker */
    int64_t max_age_s, max_rss_kb; /* of a pool's processes; 0: no limit */
    enum cq_job_output job_output;
    bool log_job_description;
    enum cq_log_level logging_level;
    enum cq_log_format log_format;
    struct cq_serializer_setting serializer;
    struct cq_strv path;  /* where modules are looked for; 1 or more */
    struct cq_strv allow; /* dotted prefixes of what may run and what a pickle may name; empty: everything */
    char *python;         /* name or path of the interpreter; NULL: none */
    struct cq_strv preload;            /* modules imported in the stable before the first fork */
    bool auto_preload;                 /* modules that jobs keep importing are imported in the stable too */
    struct cq_strv exception_handlers; /* dotted paths, in RQ's order */
    bool default_exception_handler;
    char *worker_class, *queue_class;   /* as given: cmd/worker/classes.c knows what they mean */
    char *job_class, *connection_class; /* dotted paths; NULL: RQ's own */

    /* Of the command line alone. */
    bool burst;
    int64_t max_jobs;        /* of each worker; 0: no limit */
    int64_t max_idle_time_s; /* 0: no limit */
    const char *pid_file;    /* borrowed; NULL: none */

    /* [programs] and [runtime.NAME], in the order of the file */
    struct cq_settings_program *programs;
    size_t program_count;
    struct cq_settings_runtime *runtimes;
    size_t runtime_count;

    struct cq_strv warnings; /* lines to print, such as of a file with a password that others may read */
    struct cq_strv worker_warnings; /* those that matter to a worker only */
    char *file;                     /* the ini file that was read; NULL: none */

    unsigned char source[CQ_SETTINGS_MAX]; /* enum cq_setting_source of each, in the order of the table */
    int line[CQ_SETTINGS_MAX];             /* of the ini file; 0: not there */
};

void cq_settings_init(struct cq_settings *settings);    /* the defaults */
void cq_settings_release(struct cq_settings *settings); /* wipes the password */

/*
 * Set one setting from the command line.
 *   key    "worker.results_ttl", "redis.url" ...: section and key; the table must have it
 *   value  as in the ini file; "" takes it back to none where that is allowed (texts, lists)
 *   where  starts the message of an error, such as "--results-ttl"
 * Errors: CQ_ERR_CONFIG, in the same words as for the file.
 */
CQ_MUST_CHECK enum cq_code cq_settings_set(struct cq_settings *settings, const char *key, const char *value,
                                           const char *where, struct cq_error *err);

/* The same for a list whose items come one by one (queues, -P), so that a comma in an item stays in it. */
void cq_settings_set_list(struct cq_settings *settings, const char *key, const char *const *items,
                          size_t count);

/* Where a setting's value came from. */
enum cq_setting_source cq_settings_source(const struct cq_settings *settings, const char *key);

/* How a message calls the place that a setting's value came from: `--results-ttl`, `CQ_RESULTS_TTL`,
 * `cq.ini:12: results_ttl`. */
const char *cq_settings_where(const struct cq_settings *settings, const char *key, char *text, size_t size);

#endif
