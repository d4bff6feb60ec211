#include "config/table.h"

#include "base/attr.h"
#include "base/log.h"
#include "config/settings.h"
#include "redis/address.h"

static const struct cq_setting_choice cert_reqs[] = {{"none", CQ_TLS_CERT_NONE},
                                                     {"optional", CQ_TLS_CERT_OPTIONAL},
                                                     {"required", CQ_TLS_CERT_REQUIRED},
                                                     {NULL, 0}};
static const struct cq_setting_choice strategies[] = {
    {"default", CQ_DEQUEUE_DEFAULT},         {"random", CQ_DEQUEUE_RANDOM},
    {"round_robin", CQ_DEQUEUE_ROUND_ROBIN}, {"weighted", CQ_DEQUEUE_WEIGHTED},
    {"latency", CQ_DEQUEUE_LATENCY},         {NULL, 0}};
static const struct cq_setting_choice outputs[] = {
    {"log", CQ_OUTPUT_LOG}, {"pass", CQ_OUTPUT_PASS}, {"discard", CQ_OUTPUT_DISCARD}, {NULL, 0}};
static const struct cq_setting_choice webhook_reaches[] = {
    {"allow", CQ_WEBHOOK_PRIVATE_ALLOW}, {"refuse", CQ_WEBHOOK_PRIVATE_REFUSE}, {NULL, 0}};
static const struct cq_setting_choice log_formats[] = {
    {"text", CQ_LOG_TEXT}, {"json", CQ_LOG_JSON}, {NULL, 0}};

#define AT(field) offsetof(struct cq_settings, field), sizeof(((struct cq_settings *)0)->field)
#define TIMEOUT_MAX_MS (INT64_C(1000) * CQ_ADDRESS_TIMEOUT_MAX_S)
#define TTL_MAX_S INT64_C(2147483647)
#define DAY_S INT64_C(86400)

