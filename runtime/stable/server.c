#include "runtime/stable/server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/process/title.h"

enum { LINE_BUFFER = 4096 };

/* What the loop does after a frame. */
enum step { STEP_ON, STEP_END, STEP_HORSE };

static void complain(const struct cq_stable_server *stable, const char *text)
{
    fprintf(stderr, "cq: %s stable: %s\n", stable->runtime, text);
}

static enum step broken(struct cq_stable_server *stable, const char *text)
{
    complain(stable, text);
    stable->state = CQ_STABLE_SERVER_BROKEN;
    return STEP_END;
}

/* ---- sending ---- */

bool cq_stable_server_send(struct cq_stable_server *stable, struct cq_frame_writer *writer)
{
    bool sent = cq_frame_end(writer) &&
                cq_frame_send(CQ_STABLE_SOCKET, cq_buf_view(&stable->out), NULL, 0, NULL) == CQ_OK;
    cq_buf_clear(&stable->out);
    return sent;
}

void cq_stable_server_hello(struct cq_stable_server *stable, struct cq_frame_writer *writer,
                            struct cq_str version)
{
    cq_frame_start(writer, &stable->out, "hello");
    cq_frame_add_int(writer, "protocol", CQ_STABLE_PROTOCOL);
    cq_frame_add_str(writer, "runtime", cq_str(stable->runtime));
    cq_frame_add_str(writer, "version", version);
}

static void send_forked(struct cq_stable_server *stable, int64_t number, pid_t pid, int fork_errno)
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
    cq_stable_server_send(stable, &writer);
}

static void send_exited(void *context, const struct cq_horse_exit *gone)
{
    struct cq_stable_server *stable = context;
    struct cq_frame_writer writer;
    cq_frame_start(&writer, &stable->out, "exited");
    cq_frame_add_int(&writer, "horse", gone->number);
    cq_frame_add_int(&writer, "pid", gone->pid);
    cq_frame_add_int(&writer, "status", gone->status);
    cq_frame_add_int(&writer, "maxrss_kb", gone->maxrss_kb);
    cq_frame_add_int(&writer, "utime_us", gone->utime_us);
    cq_frame_add_int(&writer, "stime_us", gone->stime_us);
    cq_stable_server_send(stable, &writer);
}

/* ---- forks ---- */

static void take_received(struct cq_stable_server *stable, struct cq_fork_request *request)
{
    request->fd_count = 0;
    if (stable->received_len == 0)
        return;
    request->fd_count = stable->received[0].count;
    memcpy(request->fds, stable->received[0].fds, sizeof(request->fds));
    stable->received_len--;
    memmove(&stable->received[0], &stable->received[1],
            (size_t)stable->received_len * sizeof(stable->received[0]));
}

static enum step handle_fork(struct cq_stable_server *stable, const struct cq_frame *frame,
                             struct cq_fork_request *request)
{
    struct cq_str name = cq_frame_get_str(frame, "name");
    snprintf(request->name, sizeof(request->name), "%.*s", (int)name.len, name.data ? name.data : "");
    take_received(stable, request);
    if (!cq_frame_get_int(frame, "horse", &request->number) ||
        (request->fd_count != 1 && request->fd_count != CQ_FRAME_FDS_MAX))
        return broken(stable, "a fork frame without a horse's number, or without 1 or 3 descriptors");
    if (stable->before_fork)
        stable->before_fork(stable->context);
    pid_t pid = fork();
    if (pid == 0)
        return STEP_HORSE;
    int fork_errno = errno;
    if (stable->after_fork)
        stable->after_fork(stable->context);
    for (int i = 0; i < request->fd_count; i++)
        close(request->fds[i]);
    if (pid > 0) {
        /* The horse does it too: so the group exists before the worker knows of the horse. */
        setpgid(pid, pid);
        cq_children_add(&stable->children, pid, request->number);
    }
    send_forked(stable, request->number, pid, fork_errno);
    return STEP_ON;
}

static enum step handle_frame(struct cq_stable_server *stable, const struct cq_frame *frame,
                              struct cq_fork_request *request)
{
    if (cq_str_is(frame->type, "fork"))
        return stable->state == CQ_STABLE_SERVER_QUITTING ? broken(stable, "a fork frame after quit")
                                                          : handle_fork(stable, frame, request);
    if (cq_str_is(frame->type, "quit")) {
        stable->state = CQ_STABLE_SERVER_QUITTING;
        return STEP_ON;
    }
    struct cq_error err;
    cq_error_set(&err, CQ_ERR_DESERIALIZATION, "unknown frame '%.*s'", (int)frame->type.len,
                 frame->type.data);
    return broken(stable, err.text);
}

static enum step read_worker(struct cq_stable_server *stable, struct cq_fork_request *request)
{
    struct cq_error err;
    if (stable->received_len == CQ_STABLE_QUEUE_MAX)
        return broken(stable, "descriptors without fork frames");
    int count = CQ_FRAME_FDS_MAX;
    ssize_t n = cq_frame_receive(CQ_STABLE_SOCKET, &stable->in, stable->received[stable->received_len].fds,
                                 &count);
    if (n <= 0)
        return n < 0 && errno == EAGAIN ? STEP_ON : STEP_END;
    if (count > 0)
        stable->received[stable->received_len++].count = count;
    size_t done = 0, size;
    struct cq_frame frame;
    for (;;) {
        if (cq_frame_parse(cq_str_n(stable->in.data + done, stable->in.len - done), CQ_FRAME_CONTROL_MAX,
                           &frame, &size, &err))
            return broken(stable, err.text);
        if (!size)
            break;
        enum step step = handle_frame(stable, &frame, request);
        if (step != STEP_ON)
            return step;
        done += size;
    }
    cq_buf_consume(&stable->in, done);
    return STEP_ON;
}

