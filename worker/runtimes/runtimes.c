#include "worker/runtimes/runtimes.h"

#include <stdlib.h>

#include "base/mem.h"

static struct cq_runtime *add(struct cq_process *process, enum cq_runtime_kind kind, const char *name,
                              const struct cq_runtime_command *command)
{
    struct cq_runtime *runtime = &process->runtimes[process->runtime_count++];
    cq_runtime_init(runtime, process, kind, name, command);
    return runtime;
}

void cq_runtimes_init(struct cq_process *process)
{
    const struct cq_worker_options *options = process->options;
    process->runtimes = cq_calloc(2 + options->runtime_count, sizeof(*process->runtimes));
    process->native = add(process, CQ_RUNTIME_NATIVE, "native", NULL);
    if (options->python) {
        process->python = add(process, CQ_RUNTIME_PYTHON, "python", NULL);
        process->python->eager = cq_runtime_imports(options);
    }
    for (size_t i = 0; i < options->runtime_count; i++)
        add(process, CQ_RUNTIME_COMMAND, options->runtimes[i].name, &options->runtimes[i]);
    /* Where it is all that there is, or evidently meant. */
    process->native->eager = !options->python || options->program_count;
}

enum cq_code cq_runtimes_start(struct cq_process *process, struct cq_error *err)
{
    enum cq_code code = CQ_OK;
    for (int i = 0; i < process->runtime_count && code == CQ_OK; i++)
        if (process->runtimes[i].eager)
            code = cq_runtime_start(&process->runtimes[i], err);
    return code;
}

void cq_runtimes_release(struct cq_process *process)
{
    /* All of them are told before any is waited for. */
    for (int i = 0; i < process->runtime_count; i++)
        cq_runtime_hang_up(&process->runtimes[i]);
    for (int i = 0; i < process->runtime_count; i++)
        cq_runtime_release(&process->runtimes[i]);
    free(process->runtimes);
}

bool cq_runtimes_take_jobs(const struct cq_process *process)
{
    for (int i = 0; i < process->runtime_count; i++)
        if (process->runtimes[i].eager && !cq_runtime_is_ready(&process->runtimes[i]))
            return false;
    return true;
}

void cq_runtimes_reload(struct cq_process *process)
{
    cq_log(process->log, CQ_LOG_INFO, process->name, NULL,
           "reloading: a new stable for each runtime, running jobs finish in the old");
    for (int i = 0; i < process->runtime_count; i++)
        cq_runtime_reload(&process->runtimes[i]);
}

void cq_runtimes_tick(struct cq_process *process)
{
    for (int i = 0; i < process->runtime_count; i++)
        cq_runtime_tick(&process->runtimes[i]);
}