/* clang-format off */
static const struct cq_setting table[] = {
    /* section, key, environment, type, field, min, max, default, choices, help */
    {"redis", "url", {"RQ_REDIS_URL", "REDIS_URL"}, CQ_SETTING_URL, AT(url), 0, 0, "", NULL,
     "redis://[user[:password]@]host[:port][/db], rediss://... with TLS, or unix:///path?db=N"},
    {"redis", "host", {"REDIS_HOST"}, CQ_SETTING_TEXT, AT(host), 0, 0, "localhost", NULL,
     "host name or address, instead of a URL"},
    {"redis", "port", {"REDIS_PORT"}, CQ_SETTING_INT, AT(port), 1, 65535, "6379", NULL, "TCP port"},
    {"redis", "db", {"REDIS_DB"}, CQ_SETTING_INT, AT(db), 0, CQ_ADDRESS_DB_MAX, "0", NULL,
     "number of the database"},
    {"redis", "username", {"REDIS_USERNAME"}, CQ_SETTING_TEXT, AT(username), 0, 0, "", NULL,
     "ACL user; none: the default user"},
    {"redis", "password", {"REDIS_PASSWORD"}, CQ_SETTING_SECRET, AT(password), 0, 0, "", NULL,
     "password; keep a file that holds one readable for you alone (chmod 600)"},
    {"redis", "socket", {"REDIS_SOCKET"}, CQ_SETTING_TEXT, AT(socket), 0, 0, "", NULL,
     "path of a Unix socket, instead of host and port"},
    {"redis", "tls", {"REDIS_SSL"}, CQ_SETTING_BOOL, AT(tls), 0, 0, "false", NULL,
     "TLS, as rediss:// in a URL"},
    {"redis", "tls_cert_reqs", {"REDIS_SSL_CERT_REQS"}, CQ_SETTING_CHOICE, AT(tls_cert_reqs), 0, 0,
     "required", cert_reqs,
     "check of the server's certificate: required, or none to take any"},
    {"redis", "tls_ca_certs", {"REDIS_SSL_CA_CERTS"}, CQ_SETTING_TEXT, AT(tls_ca_certs), 0, 0, "", NULL,
     "file of certificate authorities; none: those of the system"},
    {"redis", "tls_certfile", {"REDIS_SSL_CERTFILE"}, CQ_SETTING_TEXT, AT(tls_certfile), 0, 0, "", NULL,
     "file of the client's certificate; goes with tls_keyfile"},
    {"redis", "tls_keyfile", {"REDIS_SSL_KEYFILE"}, CQ_SETTING_TEXT, AT(tls_keyfile), 0, 0, "", NULL,
     "file of the client's key; goes with tls_certfile"},
    {"redis", "connect_timeout", {"CQ_CONNECT_TIMEOUT"}, CQ_SETTING_TIMEOUT, AT(connect_timeout_ms), 1,
     TIMEOUT_MAX_MS, "5", NULL,
     "seconds that connecting may take"},
    {"redis", "command_timeout", {"CQ_COMMAND_TIMEOUT"}, CQ_SETTING_TIMEOUT, AT(command_timeout_ms), 1,
     TIMEOUT_MAX_MS, "30", NULL,
     "seconds that Redis may take to answer a command"},

    {"worker", "queues", {"CQ_QUEUES"}, CQ_SETTING_LIST, AT(queues), 0, 0, "default", NULL,
     "queues to work on, in order of priority, with commas between them"},
    {"worker", "name", {"CQ_NAME"}, CQ_SETTING_TEXT, AT(name), 0, 0, "", NULL,
     "the worker's name; none: a generated one; with several workers NAME.1, NAME.2 ..."},
    {"worker", "num_workers", {"CQ_NUM_WORKERS"}, CQ_SETTING_INT, AT(num_workers), 1, CQ_SLOTS_MAX, "1", NULL,
     "workers in the process: so many jobs run at the same time"},
    {"worker", "results_ttl", {"CQ_RESULTS_TTL"}, CQ_SETTING_SECONDS, AT(results_ttl_s), -1, TTL_MAX_S,
     "500", NULL,
     "seconds that a finished job and its result are kept; 0: not at all; -1: for ever"},
    {"worker", "worker_ttl", {"CQ_WORKER_TTL"}, CQ_SETTING_SECONDS, AT(worker_ttl_s), 1, TTL_MAX_S, "420",
     NULL,
     "seconds after which a worker without a heartbeat counts as gone"},
    {"worker", "job_monitoring_interval", {"CQ_JOB_MONITORING_INTERVAL"}, CQ_SETTING_SECONDS,
     AT(job_monitoring_interval_s), 1, DAY_S,
     "30", NULL, "seconds between the heartbeats of a worker and of the job that it runs"},
    {"worker", "maintenance_interval", {"CQ_MAINTENANCE_INTERVAL"}, CQ_SETTING_SECONDS,
     AT(maintenance_interval_s), 1, TTL_MAX_S,
     "600", NULL, "seconds between cleanings of the registries"},
    {"worker", "max_failed_jobs", {"CQ_MAX_FAILED_JOBS"}, CQ_SETTING_INT, AT(max_failed_jobs), 0, INT32_MAX,
     "0", NULL,
     "failed jobs that each queue keeps: the next cleaning deletes the oldest; 0: any number"},
    {"worker", "max_failed_age", {"CQ_MAX_FAILED_AGE"}, CQ_SETTING_SECONDS, AT(max_failed_age_s), 0,
     TTL_MAX_S, "0", NULL,
     "seconds, or 30d, after which the next cleaning deletes failed jobs, with any failure ttl; 0: only "
     "at their failure ttl"},
    {"worker", "dequeue_strategy", {"CQ_DEQUEUE_STRATEGY"}, CQ_SETTING_CHOICE, AT(dequeue_strategy), 0, 0,
     "default", strategies,
     "the order of several queues: default (as listed), random, round_robin, weighted (queues as high:5), "
     "latency (as high:5s)"},
    {"worker", "reuse_horses", {"CQ_REUSE_HORSES"}, CQ_SETTING_BOOL, AT(reuse_horses), 0, 0, "false", NULL,
     "run many jobs in one horse, instead of one process per job"},
    {"worker", "max_jobs_per_horse", {"CQ_MAX_JOBS_PER_HORSE"}, CQ_SETTING_INT, AT(max_jobs_per_horse), 0,
     INT64_MAX, "1000", NULL,
     "with reuse_horses: jobs after which a horse is replaced; 0: no limit"},
    {"worker", "max_rss_per_horse_kb", {"CQ_MAX_RSS_PER_HORSE_KB"}, CQ_SETTING_SIZE,
     AT(max_rss_per_horse_kb), 0, INT64_MAX / 1024,
     "262144", NULL,
     "with reuse_horses: memory in KiB above which a horse is replaced after its job; 0: no limit"},
    {"worker", "requeue_abandoned", {"CQ_REQUEUE_ABANDONED"}, CQ_SETTING_BOOL, AT(requeue_abandoned), 0, 0,
     "false", NULL,
     "put abandoned jobs back on their queue, instead of retrying or failing them as RQ does"},
    {"worker", "with_scheduler", {"CQ_WITH_SCHEDULER"}, CQ_SETTING_BOOL, AT(with_scheduler), 0, 0, "false",
     NULL,
     "queue scheduled jobs, retries and repeats of the worker's queues when they are due"},
    {"worker", "kill_grace", {"CQ_KILL_GRACE"}, CQ_SETTING_SECONDS, AT(kill_grace_s), 0, DAY_S, "5", NULL,
     "seconds between SIGTERM and SIGKILL when a job is out of time"},
    {"worker", "shutdown_timeout", {"CQ_SHUTDOWN_TIMEOUT"}, CQ_SETTING_SECONDS, AT(shutdown_timeout_s), 0,
     30 * DAY_S, "0", NULL,
     "seconds that running jobs have to end at a shutdown; then they return to their queue; 0: any time"},
    {"worker", "webhook_private", {"CQ_WEBHOOK_PRIVATE"}, CQ_SETTING_CHOICE, AT(webhook_private), 0, 0,
     "allow", webhook_reaches,
     "webhooks to private, loopback and link-local addresses: allow, or refuse (no proxy is used then)"},
    {"worker", "processes", {"CQ_PROCESSES"}, CQ_SETTING_BOOL, AT(processes), 0, 0, "false", NULL,
     "cq worker-pool: one process for each worker, instead of one that holds all of them"},
    {"worker", "max_age", {"CQ_MAX_AGE"}, CQ_SETTING_SECONDS, AT(max_age_s), 0, 365 * DAY_S, "0", NULL,
     "cq worker-pool: seconds after which a worker process is replaced when its jobs have ended; 0: never"},
    {"worker", "max_rss_kb", {"CQ_MAX_RSS_KB"}, CQ_SETTING_SIZE, AT(max_rss_kb), 0, INT64_MAX / 1024, "0",
     NULL,
     "cq worker-pool: memory in KiB of a worker process, or of one of its stables, above which the "
     "process is replaced when its jobs have ended; 0: no limit"},
    {"worker", "job_output", {"CQ_JOB_OUTPUT"}, CQ_SETTING_CHOICE, AT(job_output), 0, 0, "log", outputs,
     "what jobs print: log (into the log, with the job's id), pass (through), discard"},
    {"worker", "log_job_description", {"CQ_LOG_JOB_DESCRIPTION"}, CQ_SETTING_BOOL, AT(log_job_description),
     0, 0, "true", NULL,
     "name the call with its arguments in the log"},
    {"worker", "logging_level", {"CQ_LOGGING_LEVEL"}, CQ_SETTING_LEVEL, AT(logging_level), 0, 0, "INFO", NULL,
     "lines below it are left out: DEBUG, INFO, WARNING, ERROR, CRITICAL"},
    {"worker", "log_format", {"CQ_LOG_FORMAT"}, CQ_SETTING_CHOICE, AT(log_format), 0, 0, "text", log_formats,
     "text, or json: one object a line"},
    {"worker", "serializer", {"CQ_SERIALIZER"}, CQ_SETTING_SERIALIZER, AT(serializer), 0, 0, "", NULL,
     "pickle, json or msgpack: take jobs of this one only; none: of any; package.Name: a serializer of "
     "Python's"},
    {"worker", "path", {"CQ_PATH"}, CQ_SETTING_LIST, AT(path), 0, 0, ".", NULL,
     "folders with modules of functions, with commas between them"},
    {"worker", "allow", {"CQ_ALLOW"}, CQ_SETTING_NAMES, AT(allow), 1, 0, "", NULL,
     "beginnings of dotted names, with commas between them: run no other function, read no pickle that "
     "names another; none: all"},

    {"worker", "python", {"CQ_PYTHON"}, CQ_SETTING_INTERPRETER, AT(python), 0, 0, "python3", NULL,
     "interpreter of Python functions, a path or a name on PATH; none: run no Python functions"},
    {"worker", "preload", {"CQ_PRELOAD"}, CQ_SETTING_NAMES, AT(preload), 1, 0, "", NULL,
     "Python modules to import before the first job, with commas between them"},
    {"worker", "auto_preload", {"CQ_AUTO_PRELOAD"}, CQ_SETTING_BOOL, AT(auto_preload), 0, 0, "true", NULL,
     "learn modules: import once, for later horses, what Python jobs import again and again"},
    {"worker", "exception_handlers", {"CQ_EXCEPTION_HANDLERS"}, CQ_SETTING_NAMES, AT(exception_handlers), 2,
     0, "", NULL,
     "Python functions called when a Python job fails, in this order, with commas between them"},
    {"worker", "default_exception_handler", {"CQ_DEFAULT_EXCEPTION_HANDLER"}, CQ_SETTING_BOOL,
     AT(default_exception_handler), 0, 0,
     "true", NULL,
     "put failed jobs into the failed registry, with their result; false: store only their status"},
    {"worker", "worker_class", {"RQ_WORKER_CLASS"}, CQ_SETTING_TEXT, AT(worker_class), 0, 0, "", NULL,
     "RQ's name of a kind of worker: rq.SimpleWorker is reuse_horses, rq.worker.RandomWorker a "
     "dequeue_strategy; none: rq.Worker"},
    {"worker", "queue_class", {"RQ_QUEUE_CLASS"}, CQ_SETTING_TEXT, AT(queue_class), 0, 0, "", NULL,
     "RQ's name of its class of queues; none: rq.Queue, which is the only one"},
    {"worker", "job_class", {"CQ_JOB_CLASS", "RQ_JOB_CLASS"}, CQ_SETTING_CLASS, AT(job_class), 0, 0, "", NULL,
     "Python class of jobs; its perform() runs them; none: rq.job.Job"},
    {"worker", "connection_class", {"CQ_CONNECTION_CLASS", "RQ_CONNECTION_CLASS"}, CQ_SETTING_CLASS,
     AT(connection_class), 0, 0, "",
     NULL, "Python class of the Redis connection that Python jobs get; none: redis.Redis"},
};
/* clang-format on */

_Static_assert(CQ_ARRAY_LEN(table) <= CQ_SETTINGS_MAX, "raise CQ_SETTINGS_MAX");

const struct cq_setting *cq_settings_table(size_t *ret_count)
{
    *ret_count = CQ_ARRAY_LEN(table);
    return table;
}

const struct cq_setting *cq_setting_find(struct cq_str section, struct cq_str key)
{
    for (size_t i = 0; i < CQ_ARRAY_LEN(table); i++)
        if (cq_str_is(section, table[i].section) && cq_str_is(key, table[i].key))
            return &table[i];
    return NULL;
}
