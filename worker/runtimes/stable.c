#include "worker/runtimes/stable.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "runtime/frame.h"
#include "worker/runtimes/horse.h"
#include "worker/runtimes/log_frame.h"
#include "worker/runtimes/runtime.h"

enum {
    PROTOCOL_VERSION = 1,
    FORK_WITHIN_S =
        30, /* longer than that, and it hangs: in a module's constructor, or because somebody stopped it */
    BUSY_MAX_S = 600,    /* beyond that, when it said that it is busy */
    IMPORTS_MAX = 1024,  /* bytes of a module's name */
    LEAVE_WITHIN_S = 30, /* after its last horse; an end of file does not help one that does not read */
};

static const struct cq_runtime_host *host_of(const struct cq_stable *stable)
{
    return stable->runtime->host;
}

void cq_stable_forget(struct cq_stable *stable, struct cq_horse *horse)
{
    cq_team_remove(&stable->team, horse);
}

/* ---- what it says ---- */

void cq_stable_kill(struct cq_stable *stable, const char *why)
{
    cq_log(host_of(stable)->log, CQ_LOG_ERROR, host_of(stable)->name, NULL, "%s stable %d: %s; killing it",
           stable->runtime->name, (int)stable->pid, why);
    cq_stable_end(stable);
}

void cq_stable_end(struct cq_stable *stable)
{
    stable->state = CQ_STABLE_LEAVING;
    ev_timer_stop(host_of(stable)->loop, &stable->hello_timer);
    if (stable->pid) /* else it is reaped, and the number is somebody else's */
        kill(stable->pid, SIGKILL);
}

static void on_hello(struct cq_stable *stable, const struct cq_frame *frame)
{
    int64_t protocol = 0;
    char text[128];
    struct cq_str error = cq_frame_get_str(frame, "error");
    struct cq_str version = cq_frame_get_str(frame, "version");
    if (stable->state != CQ_STABLE_STARTING)
        return;
    ev_timer_stop(host_of(stable)->loop, &stable->hello_timer);
    cq_frame_get_int(frame, "protocol", &protocol);
    if (protocol != PROTOCOL_VERSION && !error.data) {
        snprintf(text, sizeof(text),
                 "it speaks stable protocol %lld, and this worker %d: install one version of cq",
                 (long long)protocol, PROTOCOL_VERSION);
        error = cq_str(text);
    }
    if (error.data) {
        stable->state = CQ_STABLE_LEAVING;
        cq_runtime_refused(stable->runtime, stable, error);
        return;
    }
    snprintf(stable->version, sizeof(stable->version), "%.*s",
             (int)(version.len < sizeof(stable->version) ? version.len : 0),
             version.data ? version.data : "");
    stable->soft_timeout = cq_frame_get_bool(frame, "soft_timeout", false);
    stable->callbacks = cq_frame_get_bool(frame, "callbacks", false);
    stable->state = CQ_STABLE_READY;
    stable->hello = true;
    cq_runtime_hello(stable->runtime, stable);
}

static void on_forked(struct cq_stable *stable, struct cq_horse *horse, const struct cq_frame *frame)
{
    int64_t pid = 0;
    struct cq_str error = cq_frame_get_str(frame, "error");
    stable->forks_asked--;
    stable->forked_at = cq_clock_monotonic();
    if (horse && cq_frame_get_int(frame, "pid", &pid) && pid > 1) {
        cq_horse_forked(horse, (pid_t)pid);
        return;
    }
    if (error.data)
        cq_log(host_of(stable)->log, CQ_LOG_ERROR, host_of(stable)->name, NULL,
               "%s stable %d cannot fork: %.*s", stable->runtime->name, (int)stable->pid, (int)error.len,
               error.data);
    if (horse)
        cq_horse_not_forked(horse);
}

/* Horses that wait without it are let go: each would have to import it again. Forks are answered in their
 * order. */
