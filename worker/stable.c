#include "worker/stable.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "runtime/frame.h"
#include "worker/slot.h"
#include "worker/stable_spawn.h"

enum {
    PROTOCOL_VERSION = 1,
    HELLO_WITHIN_S = 30,
    FORK_WITHIN_S = 30, /* longer than that, and it hangs: in a module's constructor, or because somebody stopped it */
    DEATHS_BEFORE_GIVING_UP = 5, /* in a row, none of them after a hello */
};

static const double backoff_first_s = 0.1, backoff_most_s = 5.0;

struct cq_stable {
    struct cq_process *process;
    pid_t pid;                /* 0: none runs */
    int fd;                   /* control socket; -1: none runs */
    bool hello;
    bool ever_hello;
    int deaths;               /* since the last hello */
    double backoff_s;
    int64_t next_number;
    int64_t forks_asked;      /* and not answered */
    cq_time forked_at;        /* monotonic: when it last answered, or was first asked */
    ev_io reader, writer;
    ev_child child;
    ev_timer timer;           /* hello deadline, then the pause before the next start */
    struct cq_buf in, out;
    struct cq_buf fork_frame; /* scratch of its own: a job frame may wait in the process's while a horse is asked for */
};

static void start_or_fail(struct cq_stable *stable);

static void stop_watching(struct cq_stable *stable)
{
    struct ev_loop *loop = stable->process->loop;
    ev_io_stop(loop, &stable->reader);
    ev_io_stop(loop, &stable->writer);
    ev_timer_stop(loop, &stable->timer);
    if (stable->fd >= 0)
        close(stable->fd);
    stable->fd = -1;
    stable->hello = false;
    stable->forks_asked = 0;
    cq_buf_clear(&stable->in);
    cq_buf_clear(&stable->out);
}

static struct cq_horse *find_horse(struct cq_stable *stable, int64_t number)
{
    /* A number names its slot: see cq_stable_fork. */
    int64_t index = number % stable->process->slot_count;
    if (number < 0)
        return NULL;
    struct cq_slot *slot = &stable->process->slots[index];
    if (slot->horse && slot->horse->number == number)
        return slot->horse;
    struct cq_horse *lists[] = {slot->warm, slot->retired};
    for (size_t i = 0; i < CQ_ARRAY_LEN(lists); i++)
        for (struct cq_horse *horse = lists[i]; horse; horse = horse->next)
            if (horse->number == number)
                return horse;
    return NULL;
}

static void kill_stable(struct cq_stable *stable, const char *why)
{
    cq_log(stable->process->log, CQ_LOG_ERROR, stable->process->name, NULL, "stable %d: %s; starting another", (int)stable->pid, why);
    if (stable->pid)
        kill(stable->pid, SIGKILL);
}

static void on_hello(struct cq_stable *stable, const struct cq_frame *frame)
{
    struct cq_process *process = stable->process;
    int64_t protocol = 0;
    cq_frame_get_int(frame, "protocol", &protocol);
    if (protocol != PROTOCOL_VERSION) {
        struct cq_error err;
        cq_error_set(&err, CQ_ERR_SYSTEM, "the native runtime speaks stable protocol %lld, this worker %d: install one version of cq",
                     (long long)protocol, PROTOCOL_VERSION);
        cq_process_fail(process, &err);
        return;
    }
    stable->hello = stable->ever_hello = true;
    stable->deaths = 0;
    stable->backoff_s = backoff_first_s;
    ev_timer_stop(process->loop, &stable->timer);
    for (int i = 0; i < process->slot_count; i++)
        cq_slot_stable_ready(&process->slots[i]);
    cq_process_wake(process);
}

