/*
 * cq's settings: the ini file, the environment and the command line, put together in that order of growing
 * weight.
 *
 * One table (settings.c) says of each setting its section, key, environment variables, type, bounds, default
 * and meaning; parser, bounds, defaults, messages and config.example.ini all follow from it. Use:
 *
 *     struct cq_settings settings;
 *     cq_settings_init(&settings);                                               // the defaults
 *     code = cq_settings_load(&settings, config_path, NULL, NULL, NULL, &err);   // file and environment
 *     code = cq_settings_set(&settings, "worker.results_ttl", "600", "--results-ttl", &err); // the command
 * line on top code = cq_settings_address(&settings, &address, &err);
 *     ...
 *     cq_settings_release(&settings);
 *
 * Errors are one line, CQ_ERR_CONFIG, that starts with where the value came from (`cq.ini:12: `, `REDIS_PORT:
 * `,
 * `--results-ttl: `) and never shows a password.
 */
#ifndef CQ_CONFIG_SETTINGS_H
#define CQ_CONFIG_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strv.h"
#include "config/python_module.h"
#include "config/sections.h"
#include "config/table.h"
#include "redis/address.h"
#include "worker/options.h"

struct cq_settings {
    /* [redis]: use cq_settings_address, which knows what goes before what */
    char *url;
    char *host;
    int64_t port;
    int64_t db;
    char *username;
    char *password;
    char *socket;
    bool tls;
    int tls_cert_reqs; /* 0 none, 1 optional, 2 required */
    char *tls_ca_certs, *tls_certfile, *tls_keyfile;
    int64_t connect_timeout_ms;
    int64_t command_timeout_ms;

    /* [worker] */
    struct cq_strv queues; /* `default` when nothing else is said */
    /* of each queue, by strategies that ask for them: weight, or target in seconds; filled by cmd/ */
    int64_t *queue_numbers;
    char *name; /* NULL: a generated one */
    int64_t num_workers;
    int64_t results_ttl_s;
    int64_t worker_ttl_s;
    int64_t job_monitoring_interval_s;
    int64_t maintenance_interval_s;
    int64_t max_failed_jobs, max_failed_age_s; /* 0: no bound */
    int dequeue_strategy;                      /* enum cq_dequeue_strategy */
    bool reuse_horses;
    int64_t max_jobs_per_horse;
    int64_t max_rss_per_horse_kb;
    bool requeue_abandoned;
    bool with_scheduler;
    int64_t kill_grace_s;
    int64_t shutdown_timeout_s;
    bool processes; /* of a pool */
    int64_t max_age_s, max_rss_kb;
    int webhook_private; /* 1: refused */
    int job_output;      /* enum cq_job_output */
    bool log_job_description;
    int logging_level; /* enum cq_log_level */
    int log_format;    /* enum cq_log_format */
    char *serializer;  /* what cq_format_parse takes, or a dotted name of Python's; NULL: any */
    struct cq_strv path;
    struct cq_strv allow;
    char *python; /* NULL or `none`: no Python */
    struct cq_strv preload;
    bool auto_preload;
    struct cq_strv exception_handlers;
    bool default_exception_handler;
    char *job_class, *connection_class;
    char *worker_class, *queue_class; /* as given: what they mean is cmd/'s to know */

    /* [programs] and [runtime.NAME], in the order of the file */
    struct cq_settings_program *programs;
    size_t program_count;
    struct cq_settings_runtime *runtimes;
    size_t runtime_count;

    /* Lines to print as warnings, such as a file with a password that others may read. */
    struct cq_strv warnings;
    struct cq_strv worker_warnings; /* those that matter to a worker only */
    char *file;                     /* the ini file that was read; NULL: none */

    unsigned char source[CQ_SETTINGS_MAX]; /* enum cq_setting_source of each, in the order of the table */
    int line[CQ_SETTINGS_MAX];             /* of the ini file; 0: not there */
};

void cq_settings_init(struct cq_settings *settings);    /* the defaults */
void cq_settings_release(struct cq_settings *settings); /* wipes the password */

/* The value of an environment variable, or NULL; borrowed until the next call. */
typedef const char *cq_settings_env_fn(const char *name, void *data);

/*
 * Read the ini file, then the environment, into initialised settings.
 *   path    the file (-c); NULL: what CQ_CONFIG or RQ_CONFIG names, or none. A name that is no file but a
 * Python module's is read as RQ does: with it the environment's REDIS_... variables count for nothing. python
 * how a module is read: what the command line says; NULL, or an interpreter of NULL: CQ_PYTHON, or python3
 *   env     looks a variable up; NULL: getenv. A variable that is set and empty counts as not set.
 * Errors: CQ_ERR_CONFIG `FILE:LINE: ...` for a broken line, an unknown section or key (with the nearest right
 * one), a value that does not fit, a key given twice, a file or module that cannot be read.
 */
CQ_MUST_CHECK enum cq_code cq_settings_load(struct cq_settings *settings, const char *path,
                                            const struct cq_config_python *python, cq_settings_env_fn *env,
                                            void *env_data, struct cq_error *err);

/* The file alone, as a text in memory; name is what messages call it. For initialised settings. */
CQ_MUST_CHECK enum cq_code cq_settings_load_text(struct cq_settings *settings, struct cq_str text,
                                                 const char *name, struct cq_error *err);

/*
 * Set one setting from the command line.
 *   key    "worker.results_ttl", "redis.url" ...: section and key of the table; another one is a programmer's
 * error value  as in the ini file; "" takes it back to none where that is allowed (texts, lists) where starts
 * the message of an error, such as "--results-ttl" Errors: CQ_ERR_CONFIG, in the same words as for the file.
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

/*
 * Where Redis is, of all that was set. What the command line says of the place (url, socket, host) replaces
 * what the environment says, and that what the file says; within one of them url counts before socket before
 * host, as in RQ. db, username, password, port and the timeouts from a heavier source than the URL's are put
 * into it. *ret_address needs no init; release it. Errors: CQ_ERR_CONFIG.
 */
CQ_MUST_CHECK enum cq_code cq_settings_address(const struct cq_settings *settings,
                                               struct cq_address *ret_address, struct cq_error *err);

#endif
