#include "worker/runtimes/runtimes.h"

#include <stdlib.h>

#include "base/mem.h"

static struct cq_runtime *add(struct cq_runtimes *runtimes, enum cq_runtime_kind kind, const char *name,
                              const struct cq_settings_runtime *command, bool with_worker)
{
    struct cq_runtime *runtime = &runtimes->items[runtimes->count];
    cq_runtime_init(runtime, &runtimes->host, runtimes->count++, kind, name, command,
                    with_worker ? CQ_RUNTIME_WITH_WORKER : CQ_RUNTIME_ON_DEMAND);
    return runtime;
}

struct cq_runtimes *cq_runtimes_new(const struct cq_runtime_host *host)
{
    const struct cq_settings *settings = host->settings;
    struct cq_runtimes *runtimes = cq_calloc(1, sizeof(*runtimes));
    runtimes->host = *host;
    runtimes->items = cq_calloc(2 + settings->runtime_count, sizeof(*runtimes->items));
    /* With the worker where it is all that there is, or evidently meant. */
    runtimes->native = add(runtimes, CQ_RUNTIME_NATIVE, "native", NULL,
                           !settings->python || settings->program_count);
    if (settings->python)
        runtimes->python = add(runtimes, CQ_RUNTIME_PYTHON, "python", NULL, cq_runtime_imports(settings));
    for (size_t i = 0; i < settings->runtime_count; i++)
        add(runtimes, CQ_RUNTIME_COMMAND, settings->runtimes[i].name, &settings->runtimes[i], false);
    return runtimes;
}

enum cq_code cq_runtimes_start(struct cq_runtimes *runtimes, struct cq_error *err)
{
    enum cq_code code = CQ_OK;
    for (int i = 0; i < runtimes->count && code == CQ_OK; i++)
        if (cq_runtime_starts_with_worker(&runtimes->items[i]))
            code = cq_runtime_start(&runtimes->items[i], err);
    return code;
}

void cq_runtimes_free(struct cq_runtimes *runtimes)
{
    if (!runtimes)
        return;
    /* All of them are told before any is waited for. */
    for (int i = 0; i < runtimes->count; i++)
        cq_runtime_hang_up(&runtimes->items[i]);
    for (int i = 0; i < runtimes->count; i++)
        cq_runtime_release(&runtimes->items[i]);
    free(runtimes->items);
    free(runtimes);
}

bool cq_runtimes_take_jobs(const struct cq_runtimes *runtimes)
{
    for (int i = 0; i < runtimes->count; i++)
        if (cq_runtime_starts_with_worker(&runtimes->items[i]) && !cq_runtime_is_ready(&runtimes->items[i]))
            return false;
    return true;
}

void cq_runtimes_reload(struct cq_runtimes *runtimes)
{
    cq_log_info(&runtimes->host.logger,
                "reloading: a new stable for each runtime, running jobs finish in the old");
    for (int i = 0; i < runtimes->count; i++)
        cq_runtime_reload(&runtimes->items[i]);
}

void cq_runtimes_tick(struct cq_runtimes *runtimes)
{
    for (int i = 0; i < runtimes->count; i++)
        cq_runtime_tick(&runtimes->items[i]);
}
