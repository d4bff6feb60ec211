#include "runtime/native_stable.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/title.h"
#include "runtime/frame.h"
#include "runtime/module.h"
#include "runtime/native_herd.h"
#include "runtime/native_horse.h"

enum { PROTOCOL_VERSION = 1, LINE_BUFFER = 4096, EXIT_BROKEN = 76 /* EX_PROTOCOL of sysexits.h */ };

/* Descriptors that came with fork frames not yet handled: sets, in the order in which they came. */
struct fd_set_queue {
    int fds[4][CQ_FRAME_FDS_MAX];
    int counts[4];
    int len;
};

struct stable {
    const struct cq_native_options *options;
    struct cq_modules modules;
    struct cq_herd herd;
    struct cq_buf in, out;
    struct fd_set_queue received;
    int learn_fd;   /* our end of CQ_STABLE_LEARN; the children's end stays open for them */
    int signal_fd;  /* SIGCHLD */
    bool quitting;
    bool broken;    /* the worker broke the protocol */
    pid_t pid;
};

static void complain(const char *text)
{
    fprintf(stderr, "cq: native stable: %s\n", text);
}

static bool broken(struct stable *stable, const char *text)
{
    complain(text);
    stable->broken = true;
    return false;
}

/* ---- sending ---- */

/* False: the worker is gone, which the next receive sees as end of file. */
static bool send_frame(struct stable *stable, struct cq_frame_writer *writer)
{
    bool sent = cq_frame_end(writer) && cq_frame_send(CQ_STABLE_SOCKET, cq_buf_view(&stable->out), NULL, 0, NULL) == CQ_OK;
    cq_buf_clear(&stable->out);
    return sent;
}

static bool send_hello(struct stable *stable)
{
    struct cq_frame_writer writer;
    cq_frame_start(&writer, &stable->out, "hello");
    cq_frame_add_int(&writer, "protocol", PROTOCOL_VERSION);
    cq_frame_add_str(&writer, "runtime", CQ_STR_LIT("native"));
    cq_frame_add_str(&writer, "version", CQ_STR_LIT(CQ_VERSION));
    return send_frame(stable, &writer);
}

static void send_forked(struct stable *stable, int64_t number, pid_t pid, int fork_errno)
{
    struct cq_frame_writer writer;
    struct cq_error err;
    cq_frame_start(&writer, &stable->out, "forked");
    cq_frame_add_int(&writer, "horse", number);
    if (pid > 0) {
        cq_frame_add_int(&writer, "pid", pid);
    } else {
        cq_error_errno(&err, fork_errno, "cannot fork a horse");
        cq_frame_add_str(&writer, "error", cq_str(err.text));
    }
    send_frame(stable, &writer);
}

static void send_exited(void *context, const struct cq_herd_exit *gone)
{
    struct stable *stable = context;
    struct cq_frame_writer writer;
    cq_frame_start(&writer, &stable->out, "exited");
    cq_frame_add_int(&writer, "horse", gone->number);
    cq_frame_add_int(&writer, "pid", gone->pid);
    cq_frame_add_int(&writer, "status", gone->status);
    cq_frame_add_int(&writer, "maxrss_kb", gone->maxrss_kb);
    cq_frame_add_int(&writer, "utime_us", gone->utime_us);
    cq_frame_add_int(&writer, "stime_us", gone->stime_us);
    send_frame(stable, &writer);
}

/* ---- forks ---- */

static int take_received(struct stable *stable, int fds[CQ_FRAME_FDS_MAX])
{
    struct fd_set_queue *queue = &stable->received;
    if (queue->len == 0)
        return 0;
    int count = queue->counts[0];
    memcpy(fds, queue->fds[0], sizeof(queue->fds[0]));
    queue->len--;
    memmove(queue->fds[0], queue->fds[1], (size_t)queue->len * sizeof(queue->fds[0]));
    memmove(&queue->counts[0], &queue->counts[1], (size_t)queue->len * sizeof(queue->counts[0]));
    return count;
}

