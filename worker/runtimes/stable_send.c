#include "worker/runtimes/stable_send.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/frame.h"
#include "worker/runtimes/horse.h"

/* There is room again: send what was left, then tell the owner that it may ask again. */
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
        stable->owner->room(stable->owner->data, stable);
}

static void keep(struct cq_stable *stable, const char *data, size_t len)
{
    cq_buf_append(&stable->out, data, len);
    ev_io_start(stable->owner->loop, &stable->writer);
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
            ev_io_start(stable->owner->loop, &stable->writer);
        return false;
    }
    if ((size_t)n < stable->fork_frame.len)
        keep(stable, stable->fork_frame.data + n, stable->fork_frame.len - (size_t)n);
    if (stable->forks_asked++ == 0)
        stable->forked_at = cq_clock_monotonic();
    horse->number = number;
    cq_horse_table_add(&stable->horses, horse);
    return true;
}

void cq_stable_send_quit(struct cq_stable *stable)
{
    struct cq_frame_writer writer;
    cq_buf_clear(&stable->fork_frame);
    cq_frame_start(&writer, &stable->fork_frame, "quit");
    cq_frame_end(&writer);
    keep(stable, stable->fork_frame.data, stable->fork_frame.len);
}

void cq_stable_send_init(struct cq_stable *stable)
{
    cq_buf_init(&stable->out, 2 * CQ_FRAME_CONTROL_MAX);
    cq_buf_init(&stable->fork_frame, CQ_FRAME_CONTROL_MAX);
    ev_io_init(&stable->writer, on_writable, stable->fd, EV_WRITE);
    stable->writer.data = stable;
}