static void on_learned(struct cq_stable *stable)
{
    stable->learned_from = stable->next_number - stable->forks_asked;
    if (stable == stable->runtime->stable)
        cq_runtime_room(stable->runtime);
}

/* It imports something that horses have had to import: what is asked of it waits until that is done. */
static void on_busy(struct cq_stable *stable, const struct cq_frame *frame)
{
    int64_t seconds = 0;
    cq_frame_get_int(frame, "seconds", &seconds);
    seconds = seconds < 0 ? 0 : seconds < BUSY_MAX_S ? seconds : BUSY_MAX_S;
    stable->busy_until = cq_clock_monotonic() + seconds * CQ_SECOND;
    cq_buf_str(&stable->imports, cq_frame_get_str(frame, "imports"));
}

static void on_log(const struct cq_stable *stable, const struct cq_frame *frame)
{
    struct cq_log_frame line;
    cq_log_frame_read(frame, &line);
    cq_log_lines(host_of(stable)->log, line.level, host_of(stable)->name, NULL, line.text);
}

static void on_frame(struct cq_stable *stable, const struct cq_frame *frame)
{
    int64_t number = -1, value = 0;
    if (!cq_str_is(frame->type, "log")) {
        stable->busy_until = 0;
        cq_buf_clear(&stable->imports);
    }
    cq_frame_get_int(frame, "horse", &number);
    struct cq_horse *horse = cq_team_find(&stable->team, number);
    if (cq_str_is(frame->type, "hello")) {
        on_hello(stable, frame);
    } else if (cq_str_is(frame->type, "forked")) {
        on_forked(stable, horse, frame);
    } else if (cq_str_is(frame->type, "exited")) {
        cq_frame_get_int(frame, "status", &value);
        if (horse)
            cq_horse_exited(horse, (int)value);
    } else if (cq_str_is(frame->type, "learned")) {
        on_learned(stable);
    } else if (cq_str_is(frame->type, "busy")) {
        on_busy(stable, frame);
    } else if (cq_str_is(frame->type, "log")) {
        on_log(stable, frame);
    } else {
        cq_log(host_of(stable)->log, CQ_LOG_DEBUG, host_of(stable)->name, NULL,
               "%s stable %d sent an unknown frame '%.*s'", stable->runtime->name, (int)stable->pid,
               (int)frame->type.len, frame->type.data);
    }
}

static void on_readable(struct ev_loop *loop, ev_io *watcher, int events)
{
    (void)events;
    struct cq_stable *stable = watcher->data;
    char *room = cq_buf_reserve(&stable->in, CQ_FRAME_CONTROL_MAX);
    ssize_t n = room ? read(stable->fd, room, CQ_FRAME_CONTROL_MAX) : 0;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) { /* its death arrives through on_child */
        ev_io_stop(loop, &stable->reader);
        return;
    }
    stable->in.len += (size_t)n;
    size_t done = 0;
    for (;;) {
        struct cq_frame frame;
        struct cq_error err;
        size_t size = 0;
        struct cq_str rest = cq_str_n(stable->in.data + done, stable->in.len - done);
        if (cq_frame_parse(rest, CQ_FRAME_CONTROL_MAX, &frame, &size, &err) != CQ_OK) {
            ev_io_stop(loop, &stable->reader);
            cq_stable_kill(stable, err.text);
            return;
        }
        if (!size)
            break;
        on_frame(stable, &frame);
        done += size;
    }
    cq_buf_consume(&stable->in, done);
}

/* ---- what it is told ---- */

/* There is room again: send what was left, then those who had been told "not now" may ask again. */
static void on_writable(struct ev_loop *loop, ev_io *watcher, int events)
{
    (void)events;
    struct cq_stable *stable = watcher->data;
    if (stable->out.len) {
        ssize_t n = send(stable->fd, stable->out.data, stable->out.len, MSG_NOSIGNAL);
        if (n > 0)
            cq_buf_consume(&stable->out, (size_t)n);
        if (stable->out.len)
            return;
    }
    ev_io_stop(loop, &stable->writer);
    if (stable->state == CQ_STABLE_READY)
        cq_runtime_room(stable->runtime);
}

