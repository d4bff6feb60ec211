#include "runtime/native_horse.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/title.h"
#include "runtime/native_herd.h"

enum {
    EXIT_PROTOCOL = 76,   /* EX_PROTOCOL of sysexits.h: the worker sent what is not a job */
    EXIT_ANSWER_LOST = 74, /* EX_IOERR: the job ran, its outcome could not be sent */
    BUFFER_KEEP = 1024 * 1024, /* a larger buffer is not kept for the next job */
    OLD_KERNEL_FDS = 1024, /* descriptors to close where close_range is missing */
};

static void complain(const char *text)
{
    fprintf(stderr, "cq: horse %d: %s\n", (int)getpid(), text);
}

static void close_from(unsigned first)
{
    if (close_range(first, ~0U, 0) == 0)
        return;
    for (unsigned fd = first; fd < OLD_KERNEL_FDS; fd++)
        close((int)fd);
}

/* The stable blocks SIGTERM and SIGHUP and ignores SIGINT: unblocking gives a horse RQ's dispositions. */
static void set_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void set_up(const struct cq_native_horse *horse)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != horse->stable)
        _exit(0);
    setpgid(0, 0);
    /* Daemons that a job starts come to its horse, not to the stable, as long as it lives: so it is known whose they are. */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    set_signals();
    dup3(horse->fds[0], CQ_STABLE_SOCKET, O_CLOEXEC);
    if (horse->fd_count == CQ_FRAME_FDS_MAX) {
        dup2(horse->fds[1], STDOUT_FILENO);
        dup2(horse->fds[2], STDERR_FILENO);
    }
    close_from(CQ_STABLE_LEARN + 1);
    cq_title_put(horse->title);
}

/* The socket's inode: a job that closed the descriptor may have something else under its number since. */
static ino_t inode_of(int fd)
{
    struct stat info;
    return fstat(fd, &info) == 0 && S_ISSOCK(info.st_mode) ? info.st_ino : 0;
}

/* Block until in holds a whole frame. False: end of file, before any of it. */
static bool receive_job(struct cq_buf *in, struct cq_frame *ret_frame, size_t *ret_size)
{
    struct cq_error err;
    for (;;) {
        if (cq_frame_parse(cq_buf_view(in), CQ_FRAME_JOB_MAX, ret_frame, ret_size, &err)) {
            complain(err.text);
            _exit(EXIT_PROTOCOL);
        }
        if (*ret_size)
            return true;
        ssize_t n = cq_frame_receive(CQ_STABLE_SOCKET, in, NULL, NULL);
        if (n > 0)
            continue;
        if (n == 0 && in->len == 0)
            return false;
        complain(n < 0 ? strerror(errno) : "the worker's socket ended inside of a frame");
        _exit(EXIT_PROTOCOL);
    }
}

static void send_answer(const struct cq_buf *answer, ino_t socket_inode)
{
    struct cq_error err;
    fflush(NULL);
    if (inode_of(CQ_STABLE_SOCKET) != socket_inode) {
        complain("the job closed descriptor 3, its outcome is lost");
        _exit(EXIT_ANSWER_LOST);
    }
    if (cq_frame_send(CQ_STABLE_SOCKET, cq_buf_view(answer), NULL, 0, &err)) {
        complain(err.text);
        _exit(EXIT_ANSWER_LOST);
    }
}

/* What a job started and left running ends with it, also where the horse goes on. */
static void kill_children(void)
{
    siginfo_t info;
    struct cq_herd herd;
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0)
        return; /* ECHILD, the usual case: one cheap call */
    cq_herd_init(&herd);
    cq_herd_kill_all(&herd);
    cq_herd_release(&herd);
}

/* What a job may have changed and the next one on this horse must not find. */
static void clean_up_for_next(struct cq_buf *in, struct cq_buf *answer, size_t frame_size)
{
    cq_title_detail(CQ_STR_NONE);
    cq_buf_consume(in, frame_size);
    cq_buf_clear(answer);
    if (in->len == 0 && in->cap > BUFFER_KEEP)
        cq_buf_release(in);
    if (answer->cap > BUFFER_KEEP)
        cq_buf_release(answer);
    kill_children();
    set_signals();
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_IGN);
}

void cq_native_horse_main(struct cq_native_horse *horse)
{
    struct cq_buf in = CQ_BUF_INIT((size_t)CQ_FRAME_JOB_MAX + 4);
    struct cq_buf answer = CQ_BUF_INIT((size_t)CQ_FRAME_JOB_MAX + 4);
    struct cq_frame frame;
    size_t size;
    bool reuse = true;
    int learn_fd = CQ_STABLE_LEARN;
    set_up(horse);
    cq_native_rehearse(horse->options);
    ino_t socket_inode = inode_of(CQ_STABLE_SOCKET);
    while (reuse && receive_job(&in, &frame, &size)) {
        if (!cq_str_is(frame.type, "job")) {
            complain("the worker sent a frame that is not a job");
            _exit(EXIT_PROTOCOL);
        }
        reuse = cq_frame_get_bool(&frame, "reuse", false);
        cq_title_detail(cq_frame_get_str(&frame, "id"));
        cq_native_run(horse->options, horse->modules, &frame, CQ_STABLE_SOCKET, &learn_fd, &answer);
        send_answer(&answer, socket_inode);
        if (reuse)
            clean_up_for_next(&in, &answer, size);
    }
    /* No atexit handlers, no destructors: they belong to the stable, and a job's own must not run after its answer. */
    _exit(0);
}
