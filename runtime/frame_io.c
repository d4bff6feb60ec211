#include "runtime/frame.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * How much to ask for when nothing is known of what comes, and at most at once: a warm horse that waits for
 * its job must not hold a megabyte, and a large payload should not take thousands of calls.
 */
enum { READ_FIRST = 16 * 1024, READ_MOST = 1024 * 1024 };

/* Room for more descriptors than we take, so that surplus ones are seen and closed by us. */
enum { CONTROL_FDS = 8 };

union control {
    struct cmsghdr align;
    char space[CMSG_SPACE(CONTROL_FDS * sizeof(int))];
};

static void attach(struct msghdr *message, union control *control, const int *fds, int fd_count)
{
    memset(control, 0, sizeof(*control));
    message->msg_control = control->space;
    message->msg_controllen = CMSG_SPACE((size_t)fd_count * sizeof(int));
    struct cmsghdr *head = CMSG_FIRSTHDR(message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN((size_t)fd_count * sizeof(int));
    memcpy(CMSG_DATA(head), fds, (size_t)fd_count * sizeof(int));
}

enum cq_code cq_frame_send(int fd, struct cq_str bytes, const int *fds, int fd_count, struct cq_error *err)
{
    union control control;
    if (fd_count < 0 || fd_count > CQ_FRAME_FDS_MAX)
        return cq_error_set(err, CQ_ERR_LIMIT, "%d descriptors on one frame, at most %d", fd_count,
                            CQ_FRAME_FDS_MAX);
    size_t done = 0;
    while (done < bytes.len) {
        struct iovec part = {(char *)bytes.data + done, bytes.len - done};
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
        if (done == 0 && fd_count > 0)
            attach(&message, &control, fds, fd_count);
        ssize_t n = sendmsg(fd, &message, MSG_NOSIGNAL);
        if (n >= 0) {
            done += (size_t)n;
        } else if (errno == EAGAIN) { /* the job made the socket non-blocking */
            struct pollfd ready = {.fd = fd, .events = POLLOUT};
            poll(&ready, 1, -1);
        } else if (errno == EPIPE || errno == ECONNRESET) {
            return cq_error_set(err, CQ_ERR_CONNECTION, "the other end of the socket is gone");
        } else if (errno != EINTR) {
            return cq_error_errno(err, errno, "cannot send a frame of %zu bytes", bytes.len);
        }
    }
    return CQ_OK;
}

/* Bytes to ask for: the rest of the frame that has begun, when its length is known already. */
static size_t wanted(const struct cq_buf *buf)
{
    size_t want = READ_FIRST;
    if (buf->len >= CQ_FRAME_HEADER_SIZE) {
        const unsigned char *head = (const unsigned char *)buf->data;
        size_t frame = CQ_FRAME_HEADER_SIZE +
                       ((size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3]);
        if (frame > buf->len && frame - buf->len > want)
            want = frame - buf->len;
    }
    if (want > READ_MOST)
        want = READ_MOST;
    return want < buf->limit - buf->len ? want : buf->limit - buf->len;
}

static void keep(int received, int *fds, int room, int *count)
{
    if (*count < room)
        fds[(*count)++] = received;
    else
        close(received);
}

static int take_descriptors(struct msghdr *message, int *fds, int room)
{
    int count = 0;
    for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head; head = CMSG_NXTHDR(message, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int received;
            memcpy(&received, CMSG_DATA(head) + i * sizeof(int), sizeof(int));
            keep(received, fds, room, &count);
        }
    }
    return count;
}

ssize_t cq_frame_receive(int fd, struct cq_buf *buf, int *fds, int *fd_count)
{
    int room = fd_count ? *fd_count : 0;
    if (fd_count)
        *fd_count = 0;
    size_t want = wanted(buf);
    if (want == 0) {
        errno = EMSGSIZE;
        return -1;
    }
    struct iovec part = {cq_buf_reserve(buf, want), want};
    union control control;
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.space,
                             .msg_controllen = sizeof(control.space)};
    ssize_t n;
    do {
        n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        if (buf->data)
            buf->data[buf->len] = '\0';
        return -1;
    }
    int received = take_descriptors(&message, fds, room);
    if (fd_count)
        *fd_count = received;
    buf->len += (size_t)n;
    buf->data[buf->len] = '\0';
    return n;
}
