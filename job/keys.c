#include "job/keys.h"

#include <assert.h>
#include <string.h>

/* The only place of the C side that says it; scripts have it in parts/keys.lua. */
static const struct cq_str prefix = {"rq:", 3};

static char *put(char *at, struct cq_str part)
{
    if (part.len)
        memcpy(at, part.data, part.len);
    return at + part.len;
}

/* The prefix and up to four parts. Too long is a programmer's error: names are checked where they come in. */
static struct cq_key join(const char *kind, struct cq_str name, const char *middle, struct cq_str last)
{
    struct cq_key key;
    key.len = prefix.len + strlen(kind) + name.len + strlen(middle) + last.len;
    assert(key.len < sizeof(key.text));
    char *at = put(key.text, prefix);
    at = put(at, cq_str(kind));
    at = put(at, name);
    at = put(at, cq_str(middle));
    *put(at, last) = '\0';
    return key;
}

static struct cq_key fixed(const char *kind)
{
    return join(kind, CQ_STR_NONE, "", CQ_STR_NONE);
}

static struct cq_key named(const char *kind, struct cq_str name)
{
    return join(kind, name, "", CQ_STR_NONE);
}

static struct cq_key suffixed(const char *kind, struct cq_str name, const char *suffix)
{
    return join(kind, name, suffix, CQ_STR_NONE);
}

/* The reverse of named(). */
static struct cq_str name_in(struct cq_str key, const char *kind)
{
    size_t before = prefix.len + strlen(kind);
    if (key.len <= before || key.len - before > CQ_NAME_MAX)
        return CQ_STR_NONE;
    struct cq_str name = cq_str_n(key.data + before, key.len - before);
    bool matches = memcmp(key.data, prefix.data, prefix.len) == 0 &&
                   memcmp(key.data + prefix.len, kind, strlen(kind)) == 0;
    return matches && !memchr(name.data, '\0', name.len) ? name : CQ_STR_NONE;
}

struct cq_key cq_key_queues(void)
{
    return fixed("queues");
}

struct cq_key cq_key_queue(struct cq_str queue)
{
    return named("queue:", queue);
}

struct cq_str cq_key_queue_name(struct cq_str key)
{
    return name_in(key, "queue:");
}

struct cq_key cq_key_intermediate(struct cq_str queue)
{
    return suffixed("queue:", queue, ":intermediate");
}

struct cq_key cq_key_registry(const char *kind, struct cq_str queue)
{
    return join(kind, CQ_STR_NONE, ":", queue);
}

struct cq_key cq_key_clean_lock(struct cq_str queue)
{
    return named("clean_registries:", queue);
}

struct cq_key cq_key_job(struct cq_str id)
{
    return named("job:", id);
}

struct cq_key cq_key_dependencies(struct cq_str id)
{
    return suffixed("job::", id, ":dependencies"); /* two colons: RQ adds one to a prefix that ends in one */
}

struct cq_key cq_key_results(struct cq_str id)
{
    return named("results:", id);
}

struct cq_key cq_key_groups(void)
{
    return fixed("groups");
}

struct cq_key cq_key_group(struct cq_str name)
{
    return named("group:", name);
}

struct cq_key cq_key_workers(void)
{
    return fixed("workers");
}

struct cq_key cq_key_worker(struct cq_str name)
{
    return named("worker:", name);
}

struct cq_str cq_key_worker_name(struct cq_str key)
{
    return name_in(key, "worker:");
}

struct cq_key cq_key_worker_executions(struct cq_str name)
{
    return suffixed("worker:", name, ":executions");
}

struct cq_key cq_key_queue_workers(struct cq_str queue)
{
    return named("workers:", queue);
}

struct cq_key cq_key_pubsub(struct cq_str worker)
{
    return named("pubsub:", worker);
}

struct cq_key cq_key_suspended(void)
{
    return fixed("suspended");
}

struct cq_key cq_key_scheduler(struct cq_str name)
{
    return named("scheduler:", name);
}

struct cq_key cq_key_scheduler_lock(struct cq_str queue)
{
    return named("scheduler-lock:", queue);
}

struct cq_key cq_key_rate_limit_keys(void)
{
    return fixed("rl-keys");
}

struct cq_key cq_key_rate_limited(struct cq_str key)
{
    return suffixed("rl:", key, ":rate_limited");
}

struct cq_key cq_key_cron_schedulers(void)
{
    return fixed("cron_schedulers");
}

struct cq_key cq_key_cron_scheduler(struct cq_str name)
{
    return named("cron_scheduler:", name);
}

struct cq_key cq_key_cron_jobs(void)
{
    return fixed("cron_jobs");
}

struct cq_key cq_key_cron_history(struct cq_str name)
{
    return suffixed("cron_job:", name, ":jobs");
}

struct cq_key cq_key_output(struct cq_str id)
{
    return named("cq:output:", id);
}

struct cq_key cq_key_paused(void)
{
    return fixed("cq:paused");
}

struct cq_key cq_key_given_back(struct cq_str queue)
{
    return named("cq:given_back:", queue);
}

struct cq_key cq_key_sweep(struct cq_str queue)
{
    return named("cq:sweep:", queue);
}

struct cq_key cq_key_sweep_gone(struct cq_str queue)
{
    return named("cq:sweep_gone:", queue);
}

struct cq_key cq_key_limits(void)
{
    return fixed("cq:limits");
}

struct cq_key cq_key_cron_tick(struct cq_str job)
{
    return named("cq:cron:tick:", job);
}

struct cq_key cq_key_cron_paused(void)
{
    return fixed("cq:cron:paused");
}
