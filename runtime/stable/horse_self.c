#include "runtime/stable/horse_self.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process/proc.h"
#include "base/process/title.h"

enum {
    BUFFER_KEEP = 1024 * 1024, /* a larger buffer is not kept for the next job */
    OLD_KERNEL_FDS = 1024,     /* descriptors to close where close_range is missing */
};

static void complain(const char *text)
{
    fprintf(stderr, "cq: horse %d: %s\n", (int)getpid(), text);
}

/* ---- set up ---- */

static void close_from(unsigned first)
{
    if (close_range(first, ~0U, 0) == 0)
        return;
    for (unsigned fd = first; fd < OLD_KERNEL_FDS; fd++)
        close((int)fd);
}

static void close_own(const struct cq_stable_server *stable)
{
    for (int i = 0; i < stable->received_len; i++)
        for (int j = 0; j < stable->received[i].count; j++)
            close(stable->received[i].fds[j]);
    close(stable->signal_fd);
    close(stable->learn_fd);
    if (stable->watch_fd >= 0)
        close(stable->watch_fd);
    if (stable->children.list_fd >= 0)
        close(stable->children.list_fd);
}

/* The stable blocks SIGTERM and SIGHUP and ignores SIGINT: unblocking gives a horse RQ's dispositions. */
static void unblock_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The name is put together without printf, whose pages a forked child would still have to fault in. */
static void set_title(const struct cq_fork_request *request)
{
    char title[sizeof(request->name) + 16] = "cq: horse ";
    strcat(title, request->name);
    cq_title_put(title);
}

static void leave_stable(const struct cq_stable_server *stable)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != stable->pid)
        _exit(0);
    setpgid(0, 0);
    /* Daemons that a job starts come to its horse, not to the stable, as long as it lives: so it is known
     * whose they are. */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    unblock_signals();
}

void cq_horse_self_set_up(const struct cq_stable_server *stable, const struct cq_fork_request *request,
                          enum cq_horse_self_keep keep)
{
    leave_stable(stable);
    dup3(request->fds[0], CQ_STABLE_SOCKET, O_CLOEXEC);
    if (request->fd_count == CQ_FRAME_FDS_MAX) {
        dup2(request->fds[1], STDOUT_FILENO);
        dup2(request->fds[2], STDERR_FILENO);
    }
    if (keep == CQ_HORSE_KEEP_NOTHING) {
        close_from(CQ_STABLE_LEARN + 1);
    } else {
        for (int i = 0; i < request->fd_count; i++)
            close(request->fds[i]);
        close_own(stable);
    }
    set_title(request);
}

void cq_horse_self_set_up_probe(const struct cq_stable_server *stable)
{
    leave_stable(stable);
    close_own(stable);
    close(CQ_STABLE_SOCKET);
    close(CQ_STABLE_LEARN);
}

/* ---- frames ---- */

ino_t cq_horse_self_inode(int fd)
{
    struct stat info;
    return fstat(fd, &info) == 0 && S_ISSOCK(info.st_mode) ? info.st_ino : 0;
}

bool cq_horse_self_receive(struct cq_buf *in, struct cq_frame *ret_frame, size_t *ret_size)
{
    struct cq_error err;
    for (;;) {
        if (cq_frame_parse(cq_buf_view(in), CQ_FRAME_JOB_MAX, ret_frame, ret_size, &err)) {
            complain(err.text);
            _exit(CQ_STABLE_EXIT_BROKEN);
        }
        if (*ret_size)
            return true;
        ssize_t n = cq_frame_receive(CQ_STABLE_SOCKET, in, NULL, NULL);
        if (n > 0)
            continue;
        if (n == 0 && in->len == 0)
            return false;
        complain(n < 0 ? strerror(errno) : "the worker's socket ended inside of a frame");
        _exit(CQ_STABLE_EXIT_BROKEN);
    }
}

void cq_horse_self_answer(const struct cq_buf *answer, ino_t socket_inode)
{
    struct cq_error err;
    fflush(NULL);
    if (cq_horse_self_inode(CQ_STABLE_SOCKET) != socket_inode) {
        complain("the job closed descriptor 3, its outcome is lost");
        _exit(CQ_STABLE_EXIT_ANSWER_LOST);
    }
    if (cq_frame_send(CQ_STABLE_SOCKET, cq_buf_view(answer), NULL, 0, &err)) {
        complain(err.text);
        _exit(CQ_STABLE_EXIT_ANSWER_LOST);
    }
}

/* ---- between jobs ---- */

/* What a job started and left running ends with it, also where the horse takes another job. */
static void kill_children(void)
{
    siginfo_t info;
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) ==
        0) /* else ECHILD, the usual case: one cheap call */
        cq_children_kill_of_horse();
}

void cq_horse_self_drop(struct cq_buf *buf, size_t size)
{
    cq_buf_consume(buf, size);
    if (buf->len == 0 && buf->cap > BUFFER_KEEP)
        cq_buf_release(buf);
}

void cq_horse_self_clean_up(void)
{
    cq_title_detail(CQ_STR_NONE);
    kill_children();
    unblock_signals();
    alarm(0); /* one that a job has set for itself */
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_IGN);
}

/* ---- about the process ---- */

int64_t cq_horse_self_rss_kb(void)
{
    static long peak_kb;
    static int64_t last_kb;
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0 && usage.ru_maxrss == peak_kb)
        return last_kb;
    peak_kb = usage.ru_maxrss;
    last_kb = peak_kb;
    int64_t resident_kb = cq_proc_rss_kb(0);
    if (resident_kb)
        last_kb = resident_kb;
    return last_kb;
}

/* /proc/self/task is a folder with a folder for each thread; a link count has 2 of its own. */
int cq_horse_self_threads(void)
{
    struct stat info;
    return stat("/proc/self/task", &info) == 0 && info.st_nlink > 3 ? (int)info.st_nlink - 2 : 1;
}