static bool handle_fork(struct stable *stable, const struct cq_frame *frame)
{
    struct cq_native_horse horse = {.options = stable->options, .modules = &stable->modules, .stable = stable->pid};
    int64_t number;
    struct cq_str name = cq_frame_get_str(frame, "name");
    snprintf(horse.title, sizeof(horse.title), "cq: horse %.*s", (int)name.len, name.data ? name.data : "");
    horse.fd_count = take_received(stable, horse.fds);
    if (!cq_frame_get_int(frame, "horse", &number) || (horse.fd_count != 1 && horse.fd_count != CQ_FRAME_FDS_MAX))
        return broken(stable, "a fork frame without a horse's number, or without 1 or 3 descriptors");
    cq_modules_drop_changed(&stable->modules);
    pid_t pid = fork();
    if (pid == 0)
        cq_native_horse_main(&horse);
    int fork_errno = errno;
    for (int i = 0; i < horse.fd_count; i++)
        close(horse.fds[i]);
    if (pid > 0) {
        /* The horse does it too; whoever comes first, the group is there before the worker knows of the horse. */
        setpgid(pid, pid);
        cq_herd_add(&stable->herd, pid, number);
    }
    send_forked(stable, number, pid, fork_errno);
    return true;
}

static bool handle_frame(struct stable *stable, const struct cq_frame *frame)
{
    if (cq_str_is(frame->type, "fork"))
        return stable->quitting ? broken(stable, "a fork frame after quit") : handle_fork(stable, frame);
    if (cq_str_is(frame->type, "quit")) {
        stable->quitting = true;
        return true;
    }
    struct cq_error err;
    cq_error_set(&err, CQ_ERR_DESERIALIZATION, "unknown frame '%.*s'", (int)frame->type.len, frame->type.data);
    return broken(stable, err.text);
}

/* Returns false at end of file and when the worker breaks the protocol. */
static bool read_worker(struct stable *stable)
{
    struct fd_set_queue *queue = &stable->received;
    struct cq_error err;
    if (queue->len == (int)CQ_ARRAY_LEN(queue->counts))
        return broken(stable, "descriptors without fork frames");
    int count = CQ_FRAME_FDS_MAX;
    ssize_t n = cq_frame_receive(CQ_STABLE_SOCKET, &stable->in, queue->fds[queue->len], &count);
    if (n <= 0)
        return n < 0 && errno == EAGAIN;
    if (count > 0)
        queue->counts[queue->len++] = count;
    size_t done = 0, size;
    struct cq_frame frame;
    for (;;) {
        if (cq_frame_parse(cq_str_n(stable->in.data + done, stable->in.len - done), CQ_FRAME_CONTROL_MAX, &frame, &size, &err))
            return broken(stable, err.text);
        if (!size)
            break;
        if (!handle_frame(stable, &frame))
            return false;
        done += size;
    }
    cq_buf_consume(&stable->in, done);
    return true;
}

