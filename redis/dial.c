#include "redis/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

/* A peer that vanished is noticed after some 30 s, both while we wait for it and while it owes us an acknowledgement. */
enum { KEEPALIVE_IDLE_S = 15, KEEPALIVE_INTERVAL_S = 5, KEEPALIVE_PROBES = 3, UNACKED_MAX_MS = 30000 };

static void set(int fd, int level, int option, int value)
{
    setsockopt(fd, level, option, &value, sizeof(value)); /* each is an improvement; none is worth failing for */
}

int cq_dial(const struct cq_endpoint *endpoint)
{
    int fd = socket(endpoint->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (endpoint->addr.ss_family != AF_UNIX) {
        set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
        set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
        set(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
        set(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
        set(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
        set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKED_MAX_MS);
    }
    if (connect(fd, (const struct sockaddr *)&endpoint->addr, endpoint->len) == 0 || errno == EINPROGRESS)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

int cq_dial_result(int fd)
{
    int error = 0;
    socklen_t size = sizeof(error);
    struct pollfd state = {.fd = fd, .events = POLLOUT};
    if (poll(&state, 1, 0) == 0)
        return EINPROGRESS;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

int cq_dial_share_ms(const struct cq_endpoints *endpoints, size_t index, int timeout_ms, cq_time started, cq_time now)
{
    cq_time left = (cq_time)timeout_ms - (now - started) / 1000;
    return left > 0 ? (int)(left / (cq_time)(endpoints->len - index)) : 0;
}

static int wait_one(int fd, cq_time deadline)
{
    for (;;) {
        cq_time left = deadline - cq_clock_monotonic();
        struct pollfd wait = {.fd = fd, .events = POLLOUT};
        int rc = left > 0 ? poll(&wait, 1, (int)(left / 1000 + 1)) : 0;
        if (rc > 0)
            return cq_dial_result(fd);
        if (rc == 0)
            return ETIMEDOUT;
        if (errno != EINTR)
            return errno;
    }
}

int cq_dial_wait(const struct cq_endpoints *endpoints, int timeout_ms)
{
    cq_time started = cq_clock_monotonic();
    int error = ETIMEDOUT;
    for (size_t i = 0; i < endpoints->len; i++) {
        cq_time now = cq_clock_monotonic();
        int share_ms = cq_dial_share_ms(endpoints, i, timeout_ms, started, now);
        int fd = cq_dial(&endpoints->items[i]);
        error = fd < 0 ? errno : wait_one(fd, now + (cq_time)share_ms * 1000);
        if (fd >= 0 && error == 0)
            return fd;
        if (fd >= 0)
            close(fd);
    }
    errno = error;
    return -1;
}
