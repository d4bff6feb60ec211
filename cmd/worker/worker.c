/* cq worker: a worker with the settings, which runs until it is told to stop. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmd/line/output.h"
#include "cmd/worker/worker.h"
#include "config/redis_address.h"

void cq_worker_warn(struct cq_log *log, const struct cq_settings *settings)
{
    struct stat info;
    for (size_t i = 0; i < settings->worker_warnings.len; i++)
        cq_log(log, CQ_LOG_WARNING, NULL, NULL, "%s", settings->worker_warnings.items[i]);
    for (size_t i = 0; i < settings->path.len; i++)
        if (stat(settings->path.items[i], &info) !=
            0) /* a file may be an archive, in which Python finds modules */
            cq_log(log, CQ_LOG_WARNING, NULL, NULL,
                   "--path: there is no folder %s, so no module is found in it", settings->path.items[i]);
}

void cq_worker_start_log(struct cq_log *log, const struct cq_settings *settings)
{
    const char *no_color = getenv("NO_COLOR");
    cq_log_init(log, STDERR_FILENO, settings->logging_level, settings->log_format);
    log->color = isatty(STDERR_FILENO) == 1 && !(no_color && *no_color);
    log->name = "cq.worker";
}

enum cq_code cq_worker_main(const struct cq_settings *settings, struct cq_worker_setup *setup,
                            struct cq_error *err)
{
    struct cq_log log;
    struct cq_address address;
    enum cq_code code = cq_settings_address(settings, &address, err);
    if (code != CQ_OK)
        return code;
    cq_worker_start_log(&log, settings);
    if (!setup->supervisor_fd) /* else the supervisor has */
        cq_worker_warn(&log, settings);
    setup->address = &address;
    setup->log = &log;
    code = cq_worker_run(settings, setup, err);
    cq_address_release(&address);
    return code;
}

enum cq_exit cq_worker_command(const struct cq_run *run)
{
    struct cq_session session;
    struct cq_worker_setup setup = {.log = NULL};
    struct cq_error err;
    enum cq_code code = cq_worker_read_settings(&session, run, &err);
    if (code == CQ_OK)
        code = cq_worker_main(&session.settings, &setup, &err);
    if (code != CQ_OK)
        cq_complain(run->name, "%s", err.text);
    cq_session_close(&session);
    return cq_exit_of(code);
}
