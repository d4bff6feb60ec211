/*
 * cq's settings: the ini file, the environment and the command line, put together in that order of growing
 * weight.
 *
 * Each setting is one row in settings_*.def: its field, section, key, environment variables, type, bounds,
 * default, option and help (table.h). The struct below, parser, checks, messages, options and --help follow
 * from it. Commands and the worker read this struct itself. Use:
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

enum {
    CQ_SETTINGS_COUNT = 0
#define CQ_SETTING(...) +1
#include "config/settings.def"
#undef CQ_SETTING
};

/* --serializer: what enqueue writes, and on a worker the only one that it takes. */
struct cq_serializer_setting {
    char *path;            /* dotted name of a serializer of Python's; NULL: none, and format counts */
    enum cq_format format; /* pickle unless another was named */
    bool restricted;       /* format was named */
};

/* One field for each row: CQ_SETTING(section, C type, field, type, ...) of config/settings_*.def. */
struct cq_settings {
#define CQ_SETTING(section, type, field, ...) type field;
#include "config/settings.def"
#undef CQ_SETTING

    /* of each queue: its weight (WEIGHTED), its target in seconds (LATENCY), each 1 or more; else NULL.
     * cmd/worker/queues.c fills it. */
    int64_t *queue_numbers;

    /* [programs] and [runtime.NAME], in the order of the file */
    struct cq_settings_program *programs;
    size_t program_count;
    struct cq_settings_runtime *runtimes;
    size_t runtime_count;

    struct cq_strv warnings; /* lines to print, such as of a file with a password that others may read */
    struct cq_strv worker_warnings; /* those that matter to a worker only */
    char *file;                     /* the ini file that was read; NULL: none */

    unsigned char source[CQ_SETTINGS_COUNT]; /* enum cq_setting_source of each, in the order of the table */
    int line[CQ_SETTINGS_COUNT];             /* of the ini file; 0: not there */
};

void cq_settings_init(struct cq_settings *settings);    /* the defaults */
void cq_settings_release(struct cq_settings *settings); /* wipes the password */

/*
 * Set one setting from the command line.
 *   setting  a row of the table
 *   value    as in the ini file; "" takes it back to none where that is allowed (texts, lists)
 *   where    starts the message of an error, such as "--results-ttl"
 * Errors: CQ_ERR_CONFIG, in the same words as for the file.
 */
CQ_MUST_CHECK enum cq_code cq_settings_set_row(struct cq_settings *settings, const struct cq_setting *setting,
                                               const char *value, const char *where, struct cq_error *err);

/* The same by name, as cq_setting_named takes it; the table must have it. */
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
