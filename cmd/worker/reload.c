/* cq reload: have workers start fresh runtimes, by a signal on this host and by a command through Redis
 * elsewhere. */
#include <unistd.h>

#include "cmd/line/command.h"
#include "cmd/line/output.h"
#include "cmd/worker/fleet.h"
#include "cmd/worker/process.h"

enum { NAMES_LIMIT = 64 * 1024 };

static const char reload_command[] = "{\"command\": \"reload\"}";

struct reload_options {
    const char *pid_file;
};

static const struct cq_option reload_options[] = {
    {.kind = CQ_OPTION_TEXT,
     .name = "pid",
     .argument = "FILE",
     .field = offsetof(struct reload_options, pid_file),
     .help = "Reload the worker whose process id is in this file; Redis is not asked"},
    {.kind = CQ_OPTION_END},
};

static const char *const notes[] = {
    "NAMES are those of workers, as 'cq info' shows them; the name of a process with several workers "
    "(NAME.1, NAME.2 ...) stands for "
    "all of them. Without names every cq worker is reloaded. A reload is of a whole process: its runtimes "
    "start anew, with fresh code; "
    "jobs that run end in the old ones, and none is lost. Workers on this host get SIGHUP, those on others "
    "are told through Redis. "
    "Workers of rq are left alone. Status 1 when there was none to reload, or one could not be told.",
    NULL,
};

const struct cq_syntax cq_reload_syntax = {
    .arguments = "[NAMES]...",
    .max_args = SIZE_MAX,
    .options_size = sizeof(struct reload_options),
    .options = reload_options,
    .notes = notes,
};

/* Mark those to reload. False: a name that is not there or not cq's was complained about. */
static bool choose(const struct cq_run *run, struct cq_fleet *fleet)
{
    bool good = true;
    for (size_t i = 0; i < fleet->names.len && !run->arg_count; i++)
        fleet->workers[i].wanted = fleet->workers[i].is_cq;
    for (size_t n = 0; n < run->arg_count; n++) {
        bool there = false, ours = false;
        for (size_t i = 0; i < fleet->names.len; i++) {
            struct cq_fleet_member *worker = &fleet->workers[i];
            if (!cq_fleet_is_meant(worker->name, run->args[n]))
                continue;
            there = true;
            ours = ours || worker->is_cq;
            worker->wanted = worker->wanted || worker->is_cq;
        }
        if (!there)
            cq_complain(run->name, "there is no worker '%s'; 'cq info' shows them", run->args[n]);
        else if (!ours)
            cq_complain(run->name, "'%s' is not a worker of cq and cannot reload; restart it instead",
                        run->args[n]);
        good = good && ours;
    }
    return good;
}

/* Tell the process of workers[first], and say so for all of them. */
static enum cq_exit tell(struct cq_session *session, struct cq_fleet *fleet, size_t first, bool here)
{
    struct cq_fleet_member *worker = &fleet->workers[first];
    struct cq_buf names = CQ_BUF_INIT(NAMES_LIMIT);
    struct cq_error why;
    bool signalled = here && cq_process_hang_up(worker->pid, &why) == CQ_OK, heard = false;
    enum cq_exit status = CQ_EXIT_OK;
    for (size_t i = first; i < fleet->names.len; i++) {
        struct cq_fleet_member *other = &fleet->workers[i];
        if (!other->wanted || !cq_fleet_same_process(worker, other))
            continue;
        other->wanted = false;
        cq_buf_text(&names, names.len ? ", " : "");
        cq_output_name(&names, cq_str(other->name));
        /* Another of its workers is asked when nobody listens for the first. */
        if (!signalled && !heard && status == CQ_EXIT_OK)
            heard = cq_fleet_publish(session, other, reload_command, &status);
    }
    int host = (int)(worker->hostname.len < CQ_HOSTNAME_MAX ? worker->hostname.len : CQ_HOSTNAME_MAX);
    if (signalled)
        cq_print("%s: told to reload by SIGHUP (process %d)\n", names.data, worker->pid);
    else if (heard)
        cq_print("%s: told to reload through Redis (process %d on %.*s)\n", names.data, worker->pid, host,
                 worker->hostname.data);
    else if (status == CQ_EXIT_OK)
        cq_complain(session->command,
                    "%s (process %d on %.*s) could not be told: %s%snobody listens on its channel",
                    names.data, worker->pid, host, worker->hostname.data ? worker->hostname.data : "?",
                    here ? why.text : "", here ? ", and " : "");
    cq_buf_release(&names);
    return signalled || heard ? CQ_EXIT_OK : status == CQ_EXIT_OK ? CQ_EXIT_FAILED : status;
}

static enum cq_exit reload_fleet(struct cq_session *session, const struct cq_run *run, struct cq_fleet *fleet)
{
    char hostname[CQ_HOSTNAME_MAX] = "";
    bool any = false;
    gethostname(hostname, sizeof(hostname) - 1);
    enum cq_exit status = choose(run, fleet) ? CQ_EXIT_OK : CQ_EXIT_FAILED;
    for (size_t i = 0; i < fleet->names.len; i++) {
        struct cq_fleet_member *worker = &fleet->workers[i];
        if (!worker->wanted)
            continue;
        any = true;
        enum cq_exit told = tell(session, fleet, i, cq_str_is(worker->hostname, hostname));
        if (told == CQ_EXIT_REDIS)
            return told;
        status = told == CQ_EXIT_OK ? status : told;
    }
    if (!any && !run->arg_count)
        cq_complain(run->name, "no cq worker is running");
    return any ? status : CQ_EXIT_FAILED;
}

/* The worker that wrote the file is on this host: no need for Redis, or for it to be up. */
static enum cq_exit reload_pid(const struct cq_run *run, const char *path)
{
    struct cq_error err;
    int pid;
    enum cq_code code = cq_process_read_pid(path, &pid, &err);
    if (code == CQ_OK)
        code = cq_process_hang_up(pid, &err);
    if (code != CQ_OK)
        cq_complain(run->name, "%s", err.text);
    else
        cq_print("process %d: told to reload by SIGHUP\n", pid);
    return cq_exit_of(code);
}

enum cq_exit cq_reload_command(const struct cq_run *run)
{
    const struct reload_options *options = run->options;
    struct cq_session session;
    struct cq_error err;
    if (options->pid_file && run->arg_count) {
        cq_complain(run->name, "give names or --pid, not both");
        return CQ_EXIT_USAGE;
    }
    if (options->pid_file)
        return reload_pid(run, options->pid_file);
    struct cq_fleet fleet = {.names = CQ_STRV_INIT};
    enum cq_exit status = cq_session_open(&session, run);
    if (status == CQ_EXIT_OK) {
        enum cq_code code = cq_fleet_read(session.connection, &fleet, &err);
        if (code != CQ_OK)
            cq_complain(run->name, "%s", err.text);
        status = code == CQ_OK ? reload_fleet(&session, run, &fleet) : cq_exit_of(code);
    }
    cq_fleet_release(&fleet);
    cq_session_close(&session);
    return status;
}
