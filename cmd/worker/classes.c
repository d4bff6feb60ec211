#include "cmd/worker/classes.h"

#include <string.h>

enum { WHERE_SIZE = 200 };

/* Source: rq/worker/worker_classes.py. In RQ 1.x they are in rq/worker.py. */
static const struct {
    const char *name;
    const char *key, *value; /* the setting that does the same; NULL: what cq does anyway */
    const char *refused;     /* why not, and what instead; NULL: it is taken */
} worker_classes[] = {
    {"Worker", NULL, NULL, NULL},
    {"SpawnWorker", NULL, NULL, NULL}, /* for systems without fork: a process per job all the same */
    {"SimpleWorker", "worker.reuse_horses", "true", NULL},
    {"RoundRobinWorker", "worker.dequeue_strategy", "round_robin", NULL},
    {"RandomWorker", "worker.dequeue_strategy", "random", NULL},
    {"HerokuWorker", NULL, NULL,
     "cq raises no ShutDownImminentException in a job, but lets it end after SIGTERM; leave it out"},
    {"BaseWorker", NULL, NULL, "it runs no jobs in RQ either; leave it out"},
};

static const char *const worker_modules[] = {"", "rq.", "rq.worker.", "rq.worker.worker_classes."};

/* Is it `name`, in one of the modules that have it? */
static bool is_class(const char *given, const char *const *modules, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(modules[i]);
        if (strncmp(given, modules[i], len) == 0 && strcmp(given + len, name) == 0)
            return true;
    }
    return false;
}

static enum cq_code wrong_at(const struct cq_settings *settings, const char *key)
{
    return cq_settings_source(settings, key) == CQ_FROM_COMMAND_LINE ? CQ_ERR_USAGE : CQ_ERR_CONFIG;
}

/* What the class stands for, unless a heavier source says otherwise; one of the same weight that does
 * contradicts it. */
static enum cq_code imply(struct cq_settings *settings, const char *key, const char *value,
                          struct cq_error *err)
{
    char where[WHERE_SIZE], other[WHERE_SIZE];
    enum cq_setting_source ours = cq_settings_source(settings, "worker.worker_class"),
                           its = cq_settings_source(settings, key);
    bool reuse_horses = settings->reuse_horses;
    enum cq_dequeue_strategy strategy = settings->dequeue_strategy;
    if (its > ours)
        return CQ_OK;
    cq_settings_where(settings, "worker.worker_class", where, sizeof(where));
    cq_settings_where(settings, key, other, sizeof(other));
    enum cq_code code = cq_settings_set(settings, key, value, where, err);
    if (code == CQ_OK && its == ours &&
        (settings->reuse_horses != reuse_horses || settings->dequeue_strategy != strategy))
        code = cq_error_set(err, wrong_at(settings, "worker.worker_class"),
                            "%s: %.80s contradicts %s; leave one of them out", where, settings->worker_class,
                            other);
    return code;
}

static enum cq_code apply_worker_class(struct cq_settings *settings, struct cq_error *err)
{
    const char *given = settings->worker_class;
    const char *why = "cq runs jobs itself and does not use Python worker classes; leave it out "
                      "(docs/FROM-RQ.md says what replaces its methods)";
    char where[WHERE_SIZE];
    if (!given)
        return CQ_OK;
    for (size_t i = 0; i < CQ_ARRAY_LEN(worker_classes); i++) {
        if (!is_class(given, worker_modules, CQ_ARRAY_LEN(worker_modules), worker_classes[i].name))
            continue;
        if (!worker_classes[i].refused)
            return worker_classes[i].key
                       ? imply(settings, worker_classes[i].key, worker_classes[i].value, err)
                       : CQ_OK;
        why = worker_classes[i].refused;
    }
    cq_settings_where(settings, "worker.worker_class", where, sizeof(where));
    return cq_error_set(err, wrong_at(settings, "worker.worker_class"), "%s: %.80s: %s", where, given, why);
}

static enum cq_code apply_queue_class(const struct cq_settings *settings, struct cq_error *err)
{
    static const char *const modules[] = {"", "rq.", "rq.queue."};
    char where[WHERE_SIZE];
    if (!settings->queue_class || is_class(settings->queue_class, modules, CQ_ARRAY_LEN(modules), "Queue"))
        return CQ_OK;
    cq_settings_where(settings, "worker.queue_class", where, sizeof(where));
    return cq_error_set(err, wrong_at(settings, "worker.queue_class"),
                        "%s: %.80s: cq takes jobs off RQ's lists itself and does not use Python queue "
                        "classes; leave it out (producers may keep it)",
                        where, settings->queue_class);
}

enum cq_code cq_worker_classes_apply(struct cq_settings *settings, struct cq_error *err)
{
    enum cq_code code = apply_worker_class(settings, err);
    if (code == CQ_OK)
        code = apply_queue_class(settings, err);
    /* RQ's defaults, typed: Python need not be told. */
    if (code == CQ_OK && settings->job_class && strcmp(settings->job_class, "rq.job.Job") == 0)
        code = cq_settings_set(settings, "worker.job_class", "", "--job-class", err);
    if (code == CQ_OK && settings->connection_class && strcmp(settings->connection_class, "redis.Redis") == 0)
        code = cq_settings_set(settings, "worker.connection_class", "", "--connection-class", err);
    return code;
}