static void keep(struct cq_stable *stable, const char *data, size_t len)
{
    cq_buf_append(&stable->out, data, len);
    ev_io_start(host_of(stable)->loop, &stable->writer);
}

bool cq_stable_fork(struct cq_stable *stable, struct cq_horse *horse, const char *name, const int *fds,
                    int fd_count)
{
    if (stable->state != CQ_STABLE_READY || stable->out.len || ev_is_active(&stable->writer))
        return false;
    int64_t number = stable->next_number++;
    struct cq_frame_writer writer;
    cq_buf_clear(&stable->fork_frame);
    cq_frame_start(&writer, &stable->fork_frame, "fork");
    cq_frame_add_int(&writer, "horse", number);
    cq_frame_add_str(&writer, "name", cq_str(name));
    cq_frame_end(&writer);

    char control[CMSG_SPACE(sizeof(int) * CQ_FRAME_FDS_MAX)] = {0};
    struct iovec data = {stable->fork_frame.data, stable->fork_frame.len};
    size_t fd_bytes = sizeof(int) * (size_t)fd_count;
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(fd_bytes)};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(fd_bytes);
    memcpy(CMSG_DATA(rights), fds, fd_bytes);
    ssize_t n = sendmsg(stable->fd, &message, MSG_NOSIGNAL);
    if (n < 0) {
        /* Full: come back when it is not. Broken: its death is on its way. */
        if (errno == EAGAIN || errno == ENOBUFS || errno == ETOOMANYREFS)
            ev_io_start(host_of(stable)->loop, &stable->writer);
        return false;
    }
    if ((size_t)n < stable->fork_frame.len)
        keep(stable, stable->fork_frame.data + n, stable->fork_frame.len - (size_t)n);
    if (stable->forks_asked++ == 0)
        stable->forked_at = cq_clock_monotonic();
    horse->number = number;
    cq_team_add(&stable->team, horse);
    return true;
}

void cq_stable_quit(struct cq_stable *stable)
{
    struct cq_frame_writer writer;
    if (stable->state == CQ_STABLE_LEAVING)
        return;
    stable->state = CQ_STABLE_LEAVING;
    cq_buf_clear(&stable->fork_frame);
    cq_frame_start(&writer, &stable->fork_frame, "quit");
    cq_frame_end(&writer);
    keep(stable, stable->fork_frame.data, stable->fork_frame.len);
}

/* ---- its life ---- */

static void on_hello_late(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)events;
    struct cq_stable *stable = timer->data;
    if (stable->state == CQ_STABLE_STARTING) /* else it is being killed already */
        cq_runtime_refused(stable->runtime, stable, CQ_STR_LIT("it did not say hello in time"));
}

static void on_child(struct ev_loop *loop, ev_child *child, int events)
{
    (void)events;
    struct cq_stable *stable = child->data;
    struct cq_runtime *runtime = stable->runtime;
    int exec_errno = 0;
    pid_t pid = stable->pid;
    ev_child_stop(loop, child);
    stable->pid = 0;
    if (ev_is_active(&stable->reader))
        on_readable(loop, &stable->reader, EV_READ);
    bool executed = read(stable->exec_fd, &exec_errno, sizeof(exec_errno)) != (ssize_t)sizeof(exec_errno);
    struct cq_stable_end end = {
        .pid = pid,
        .status = child->rstatus,
        .exec_errno = executed ? 0 : exec_errno,
        .expected = stable->state == CQ_STABLE_LEAVING,
        .imports = cq_buf_view(&stable->imports),
    };
    stable->state = CQ_STABLE_LEAVING; /* nobody takes a horse from it while its own are ended */
    cq_team_end(&stable->team);
    cq_runtime_died(runtime, stable, &end);
    cq_stable_free(stable);
}

