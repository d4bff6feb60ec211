#include "worker/runtimes/horse.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "worker/job_output.h"

enum {
    INBOX_SIZE = 64 * 1024,
    PIECE_MAX = 8 * 1024 * 1024, /* bytes of one read: other horses wait meanwhile */
};

/* The only place where its state changes. */
static void happened(struct cq_horse *horse, enum cq_horse_event event)
{
    horse->state = cq_horse_next(horse->state, event);
}

void cq_horse_close(struct cq_horse *horse)
{
    if (horse->fd < 0)
        return;
    ev_io_stop(horse->loop, &horse->reader);
    ev_io_stop(horse->loop, &horse->writer);
    close(horse->fd);
    horse->fd = -1;
}

static void destroy(struct cq_horse *horse)
{
    ev_clear_pending(horse->loop, &horse->reader); /* its owner may be gone */
    cq_buf_release(&horse->in);
    cq_buf_release(&horse->out);
    free(horse);
}

/* Its owner may free a horse while it is being read from: that waits for the last let_go. */
static void hold(struct cq_horse *horse)
{
    horse->holds++;
}

static void let_go(struct cq_horse *horse)
{
    if (--horse->holds == 0 && !horse->owner)
        destroy(horse);
}

/* Gone: reaped, and nothing left to read. */
static void check_gone(struct cq_horse *horse)
{
    if (horse->state >= CQ_HORSE_GONE && horse->fd < 0)
        horse->owner->gone(horse->owner, horse);
}

/* A horse that breaks the protocol is as good as dead. */
static void give_up(struct cq_horse *horse, const char *why)
{
    cq_log(horse->owner->output->context->log, CQ_LOG_ERROR, horse->owner->output->worker, NULL,
           "horse %d: %s; killing it", (int)horse->pid, why);
    cq_horse_kill(horse, SIGKILL);
    cq_horse_close(horse);
    check_gone(horse);
}

/* Handle the whole frames at the start of bytes; returns how many bytes they took. Stops when the horse is
 * done with. */
static size_t handle_frames(struct cq_horse *horse, struct cq_str bytes)
{
    size_t used = 0;
    while (horse->fd >= 0) {
        struct cq_frame frame;
        struct cq_error err;
        size_t size = 0;
        if (cq_frame_parse(cq_str_n(bytes.data + used, bytes.len - used), CQ_FRAME_JOB_MAX, &frame, &size,
                           &err) != CQ_OK) {
            give_up(horse, err.text);
            break;
        }
        if (!size)
            break;
        used += size;
        horse->owner->answer(horse->owner, horse, &frame);
    }
    return used;
}

static void read_socket(struct cq_horse *horse)
{
    char inbox[INBOX_SIZE];
    ssize_t n;
    bool into_buf = horse->in.len > 0;
    if (into_buf) {
        /* A long answer: straight into its buffer, in pieces that grow with it. */
        size_t piece = horse->in.len < INBOX_SIZE ? INBOX_SIZE : horse->in.len;
        if (piece > PIECE_MAX)
            piece = PIECE_MAX;
        if (piece > horse->in.limit - horse->in.len)
            piece = horse->in.limit - horse->in.len;
        char *room = cq_buf_reserve(&horse->in, piece);
        if (!room || !piece) {
            give_up(horse, "its answer is larger than 513 MiB");
            return;
        }
        n = read(horse->fd, room, piece);
    } else {
        n = read(horse->fd, inbox, INBOX_SIZE);
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        cq_horse_close(horse);
        /* Dead, then: what was killed because somebody said so need not wait for a stable that is importing
         * modules. */
        if (horse->state == CQ_HORSE_KILLED) {
            happened(horse, CQ_HORSE_EXITED);
            horse->status = SIGKILL;
        }
        check_gone(horse);
        return;
    }
    if (into_buf)
        horse->in.len += (size_t)n;
    struct cq_str bytes = into_buf ? cq_buf_view(&horse->in) : cq_str_n(inbox, (size_t)n);
    hold(horse);
    size_t used = handle_frames(horse, bytes);
    if (horse->fd >= 0 && into_buf)
        cq_buf_consume(&horse->in, used);
    else if (horse->fd >= 0 && used < bytes.len)
        cq_buf_append(&horse->in, bytes.data + used, bytes.len - used);
    let_go(horse);
}

static void on_readable(struct ev_loop *loop, ev_io *watcher, int events)
{
    (void)loop, (void)events;
    read_socket(watcher->data);
}

