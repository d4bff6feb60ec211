/*
 * cq worker-pool: a small supervisor, which waits for signals, for what its worker processes say and for
 * their ends, and does nothing else: it has no connection, no thread, and no memory worth speaking of.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/process/title.h"
#include "cmd/line/output.h"
#include "cmd/pool/options.h"
#include "cmd/pool/process_end.h"
#include "cmd/pool/resize.h"
#include "cmd/worker/worker.h"
#include "config/redis_address.h"
#include "job/id.h"
#include "job/job.h"

static void nothing(int number)
{
    (void)number;
}

/* Read from a descriptor, so that none comes at a bad moment. As process 1 too: what is blocked is not
 * ignored there. */
static int take_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    for (const int *number = (const int[]){SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGTTIN, SIGTTOU, 0}; *number;
         number++)
        sigaddset(&signals, *number);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGHUP, nothing); /* `cq reload` signals only what has a handler for it */
    return signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void reload(struct cq_pool *pool)
{
    cq_log(&pool->log, CQ_LOG_INFO, pool->name, NULL, "SIGHUP: all worker processes reload");
    for (int i = 0; i < pool->child_count; i++)
        if (pool->children[i]->position != CQ_CHILD_NO_POSITION)
            kill(pool->children[i]->pid, SIGHUP);
    cq_notify_reloaded(&pool->notify);
}

static void reap(struct cq_pool *pool)
{
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
        cq_pool_reaped(pool, pid, status);
}

static void on_signal(struct cq_pool *pool, int number)
{
    switch (number) {
    case SIGCHLD: reap(pool); break;
    case SIGTTIN: cq_pool_resize(pool, pool->wanted + 1); break;
    case SIGTTOU: cq_pool_resize(pool, pool->wanted - 1); break;
    case SIGHUP: reload(pool); break;
    default:
        cq_log(&pool->log, CQ_LOG_INFO, pool->name, NULL, "%s: %s", number == SIGINT ? "SIGINT" : "SIGTERM",
               pool->state == CQ_POOL_STOPPING ? "all worker processes are told again"
                                               : "all workers are told to end");
        cq_pool_stop(pool, number);
        break;
    }
}

/* The signals' descriptor, then those of the children that have one, in their order. Owned by the caller. */
static struct pollfd *descriptors(const struct cq_pool *pool, nfds_t *ret_count)
{
    struct pollfd *fds = cq_calloc((size_t)pool->child_count + 1, sizeof(*fds));
    nfds_t count = 0;
    fds[count++] = (struct pollfd){.fd = pool->signal_fd, .events = POLLIN};
    for (int i = 0; i < pool->child_count; i++)
        fds[count++] = (struct pollfd){.fd = pool->children[i]->fd, .events = POLLIN}; /* -1: left out */
    *ret_count = count;
    return fds;
}

static void show_title(const struct cq_pool *pool)
{
    cq_title_set("cq: worker-pool %s: %d worker%s%s", pool->name, pool->wanted, pool->wanted == 1 ? "" : "s",
                 pool->state == CQ_POOL_STOPPING ? ", ending" : "");
}

static int milliseconds_until(cq_time when)
{
    cq_time left = when - cq_clock_monotonic();
    return !when ? -1 : left <= 0 ? 0 : (int)(left / 1000 < 3600000 ? left / 1000 + 1 : 3600000);
}

static void run(struct cq_pool *pool)
{
    while (!cq_pool_is_over(pool)) {
        cq_time next = cq_pool_start_due(pool);
        nfds_t count;
        show_title(pool);
        struct pollfd *fds = descriptors(pool, &count);
        if (poll(fds, count, milliseconds_until(next)) > 0) {
            /* What they say before the signals: a process's last words come before its end. None is freed
             * and none is added meanwhile. */
            for (nfds_t i = 1; i < count; i++)
                if (fds[i].revents)
                    cq_pool_read_messages(pool, pool->children[i - 1]);
            struct signalfd_siginfo info;
            while (read(pool->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
                on_signal(pool, (int)info.ssi_signo);
        }
        free(fds);
    }
}

static enum cq_exit supervise(struct cq_session *session, const char *name)
{
    struct cq_pool pool = {
        .session = session,
        .name = name,
        .processes = session->settings.processes,
        .wanted = session->settings.num_workers,
        .signal_fd = take_signals(),
    };
    cq_worker_start_log(&pool.log, &session->settings);
    cq_worker_warn(&pool.log, &session->settings);
    if (pool.signal_fd < 0) {
        cq_complain(session->command, "cannot make a descriptor for signals; raise `ulimit -n`");
        return CQ_EXIT_SYSTEM;
    }
    cq_notify_take(&pool.notify);
    cq_pool_init(&pool);
    cq_log(&pool.log, CQ_LOG_INFO, name, NULL,
           "pool started with PID %d, version %s, %d worker%s in %d process%s", (int)getpid(), CQ_VERSION,
           pool.wanted, pool.wanted == 1 ? "" : "s", pool.position_count,
           pool.position_count == 1 ? "" : "es");
    run(&pool);
    cq_pool_release(&pool);
    close(pool.signal_fd);
    cq_log(&pool.log, CQ_LOG_INFO, name, NULL, "pool ended");
    return pool.status;
}

/* RQ's pool has its workers queue what is due (rq/worker_pool.py run_worker); a file or a variable may say
 * no. */
static void set_scheduler(struct cq_settings *settings)
{
    if (cq_settings_source(settings, "worker.with_scheduler") == CQ_FROM_DEFAULT)
        settings->with_scheduler = true;
}

/* What is wrong with the settings is found here, and not by every process. */
static enum cq_code read_settings(struct cq_session *session, const struct cq_run *run, struct cq_error *err)
{
    struct cq_address address;
    enum cq_code code = cq_worker_read_settings(session, run, err);
    if (code == CQ_OK)
        code = cq_settings_address(&session->settings, &address, err);
    if (code == CQ_OK)
        cq_address_release(&address);
    return code;
}

enum cq_exit cq_worker_pool_command(const struct cq_run *run)
{
    const struct cq_pool_options *options = run->options;
    struct cq_session session;
    struct cq_error err;
    char name[CQ_EXECUTION_ID_SIZE];
    if (options->resize != CQ_OPTION_UNSET)
        return cq_pool_resize_command(run, (int)options->resize);
    enum cq_code code = read_settings(&session, run, &err);
    if (code == CQ_OK && session.settings.pid_file)
        code = cq_worker_write_pid(session.settings.pid_file, &err);
    enum cq_exit status = cq_exit_of(code);
    if (code == CQ_OK) {
        cq_execution_id_generate(name);
        set_scheduler(&session.settings);
        status = supervise(&session, session.settings.name ? session.settings.name : name);
    } else {
        cq_complain(run->name, "%s", err.text);
    }
    cq_session_close(&session);
    return status;
}
