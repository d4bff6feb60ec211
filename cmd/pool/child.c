#include "cmd/pool/child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/process/proc.h"
#include "cmd/line/output.h"
#include "cmd/worker/worker.h"

enum { TEXT_MAX = 4096, STABLES_MAX = 32 };

/* No signal may hurt the worker before it has its own handlers. SIGTERM and SIGINT may end it. */
static void become_ordinary(const struct cq_child_setup *setup, pid_t parent)
{
    sigset_t none;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(CQ_EXIT_OK);
    for (size_t i = 0; i < setup->close_count; i++)
        close(setup->close_fds[i]);
    signal(SIGHUP, SIG_IGN); /* a reload that comes too early: its code is fresh */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

CQ_NORETURN static void run(const struct cq_child_setup *setup, int fd, pid_t parent)
{
    struct cq_error err;
    struct cq_settings settings = setup->session->settings; /* what they own stays the session's */
    struct cq_worker_setup worker = {
        .supervisor_fd = fd,
        .first_number = setup->number,
        .keep_slots = setup->keep_slots,
        .replaces_pid = setup->replaces_pid,
    };
    settings.name = (char *)setup->pool;
    settings.num_workers = setup->slots;
    settings.pid_file = NULL; /* it has the supervisor's */
    become_ordinary(setup, parent);
    enum cq_code code = cq_worker_main(&settings, &worker, &err);
    if (code != CQ_OK)
        cq_complain(setup->session->command, "%s", err.text);
    _exit((int)cq_output_end(cq_exit_of(code)));
}

enum cq_code cq_child_start(const struct cq_child_setup *setup, struct cq_child **ret_child,
                            struct cq_error *err)
{
    int ends[2];
    pid_t parent = getpid();
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return cq_error_errno(err, errno, "cannot make a socket for a worker process");
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        run(setup, ends[1], parent);
    }
    int why = errno;
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return cq_error_errno(err, why, "cannot fork a worker process");
    }
    struct cq_child *child = cq_calloc(1, sizeof(*child));
    *child = (struct cq_child){
        .pid = pid, .fd = ends[0], .number = setup->number, .position = CQ_CHILD_NO_POSITION};
    *ret_child = child;
    return CQ_OK;
}

void cq_child_close(struct cq_child *child)
{
    if (child->fd >= 0)
        close(child->fd);
    child->fd = -1;
}

void cq_child_free(struct cq_child *child)
{
    if (!child)
        return;
    cq_child_close(child);
    free(child);
}

/* ---- memory ---- */

int64_t cq_child_rss_kb(pid_t pid)
{
    char name[64], text[TEXT_MAX];
    int64_t most = cq_proc_rss_kb(pid);
    snprintf(name, sizeof(name), "task/%d/children", (int)pid);
    char *at = cq_proc_read(pid, name, text, sizeof(text)) ? text : NULL;
    for (int i = 0; at && i < STABLES_MAX; i++) {
        char *end;
        long stable = strtol(at, &end, 10);
        if (end == at)
            break;
        int64_t kb = cq_proc_rss_kb((pid_t)stable);
        most = kb > most ? kb : most;
        at = end;
    }
    return most;
}