/* A horse had to load a module: have it before the next fork. What cannot be read is somebody's play; ignore it. */
static void learn(struct stable *stable)
{
    char bytes[CQ_FUNCTION_NAME_MAX + 64];
    struct cq_frame frame;
    size_t size;
    ssize_t n;
    while ((n = recv(stable->learn_fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
        if (cq_frame_parse(cq_str_n(bytes, (size_t)n), sizeof(bytes), &frame, &size, NULL) == CQ_OK && size == (size_t)n)
            cq_modules_preload(&stable->modules, cq_frame_get_str(&frame, "function"));
}

/* ---- set up ---- */

static bool open_descriptors(struct stable *stable, struct cq_error *err)
{
    int type, pair[2];
    socklen_t len = sizeof(type);
    if (getsockopt(CQ_STABLE_SOCKET, SOL_SOCKET, SO_TYPE, &type, &len) != 0)
        return !cq_error_set(err, CQ_ERR_USAGE, "stable-native is started by cq worker, with a socket as descriptor 3");
    fcntl(CQ_STABLE_SOCKET, F_SETFD, FD_CLOEXEC);
    close_range(CQ_STABLE_SOCKET + 1, ~0U, 0);
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0)
        return !cq_error_errno(err, errno, "cannot open /dev/null");
    close(null_fd);
    /* Messages keep their bounds, and the children's end comes out as descriptor 4: everything else above was closed. */
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
        return !cq_error_errno(err, errno, "cannot make a socket pair");
    if (pair[0] != CQ_STABLE_LEARN) {
        if (dup3(pair[0], CQ_STABLE_LEARN, O_CLOEXEC) < 0)
            return !cq_error_errno(err, errno, "cannot number a descriptor");
        close(pair[0]);
    }
    stable->learn_fd = pair[1];
    return true;
}

static bool set_signals(struct stable *stable, struct cq_error *err)
{
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGCHLD);
    /* Blocked rather than ignored: a horse unblocks them and has the default. The stable ends by end of file alone. */
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGHUP);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    signal(SIGCHLD, SIG_DFL);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
    sigdelset(&blocked, SIGTERM);
    sigdelset(&blocked, SIGHUP);
    stable->signal_fd = signalfd(-1, &blocked, SFD_CLOEXEC | SFD_NONBLOCK);
    if (stable->signal_fd < 0)
        return !cq_error_errno(err, errno, "cannot make a signal descriptor");
    /*
     * The worker may have armed it. But when the worker is killed somebody has to kill what jobs have started, and
     * that is the stable, which sees the end of file.
     */
    prctl(PR_SET_PDEATHSIG, 0);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    return true;
}

static void serve(struct stable *stable)
{
    struct pollfd ready[] = {
        {.fd = CQ_STABLE_SOCKET, .events = POLLIN},
        {.fd = stable->signal_fd, .events = POLLIN},
        {.fd = stable->learn_fd, .events = POLLIN},
    };
    while (!stable->quitting || stable->herd.len > 0) {
        if (poll(ready, CQ_ARRAY_LEN(ready), -1) < 0) {
            if (errno == EINTR)
                continue;
            complain("cannot poll");
            return;
        }
        if (ready[1].revents) {
            /* SIGCHLD does not queue: one read takes it, and reaping takes whoever is there. */
            struct signalfd_siginfo info;
            ssize_t ignored = read(stable->signal_fd, &info, sizeof(info));
            (void)ignored;
            cq_herd_reap(&stable->herd, send_exited, stable);
        }
        if (ready[2].revents)
            learn(stable);
        if (ready[0].revents && !read_worker(stable))
            return;
    }
}

int cq_native_stable_main(const struct cq_native_options *options)
{
    struct stable stable = {.options = options, .learn_fd = -1, .signal_fd = -1, .pid = getpid()};
    struct cq_error err;
    if (!open_descriptors(&stable, &err) || !set_signals(&stable, &err)) {
        complain(err.text);
        return err.code == CQ_ERR_USAGE ? 2 : 1;
    }
    cq_title_set("cq: native stable");
    /* Whole lines of a job's output reach the log as they are printed, and a crash loses none. */
    static char line[LINE_BUFFER]; /* of our own: without one, glibc of Debian 13 forgets that lines are wanted */
    setvbuf(stdout, line, _IOLBF, sizeof(line));
    cq_native_prepare();
    cq_modules_init(&stable.modules, options->paths);
    cq_herd_init(&stable.herd);
    cq_buf_init(&stable.in, 2 * CQ_FRAME_CONTROL_MAX);
    cq_buf_init(&stable.out, CQ_FRAME_CONTROL_MAX);
    if (send_hello(&stable))
        serve(&stable);
    cq_herd_kill_all(&stable.herd);
    cq_herd_release(&stable.herd);
    cq_modules_release(&stable.modules);
    cq_buf_release(&stable.in);
    cq_buf_release(&stable.out);
    return stable.broken ? EXIT_BROKEN : 0;
}