static void on_frame(struct cq_stable *stable, const struct cq_frame *frame)
{
    int64_t number = -1, value = 0;
    struct cq_str error = cq_frame_get_str(frame, "error");
    if (cq_str_is(frame->type, "hello")) {
        on_hello(stable, frame);
        return;
    }
    cq_frame_get_int(frame, "horse", &number);
    struct cq_horse *horse = find_horse(stable, number);
    if (cq_str_is(frame->type, "forked")) {
        stable->forks_asked--;
        stable->forked_at = cq_clock_monotonic();
        if (horse && cq_frame_get_int(frame, "pid", &value)) {
            cq_horse_forked(horse, (pid_t)value);
        } else if (error.data) {
            cq_log(stable->process->log, CQ_LOG_ERROR, stable->process->name, NULL, "stable %d cannot fork: %.*s", (int)stable->pid,
                   (int)error.len, error.data);
            if (horse)
                cq_horse_exited(horse, SIGKILL);
        }
    } else if (cq_str_is(frame->type, "exited")) {
        cq_frame_get_int(frame, "status", &value);
        if (horse)
            cq_horse_exited(horse, (int)value);
    } else {
        cq_log(stable->process->log, CQ_LOG_DEBUG, stable->process->name, NULL, "stable %d sent an unknown frame '%.*s'",
               (int)stable->pid, (int)frame->type.len, frame->type.data);
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
    while (stable->fd >= 0) {
        struct cq_frame frame;
        struct cq_error err;
        size_t size = 0;
        struct cq_str rest = cq_str_n(stable->in.data + done, stable->in.len - done);
        if (cq_frame_parse(rest, CQ_FRAME_CONTROL_MAX, &frame, &size, &err) != CQ_OK) {
            ev_io_stop(loop, &stable->reader);
            kill_stable(stable, err.text);
            return;
        }
        if (!size)
            break;
        on_frame(stable, &frame);
        done += size;
    }
    if (stable->fd >= 0)
        cq_buf_consume(&stable->in, done);
}

/* There is room again: send what was left, then the slots that had been told "not now" may ask again. */
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
    for (int i = 0; i < stable->process->slot_count; i++)
        cq_slot_stable_ready(&stable->process->slots[i]);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)events;
    struct cq_stable *stable = timer->data;
    if (stable->pid)
        kill_stable(stable, "no hello within 30 s");
    else
        start_or_fail(stable);
}

static void end_horse(struct cq_horse *horse)
{
    cq_horse_kill(horse, SIGKILL);
    cq_horse_exited(horse, SIGKILL);
}

/* Its horses die with it (PR_SET_PDEATHSIG); say so to their slots, since nobody else will report their end. */
static void on_child(struct ev_loop *loop, ev_child *child, int events)
{
    (void)events;
    struct cq_stable *stable = child->data;
    struct cq_process *process = stable->process;
    ev_child_stop(loop, child);
    if (stable->fd >= 0)
        on_readable(loop, &stable->reader, EV_READ);
    pid_t pid = stable->pid;
    stable->pid = 0;
    stop_watching(stable);
    for (int i = 0; i < process->slot_count; i++) {
        struct cq_slot *slot = &process->slots[i];
        /* The running one last: what becomes of its job must find no dead horse to hand it to. */
        while (slot->retired)
            cq_horse_exited(slot->retired, SIGKILL);
        while (slot->warm)
            end_horse(slot->warm);
        if (slot->horse)
            end_horse(slot->horse);
    }
    stable->deaths++;
    if (!stable->ever_hello && stable->deaths >= DEATHS_BEFORE_GIVING_UP) {
        struct cq_error err;
        cq_error_set(&err, CQ_ERR_SYSTEM, "the native runtime does not start: %s ended with wait status %d", process->options->executable,
                     child->rstatus);
        cq_process_fail(process, &err);
        return;
    }
    cq_log(process->log, CQ_LOG_ERROR, process->name, NULL, "stable %d died (wait status %d); starting another in %.1f s", (int)pid,
           child->rstatus, stable->backoff_s);
    ev_timer_set(&stable->timer, stable->backoff_s, 0.);
    ev_timer_start(loop, &stable->timer);
    stable->backoff_s = stable->backoff_s * 2 < backoff_most_s ? stable->backoff_s * 2 : backoff_most_s;
}

static bool start(struct cq_stable *stable, struct cq_error *err)
{
    struct cq_process *process = stable->process;
    if (cq_stable_spawn(process->options, &stable->pid, &stable->fd, err) != CQ_OK)
        return false;
    ev_io_set(&stable->reader, stable->fd, EV_READ);
    ev_io_set(&stable->writer, stable->fd, EV_WRITE);
    ev_io_start(process->loop, &stable->reader);
    ev_child_set(&stable->child, stable->pid, 0);
    ev_child_start(process->loop, &stable->child);
    ev_timer_set(&stable->timer, HELLO_WITHIN_S, 0.);
    ev_timer_start(process->loop, &stable->timer);
    return true;
}