enum cq_code cq_stable_start(struct cq_runtime *runtime, const struct cq_launch *launch,
                             double hello_within_s, struct cq_stable **ret_stable, struct cq_error *err)
{
    struct ev_loop *loop = runtime->host->loop;
    struct cq_stable *stable = cq_calloc(1, sizeof(*stable));
    enum cq_code code = cq_launch_spawn(launch, &stable->pid, &stable->fd, &stable->exec_fd, err);
    if (code != CQ_OK) {
        free(stable);
        return code;
    }
    stable->runtime = runtime;
    cq_buf_init(&stable->in, 4 * CQ_FRAME_CONTROL_MAX);
    cq_buf_init(&stable->imports, IMPORTS_MAX);
    cq_buf_init(&stable->out, 2 * CQ_FRAME_CONTROL_MAX);
    cq_buf_init(&stable->fork_frame, CQ_FRAME_CONTROL_MAX);
    ev_io_init(&stable->reader, on_readable, stable->fd, EV_READ);
    ev_io_init(&stable->writer, on_writable, stable->fd, EV_WRITE);
    ev_child_init(&stable->child, on_child, stable->pid, 0);
    ev_timer_init(&stable->hello_timer, on_hello_late, hello_within_s, 0.);
    stable->reader.data = stable->writer.data = stable->child.data = stable->hello_timer.data = stable;
    ev_io_start(loop, &stable->reader);
    ev_child_start(loop, &stable->child);
    ev_timer_start(loop, &stable->hello_timer);
    *ret_stable = stable;
    return CQ_OK;
}

void cq_stable_hang_up(struct cq_stable *stable)
{
    struct ev_loop *loop = host_of(stable)->loop;
    if (stable->fd < 0)
        return;
    ev_child_stop(loop, &stable->child);
    ev_io_stop(loop, &stable->reader);
    ev_io_stop(loop, &stable->writer);
    ev_timer_stop(loop, &stable->hello_timer);
    close(stable->fd);
    close(stable->exec_fd);
    stable->fd = -1;
}

void cq_stable_free(struct cq_stable *stable)
{
    if (!stable)
        return;
    cq_stable_hang_up(stable);
    if (stable->pid) {
        /* The end of file makes it leave at once; one that does not is not waited for. */
        for (int i = 0; i < 100 && waitpid(stable->pid, NULL, WNOHANG) == 0; i++) {
            if (i == 50)
                kill(stable->pid, SIGKILL);
            usleep(10000);
        }
    }
    cq_buf_release(&stable->in);
    cq_buf_release(&stable->imports);
    cq_buf_release(&stable->out);
    cq_buf_release(&stable->fork_frame);
    free(stable);
}

static bool hangs(const struct cq_stable *stable)
{
    cq_time since = stable->forked_at > stable->busy_until ? stable->forked_at : stable->busy_until;
    return stable->forks_asked > 0 && cq_clock_monotonic() - since > FORK_WITHIN_S * CQ_SECOND;
}

void cq_stable_tick(struct cq_stable *stable)
{
    cq_time now = cq_clock_monotonic();
    /* When it was we who were stopped, its answers wait to be read. */
    if (hangs(stable) && ev_is_active(&stable->reader))
        on_readable(host_of(stable)->loop, &stable->reader, EV_READ);
    if (hangs(stable)) {
        cq_stable_kill(stable, "it has not forked for 30 s");
        stable->forks_asked = 0;
    }
    if (stable->state != CQ_STABLE_LEAVING || stable->team.len)
        stable->idle_at = 0;
    else if (!stable->idle_at)
        stable->idle_at = now;
    else if (now - stable->idle_at > LEAVE_WITHIN_S * CQ_SECOND)
        cq_stable_end(stable);
}