/* ---- set up ---- */

static bool open_descriptors(struct cq_stable_server *stable, struct cq_error *err)
{
    int type, pair[2];
    socklen_t len = sizeof(type);
    if (getsockopt(CQ_STABLE_SOCKET, SOL_SOCKET, SO_TYPE, &type, &len) != 0)
        return !cq_error_set(err, CQ_ERR_USAGE,
                             "a stable is started by cq worker, with a socket as descriptor 3");
    fcntl(CQ_STABLE_SOCKET, F_SETFD, FD_CLOEXEC);
    close_range(CQ_STABLE_SOCKET + 1, ~0U, 0);
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0)
        return !cq_error_errno(err, errno, "cannot open /dev/null");
    close(null_fd);
    /* Messages keep their bounds, and the children's end comes out as descriptor 4: everything else above was
     * closed. */
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

static bool set_signals(struct cq_stable_server *stable, struct cq_error *err)
{
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGCHLD);
    /* Blocked rather than ignored: a horse unblocks them and has the default. The stable ends by end of file
     * alone. */
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
     * The worker may have armed it. But when the worker is killed something has to kill what jobs have
     * started, and that is the stable, which sees the end of file.
     */
    prctl(PR_SET_PDEATHSIG, 0);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    return true;
}

enum cq_code cq_stable_server_open(struct cq_stable_server *stable, const char *runtime, struct cq_error *err)
{
    *stable = (struct cq_stable_server){
        .runtime = runtime, .learn_fd = -1, .signal_fd = -1, .watch_fd = -1, .pid = getpid()};
    struct cq_error error;
    if (!open_descriptors(stable, &error) || !set_signals(stable, &error)) {
        complain(stable, error.text);
        return cq_error_set(err, error.code, "%s", error.text);
    }
    cq_title_set("cq: %s stable", runtime);
    /* Whole lines of a job's output reach the log as they are printed, and a crash loses none. */
    static char
        line[LINE_BUFFER]; /* of our own: without one, glibc of Debian 13 forgets that lines are wanted */
    setvbuf(stdout, line, _IOLBF, sizeof(line));
    cq_children_init(&stable->children);
    cq_buf_init(&stable->in, 2 * CQ_FRAME_CONTROL_MAX);
    cq_buf_init(&stable->out, CQ_FRAME_CONTROL_MAX);
    return CQ_OK;
}

int cq_stable_server_close(struct cq_stable_server *stable)
{
    cq_children_kill_all(&stable->children);
    cq_children_release(&stable->children);
    cq_buf_release(&stable->in);
    cq_buf_release(&stable->out);
    return stable->state == CQ_STABLE_SERVER_BROKEN ? CQ_STABLE_EXIT_BROKEN : 0;
}

/* ---- serving ---- */

size_t cq_stable_server_take_message(struct cq_stable_server *stable, char bytes[CQ_STABLE_MESSAGE_MAX])
{
    ssize_t n = recv(stable->learn_fd, bytes, CQ_STABLE_MESSAGE_MAX, MSG_DONTWAIT);
    return n > 0 ? (size_t)n : 0;
}

static void reap(struct cq_stable_server *stable)
{
    /* SIGCHLD does not queue: one read takes it, and reaping takes all that have exited. */
    struct signalfd_siginfo info;
    ssize_t ignored = read(stable->signal_fd, &info, sizeof(info));
    (void)ignored;
    cq_children_reap(&stable->children, send_exited, stable);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void cq_stable_server_watch(struct cq_stable_server *stable, int fd, int at_most_ms)
{
    stable->watch_fd = fd;
    stable->watch_until_ms = now_ms() + at_most_ms;
}

void cq_stable_server_unwatch(struct cq_stable_server *stable)
{
    stable->watch_fd = -1;
}

/* How long poll may wait, in ms; -1: for ever. */
static int watch_left_ms(const struct cq_stable_server *stable)
{
    if (stable->watch_fd < 0)
        return -1;
    int64_t left = stable->watch_until_ms - now_ms();
    return left > 0 ? (int)left : 0;
}

enum cq_stable_server_event cq_stable_server_serve(struct cq_stable_server *stable,
                                                   struct cq_fork_request *ret_request)
{
    struct pollfd ready[] = {
        {.fd = CQ_STABLE_SOCKET, .events = POLLIN},
        {.fd = stable->signal_fd, .events = POLLIN},
        {.fd = stable->watch_fd < 0 ? stable->learn_fd : stable->watch_fd, .events = POLLIN},
    };
    while (stable->state == CQ_STABLE_SERVER_SERVING || stable->children.len > 0) {
        if (poll(ready, CQ_ARRAY_LEN(ready), watch_left_ms(stable)) < 0) {
            if (errno == EINTR)
                continue;
            complain(stable, "cannot poll");
            return CQ_STABLE_END;
        }
        if (ready[1].revents)
            reap(stable);
        if (stable->watch_fd < 0 && (ready[2].revents & POLLIN))
            return CQ_STABLE_LEARNED;
        if (stable->watch_fd >= 0 && (ready[2].revents || watch_left_ms(stable) == 0))
            return CQ_STABLE_WATCHED;
        if (ready[0].revents) {
            enum step step = read_worker(stable, ret_request);
            if (step != STEP_ON)
                return step == STEP_HORSE ? CQ_STABLE_HORSE : CQ_STABLE_END;
        }
    }
    return CQ_STABLE_END;
}
