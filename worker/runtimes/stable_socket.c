#include "worker/runtimes/stable_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/frame.h"

/* There is room again: send what was left, then tell the owner that it may ask again. */
static void on_writable(struct ev_loop *loop, ev_io *watcher, int events)
{
    (void)events;
    struct cq_stable_socket *socket = watcher->data;
    if (socket->out.len) {
        ssize_t n = send(socket->fd, socket->out.data, socket->out.len, MSG_NOSIGNAL);
        if (n > 0)
            cq_buf_consume(&socket->out, (size_t)n);
        if (socket->out.len)
            return;
    }
    ev_io_stop(loop, &socket->writer);
    socket->room(socket->data);
}

void cq_stable_socket_init(struct cq_stable_socket *socket, struct ev_loop *loop, int fd,
                           void (*room)(void *data), void *data)
{
    *socket = (struct cq_stable_socket){
        .loop = loop,
        .fd = fd,
        .room = room,
        .data = data,
        .out = CQ_BUF_INIT(2 * CQ_FRAME_CONTROL_MAX),
        .fork_frame = CQ_BUF_INIT(CQ_FRAME_CONTROL_MAX),
    };
    ev_io_init(&socket->writer, on_writable, fd, EV_WRITE);
    socket->writer.data = socket;
}

void cq_stable_socket_close(struct cq_stable_socket *socket)
{
    if (socket->fd < 0)
        return;
    ev_io_stop(socket->loop, &socket->writer);
    close(socket->fd);
    socket->fd = -1;
}

void cq_stable_socket_release(struct cq_stable_socket *socket)
{
    cq_stable_socket_close(socket);
    cq_buf_release(&socket->out);
    cq_buf_release(&socket->fork_frame);
}

static void keep(struct cq_stable_socket *socket, const char *data, size_t len)
{
    cq_buf_append(&socket->out, data, len);
    ev_io_start(socket->loop, &socket->writer);
}

bool cq_stable_socket_fork(struct cq_stable_socket *socket, int64_t number, const char *name, const int *fds,
                           int fd_count)
{
    if (socket->out.len || ev_is_active(&socket->writer))
        return false;
    struct cq_frame_writer writer;
    cq_buf_clear(&socket->fork_frame);
    cq_frame_start(&writer, &socket->fork_frame, "fork");
    cq_frame_add_int(&writer, "horse", number);
    cq_frame_add_str(&writer, "name", cq_str(name));
    cq_frame_end(&writer);

    char control[CMSG_SPACE(sizeof(int) * CQ_FRAME_FDS_MAX)] = {0};
    struct iovec data = {socket->fork_frame.data, socket->fork_frame.len};
    size_t fd_bytes = sizeof(int) * (size_t)fd_count;
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(fd_bytes)};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(fd_bytes);
    memcpy(CMSG_DATA(rights), fds, fd_bytes);
    ssize_t n = sendmsg(socket->fd, &message, MSG_NOSIGNAL);
    if (n < 0) {
        /* Full: come back when it is not. Broken: its death is on its way. */
        if (errno == EAGAIN || errno == ENOBUFS || errno == ETOOMANYREFS)
            ev_io_start(socket->loop, &socket->writer);
        return false;
    }
    if ((size_t)n < socket->fork_frame.len)
        keep(socket, socket->fork_frame.data + n, socket->fork_frame.len - (size_t)n);
    return true;
}

void cq_stable_socket_quit(struct cq_stable_socket *socket)
{
    struct cq_frame_writer writer;
    cq_buf_clear(&socket->fork_frame);
    cq_frame_start(&writer, &socket->fork_frame, "quit");
    cq_frame_end(&writer);
    keep(socket, socket->fork_frame.data, socket->fork_frame.len);
}