static void on_writable(struct ev_loop *loop, ev_io *watcher, int events)
{
    (void)events;
    struct cq_horse *horse = watcher->data;
    ssize_t n = send(horse->fd, horse->out.data, horse->out.len, MSG_NOSIGNAL);
    if (n > 0)
        cq_buf_consume(&horse->out, (size_t)n);
    else if (n < 0 && errno != EAGAIN && errno != EINTR)
        cq_buf_clear(&horse->out); /* it is dead; its end is on its way */
    if (!horse->out.len) {
        cq_buf_release(&horse->out);
        ev_io_stop(loop, watcher);
    }
}

struct cq_horse *cq_horse_new(struct cq_horse_owner *owner, int fd)
{
    struct cq_horse *horse = cq_calloc(1, sizeof(*horse));
    fcntl(fd, F_SETFL, O_NONBLOCK);
    horse->owner = owner;
    horse->loop = owner->output->context->loop;
    horse->fd = fd;
    cq_buf_init(&horse->in, (size_t)CQ_FRAME_JOB_MAX + CQ_FRAME_CONTROL_MAX);
    cq_buf_init(&horse->out, (size_t)CQ_FRAME_JOB_MAX + CQ_FRAME_CONTROL_MAX);
    ev_io_init(&horse->reader, on_readable, horse->fd, EV_READ);
    ev_io_init(&horse->writer, on_writable, horse->fd, EV_WRITE);
    horse->reader.data = horse->writer.data = horse;
    ev_io_start(horse->loop, &horse->reader);
    return horse;
}

bool cq_horse_send(struct cq_horse *horse, struct cq_str frame)
{
    if (horse->fd < 0)
        return false;
    ssize_t n = horse->out.len ? 0 : send(horse->fd, frame.data, frame.len, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        return false;
    if (n < 0)
        n = 0;
    horse->jobs++;
    if ((size_t)n < frame.len) {
        cq_buf_append(&horse->out, frame.data + n, frame.len - (size_t)n);
        ev_io_start(horse->loop, &horse->writer);
    }
    return true;
}

void cq_horse_kill(struct cq_horse *horse, int signal_number)
{
    if (horse->state >= CQ_HORSE_GONE)
        return;
    if (horse->state == CQ_HORSE_ASKED) {
        horse->kill_signal = signal_number;
        return;
    }
    /* The stable holds its zombie until it has killed the group, so the number cannot have been reused. */
    if (kill(-horse->pid, signal_number) != 0)
        kill(horse->pid, signal_number);
    if (signal_number == SIGKILL)
        happened(horse, CQ_HORSE_KILL);
    /* It had died before, and its stable, which hangs, does not say so: read_socket will. */
    if (horse->state == CQ_HORSE_KILLED && horse->fd < 0)
        ev_feed_event(horse->loop, &horse->reader, EV_READ);
}

double cq_horse_time_left(const struct cq_horse *horse, double seconds)
{
    if (horse->state == CQ_HORSE_ASKED)
        return seconds;
    return seconds - (double)(cq_clock_monotonic() - horse->forked_at) / CQ_SECOND;
}

void cq_horse_forked(struct cq_horse *horse, pid_t pid)
{
    happened(horse, CQ_HORSE_FORKED);
    horse->pid = pid;
    horse->forked_at = cq_clock_monotonic();
    if (horse->owner->forked)
        horse->owner->forked(horse->owner, horse);
    if (horse->kill_signal)
        cq_horse_kill(horse, horse->kill_signal);
}

static void leave_table(struct cq_horse *horse)
{
    if (horse->stable)
        horse->forget(horse->stable, horse);
    horse->stable = NULL;
}

void cq_horse_exited(struct cq_horse *horse, int status)
{
    leave_table(horse);
    happened(horse, CQ_HORSE_EXITED);
    horse->status = status;
    /* It may have written its answer just before: read to the end, before its owner hears that it is gone. */
    hold(horse);
    while (horse->fd >= 0) {
        char probe;
        ssize_t n = recv(horse->fd, &probe, 1, MSG_PEEK | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            cq_horse_close(horse); /* also when a descendant that escaped still holds the other end */
        else
            read_socket(horse);
    }
    if (horse->owner)
        check_gone(horse);
    let_go(horse);
}

void cq_horse_not_forked(struct cq_horse *horse)
{
    happened(horse, CQ_HORSE_FORK_FAILED);
    cq_horse_exited(horse, SIGKILL);
}

void cq_horse_free(struct cq_horse *horse)
{
    if (!horse)
        return;
    leave_table(horse);
    cq_horse_close(horse);
    horse->owner = NULL;
    if (!horse->holds)
        destroy(horse);
}