static void start_or_fail(struct cq_stable *stable)
{
    struct cq_error err;
    if (start(stable, &err))
        return;
    cq_log(stable->process->log, CQ_LOG_ERROR, stable->process->name, NULL, "%s; trying again in %.1f s", err.text, backoff_most_s);
    ev_timer_set(&stable->timer, backoff_most_s, 0.);
    ev_timer_start(stable->process->loop, &stable->timer);
}

struct cq_stable *cq_stable_new(struct cq_process *process, struct cq_error *err)
{
    struct cq_stable *stable = cq_calloc(1, sizeof(*stable));
    stable->process = process;
    stable->fd = -1;
    stable->backoff_s = backoff_first_s;
    cq_buf_init(&stable->in, 4 * CQ_FRAME_CONTROL_MAX);
    cq_buf_init(&stable->out, CQ_FRAME_CONTROL_MAX);
    cq_buf_init(&stable->fork_frame, CQ_FRAME_CONTROL_MAX);
    ev_init(&stable->reader, on_readable);
    ev_init(&stable->writer, on_writable);
    ev_init(&stable->child, on_child);
    ev_init(&stable->timer, on_timer);
    stable->reader.data = stable->writer.data = stable->child.data = stable->timer.data = stable;
    if (start(stable, err))
        return stable;
    cq_stable_free(stable);
    return NULL;
}

void cq_stable_free(struct cq_stable *stable)
{
    if (!stable)
        return;
    ev_child_stop(stable->process->loop, &stable->child);
    stop_watching(stable);
    if (stable->pid) {
        /* The end of file makes it leave at once; one that does not is not waited for. */
        for (int i = 0; i < 100 && waitpid(stable->pid, NULL, WNOHANG) == 0; i++) {
            if (i == 50)
                kill(stable->pid, SIGKILL);
            usleep(10000);
        }
    }
    cq_buf_release(&stable->in);
    cq_buf_release(&stable->out);
    cq_buf_release(&stable->fork_frame);
    free(stable);
}

bool cq_stable_is_ready(const struct cq_stable *stable)
{
    return stable && stable->fd >= 0 && stable->hello;
}

int64_t cq_stable_fork(struct cq_stable *stable, struct cq_slot *slot, const int *fds, int fd_count)
{
    struct cq_process *process = slot->process;
    if (!cq_stable_is_ready(stable) || stable->out.len || ev_is_active(&stable->writer))
        return -1;
    int64_t number = stable->next_number++ * process->slot_count + slot->index;
    struct cq_frame_writer writer;
    cq_buf_clear(&stable->fork_frame);
    cq_frame_start(&writer, &stable->fork_frame, "fork");
    cq_frame_add_int(&writer, "horse", number);
    cq_frame_add_str(&writer, "name", cq_str(slot->name));
    cq_frame_end(&writer);

    char control[CMSG_SPACE(sizeof(int) * CQ_FRAME_FDS_MAX)] = {0};
    struct iovec data = {stable->fork_frame.data, stable->fork_frame.len};
    size_t fd_bytes = sizeof(int) * (size_t)fd_count;
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(fd_bytes)};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(fd_bytes);
    memcpy(CMSG_DATA(rights), fds, fd_bytes);
    ssize_t n = sendmsg(stable->fd, &message, MSG_NOSIGNAL);
    if (n < 0) {
        /* Full: come back when it is not. Broken: its death is on its way. */
        if (errno == EAGAIN || errno == ENOBUFS || errno == ETOOMANYREFS)
            ev_io_start(process->loop, &stable->writer);
        return -1;
    }
    if ((size_t)n < stable->fork_frame.len) {
        cq_buf_append(&stable->out, stable->fork_frame.data + n, stable->fork_frame.len - (size_t)n);
        ev_io_start(process->loop, &stable->writer);
    }
    if (stable->forks_asked++ == 0)
        stable->forked_at = cq_clock_monotonic();
    return number;
}

static bool hangs(const struct cq_stable *stable)
{
    return cq_stable_is_ready(stable) && stable->forks_asked > 0 &&
           cq_clock_monotonic() - stable->forked_at > FORK_WITHIN_S * CQ_SECOND;
}

void cq_stable_tick(struct cq_stable *stable)
{
    /* When it was we who were stopped, its answers wait to be read. */
    if (hangs(stable))
        on_readable(stable->process->loop, &stable->reader, EV_READ);
    if (hangs(stable)) {
        kill_stable(stable, "it has not forked for 30 s");
        stable->forks_asked = 0;
    }
}
