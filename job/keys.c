#include "job/keys.h"

#include <assert.h>
#include <string.h>

/* One key out of up to four parts. Too long is a programmer's error: names are checked where they come in. */
static struct cq_key join(const char *prefix, struct cq_str name, const char *middle, struct cq_str last)
{
    struct cq_key key;
    size_t prefix_len = strlen(prefix), middle_len = strlen(middle);
    key.len = prefix_len + name.len + middle_len + last.len;
    assert(key.len < sizeof(key.text));
    char *at = key.text;
    memcpy(at, prefix, prefix_len);
    at += prefix_len;
    if (name.len)
        memcpy(at, name.data, name.len);
    at += name.len;
    memcpy(at, middle, middle_len);
    at += middle_len;
    if (last.len)
        memcpy(at, last.data, last.len);
    key.text[key.len] = '\0';
    return key;
}

static struct cq_key simple(const char *prefix, struct cq_str name, const char *suffix)
{
    return join(prefix, name, suffix, CQ_STR_NONE);
}

struct cq_key cq_key_queue(struct cq_str queue)
{
    return simple(CQ_PREFIX_QUEUE, queue, "");
}

struct cq_key cq_key_intermediate(struct cq_str queue)
{
    return simple(CQ_PREFIX_QUEUE, queue, ":intermediate");
}

struct cq_key cq_key_job(struct cq_str id)
{
    return simple(CQ_PREFIX_JOB, id, "");
}

struct cq_key cq_key_dependents(struct cq_str id)
{
    return simple(CQ_PREFIX_JOB, id, ":dependents");
}

struct cq_key cq_key_dependencies(struct cq_str id)
{
    return simple(CQ_PREFIX_JOB ":", id,
                  ":dependencies"); /* two colons: RQ adds one to a prefix that ends in one */
}

struct cq_key cq_key_results(struct cq_str id)
{
    return simple("rq:results:", id, "");
}

struct cq_key cq_key_output(struct cq_str id)
{
    return simple("cq:output:", id, "");
}

struct cq_key cq_key_execution(struct cq_str id, struct cq_str execution)
{
    return join("rq:execution:", id, ":", execution);
}

struct cq_key cq_key_executions(struct cq_str id)
{
    return simple("rq:executions:", id, "");
}

struct cq_key cq_key_registry(const char *kind, struct cq_str queue)
{
    return join("rq:", cq_str(kind), ":", queue);
}

struct cq_key cq_key_rate_limited(struct cq_str key)
{
    return simple("rq:rl:", key, ":rate_limited");
}

struct cq_key cq_key_given_back(struct cq_str queue)
{
    return simple("cq:given_back:", queue, "");
}

struct cq_key cq_key_worker(struct cq_str name)
{
    return simple(CQ_PREFIX_WORKER, name, "");
}

struct cq_key cq_key_worker_executions(struct cq_str name)
{
    return simple(CQ_PREFIX_WORKER, name, ":executions");
}

struct cq_key cq_key_queue_workers(struct cq_str queue)
{
    return simple("rq:workers:", queue, "");
}

struct cq_key cq_key_group(struct cq_str name)
{
    return simple("rq:group:", name, "");
}

struct cq_key cq_key_pubsub(struct cq_str worker)
{
    return simple("rq:pubsub:", worker, "");
}

struct cq_key cq_key_clean_lock(struct cq_str queue)
{
    return simple("rq:clean_registries:", queue, "");
}

struct cq_key cq_key_sweep(struct cq_str queue)
{
    return simple("cq:sweep:", queue, "");
}

struct cq_key cq_key_scheduler(struct cq_str name)
{
    return simple("rq:scheduler:", name, "");
}

struct cq_key cq_key_scheduler_lock(struct cq_str queue)
{
    return simple("rq:scheduler-lock:", queue, "");
}
