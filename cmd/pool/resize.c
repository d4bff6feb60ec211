/* A command to any worker of the pool, whose process tells the supervisor. */
#include "cmd/pool/resize.h"

#include <stdio.h>
#include <string.h>

#include "cmd/line/output.h"
#include "cmd/worker/fleet.h"

enum { NAMES_LIMIT = 4096, MESSAGE_SIZE = 64 };

/* `many` of `many.3`: what all workers of a pool have in common. */
static struct cq_str pool_of(const char *worker)
{
    const char *dot = strrchr(worker, '.');
    bool numbered = dot && dot[1] && strspn(dot + 1, "0123456789") == strlen(dot + 1);
    return cq_str_n(worker, numbered ? (size_t)(dot - worker) : strlen(worker));
}

/* The first worker of the pool that is meant. NULL: it was complained about. */
static struct cq_fleet_member *choose(const struct cq_run *run, struct cq_fleet *fleet)
{
    struct cq_buf others = CQ_BUF_INIT(NAMES_LIMIT);
    struct cq_fleet_member *chosen = NULL, *last = NULL;
    const char *name = run->arg_count ? run->args[0] : NULL;
    bool foreign = false;
    for (size_t i = 0; i < fleet->names.len; i++) {
        struct cq_fleet_member *worker = &fleet->workers[i];
        if (name && !cq_fleet_is_meant(worker->name, name))
            continue;
        foreign = foreign || (name && !worker->is_cq);
        if (!worker->is_cq)
            continue;
        if (!chosen)
            chosen = last = worker;
        /* They are sorted: those of one pool stand together. */
        bool another = !cq_str_eq(pool_of(last->name), pool_of(worker->name));
        last = worker;
        if (!name && another) {
            cq_buf_text(&others, ", ");
            cq_buf_str(&others, pool_of(worker->name));
        }
    }
    if (foreign && !chosen)
        cq_complain(run->name, "'%s' is not a worker of cq and cannot be resized", name);
    else if (!chosen && name)
        cq_complain(run->name, "there is no pool or worker '%s'; 'cq info' shows them", name);
    else if (!chosen)
        cq_complain(run->name, "no cq worker is running");
    else if (others.len)
        cq_complain(run->name, "there are several: %.*s%s; name the one to resize",
                    (int)pool_of(chosen->name).len, chosen->name, others.data);
    chosen = others.len ? NULL : chosen;
    cq_buf_release(&others);
    return chosen;
}

/* Tell the first worker that listens. */
static enum cq_exit tell(struct cq_session *session, struct cq_fleet *fleet,
                         const struct cq_fleet_member *chosen, int workers)
{
    char message[MESSAGE_SIZE];
    struct cq_str pool = pool_of(chosen->name);
    enum cq_exit status = CQ_EXIT_OK;
    snprintf(message, sizeof(message), "{\"command\": \"resize\", \"workers\": %d}", workers);
    for (size_t i = 0; i < fleet->names.len && status == CQ_EXIT_OK; i++) {
        const struct cq_fleet_member *worker = &fleet->workers[i];
        if (!worker->is_cq || !cq_str_eq(pool_of(worker->name), pool) ||
            !cq_str_eq(worker->hostname, chosen->hostname))
            continue;
        if (cq_fleet_publish(session, worker, message, &status)) {
            cq_print("%.*s: told to run %d worker%s (on %.*s)\n", (int)pool.len, pool.data, workers,
                     workers == 1 ? "" : "s", (int)chosen->hostname.len,
                     chosen->hostname.data ? chosen->hostname.data : "");
            return CQ_EXIT_OK;
        }
    }
    if (status != CQ_EXIT_OK)
        return status;
    cq_complain(session->command, "%.*s could not be told: none of its workers listens on its channel",
                (int)pool.len, pool.data);
    return CQ_EXIT_FAILED;
}

enum cq_exit cq_pool_resize_command(const struct cq_run *run, int workers)
{
    struct cq_session session;
    struct cq_error err;
    struct cq_fleet fleet = {.names = CQ_STRV_INIT};
    if (run->arg_count > 1) {
        cq_complain(run->name, "--resize takes one name, not %zu", run->arg_count);
        return CQ_EXIT_USAGE;
    }
    enum cq_exit status = cq_session_open(&session, run);
    if (status == CQ_EXIT_OK) {
        enum cq_code code = cq_fleet_read(session.connection, &fleet, &err);
        if (code != CQ_OK)
            cq_complain(run->name, "%s", err.text);
        struct cq_fleet_member *chosen = code == CQ_OK ? choose(run, &fleet) : NULL;
        status = code != CQ_OK ? cq_exit_of(code)
                 : chosen      ? tell(&session, &fleet, chosen, workers)
                               : CQ_EXIT_FAILED;
    }
    cq_fleet_release(&fleet);
    cq_session_close(&session);
    return status;
}
