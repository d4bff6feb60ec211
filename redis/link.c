#include "redis/link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/timer.h"
#include "redis/endpoint.h"
#include "redis/failure.h"
#include "redis/handshake.h"

struct cq_link {
    struct cq_link_options options;
    cq_link_fn *fn;
    void *data;
    struct cq_resolver *resolver; /* while a name is looked up */
    struct cq_endpoints endpoints;
    size_t endpoint;         /* the one that is being dialed */
    cq_time started;         /* when dialing began, monotonic */
    int last_error;          /* errno of the last endpoint that failed */
    int fd;                  /* dialing; -1: not */
    struct cq_stream stream; /* greeting; its fd is -1: not */
    struct cq_handshake handshake;
    struct cq_buf greeting; /* the handshake's commands; holds the password, so it is wiped */
    size_t written;         /* bytes of it */
    ev_io readable, writable;
    struct cq_timer timer; /* the limit of the present step */
};

static void link_free(struct cq_link *link)
{
    struct ev_loop *loop = link->options.loop;
    cq_resolver_cancel(link->resolver);
    ev_io_stop(loop, &link->readable);
    ev_io_stop(loop, &link->writable);
    cq_timer_cancel(&link->timer);
    if (link->fd >= 0)
        close(link->fd);
    cq_stream_close(&link->stream);
    if (link->greeting.data)
        explicit_bzero(link->greeting.data, link->greeting.cap);
    cq_buf_release(&link->greeting);
    free(link);
}

void cq_link_cancel(struct cq_link *link)
{
    if (link)
        link_free(link);
}

static void finish(struct cq_link *link, const struct cq_error *err)
{
    cq_link_fn *fn = link->fn;
    void *data = link->data;
    struct cq_error copy;
    char peer_addr[CQ_PEER_ADDR_SIZE];
    struct cq_stream stream = link->stream;
    if (err) {
        copy = *err;
    } else {
        memcpy(peer_addr, link->handshake.peer_addr, sizeof(peer_addr));
        link->stream = (struct cq_stream){.fd = -1};
    }
    link_free(link);
    if (err)
        fn(NULL, NULL, &copy, data);
    else
        fn(&stream, peer_addr, NULL, data);
}

static void arm_timer(struct cq_link *link, int after_ms)
{
    ev_now_update(link->options.loop);
    cq_timer_arm(&link->timer, after_ms / 1000.0);
}

static void dial_next(struct cq_link *link);

static void stream_failed(struct cq_link *link, ssize_t n, int errno_value)
{
    struct cq_error err;
    cq_stream_failure(&link->stream, link->options.address, n, errno_value,
                      link->options.address->connect_timeout_ms, &err);
    /* Who greets us in another protocol will not learn ours: no use in trying again. */
    if (cq_stream_is_garbled(&link->stream))
        err.code = CQ_ERR_REDIS;
    finish(link, &err);
}

/* Write on. False: the link is gone. */
static bool write_greeting(struct cq_link *link)
{
    struct ev_loop *loop = link->options.loop;
    while (link->written < link->greeting.len) {
        ssize_t n = cq_stream_write(&link->stream, link->greeting.data + link->written,
                                    link->greeting.len - link->written);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            /* TLS's handshake waits for the peer: a writable socket says nothing then. */
            if (cq_stream_write_needs_read(&link->stream))
                ev_io_stop(loop, &link->writable);
            else
                ev_io_start(loop, &link->writable);
            return true;
        }
        if (n < 0) {
            stream_failed(link, n, errno);
            return false;
        }
        link->written += (size_t)n;
    }
    ev_io_stop(loop, &link->writable);
    return true;
}

static void read_replies(struct cq_link *link)
{
    ssize_t n = cq_stream_read(&link->stream);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return;
    if (n <= 0) {
        stream_failed(link, n, errno);
        return;
    }
    struct cq_reply *reply;
    int got = 0;
    while (!cq_handshake_done(&link->handshake) && (got = cq_stream_reply(&link->stream, &reply)) > 0) {
        struct cq_error err;
        enum cq_code code = cq_handshake_take(&link->handshake, reply, &err);
        cq_reply_free(reply);
        if (code != CQ_OK) {
            finish(link, &err);
            return;
        }
    }
    if (got < 0)
        stream_failed(link, -1, 0);
    else if (cq_handshake_done(&link->handshake))
        finish(link, NULL);
}

static void greet(struct cq_link *link)
{
    struct ev_loop *loop = link->options.loop;
    struct cq_error err;
    int fd = link->fd;
    link->fd = -1;
    ev_io_stop(loop, &link->writable);
    if (cq_stream_open(&link->stream, fd, link->options.tls, &err) != CQ_OK) {
        finish(link, &err);
        return;
    }
    struct cq_command command;
    cq_command_init(&command);
    cq_handshake_init(&link->handshake, link->options.address, link->options.client_name,
                      link->options.load_scripts);
    while (cq_handshake_next(&link->handshake, &command))
        cq_buf_str(&link->greeting, cq_command_wire(&command));
    if (command.body.data)
        explicit_bzero(command.body.data, command.body.cap);
    cq_command_release(&command);
    arm_timer(link, link->options.address->connect_timeout_ms);
    ev_io_set(&link->readable, fd, EV_READ);
    ev_io_set(&link->writable, fd, EV_WRITE);
    ev_io_start(loop, &link->readable);
    write_greeting(link);
}

static void endpoint_failed(struct cq_link *link, int error)
{
    if (link->fd >= 0) {
        ev_io_stop(link->options.loop, &link->writable);
        close(link->fd);
        link->fd = -1;
    }
    link->last_error = error;
    link->endpoint++;
    dial_next(link);
}

/* The endpoint whose turn it is; refused ones are passed over at once. */
static void dial_next(struct cq_link *link)
{
    const struct cq_address *address = link->options.address;
    for (; link->endpoint < link->endpoints.len; link->endpoint++) {
        link->fd = cq_dial(&link->endpoints.items[link->endpoint]);
        if (link->fd >= 0)
            break;
        link->last_error = errno;
    }
    if (link->fd < 0) {
        struct cq_error err;
        cq_failure_connect(&err, address, link->last_error);
        finish(link, &err);
        return;
    }
    arm_timer(link, cq_dial_share_ms(&link->endpoints, link->endpoint, address->connect_timeout_ms,
                                     link->started, cq_clock_monotonic()));
    ev_io_set(&link->writable, link->fd, EV_WRITE);
    ev_io_start(link->options.loop, &link->writable);
}

static void on_resolved(const struct cq_endpoints *endpoints, const struct cq_error *err, void *data)
{
    struct cq_link *link = data;
    link->resolver = NULL;
    if (err) {
        finish(link, err);
        return;
    }
    link->endpoints = *endpoints;
    link->started = cq_clock_monotonic();
    dial_next(link);
}

static void on_readable(struct ev_loop *loop, ev_io *watcher, int events)
{
    (void)loop;
    (void)events;
    struct cq_link *link = watcher->data;
    if (write_greeting(link)) /* TLS may have waited for this */
        read_replies(link);
}

static void on_writable(struct ev_loop *loop, ev_io *watcher, int events)
{
    (void)loop;
    (void)events;
    struct cq_link *link = watcher->data;
    if (link->fd < 0) {
        write_greeting(link);
        return;
    }
    int error = cq_dial_result(link->fd);
    if (error == 0)
        greet(link);
    else if (error != EINPROGRESS)
        endpoint_failed(link, error);
}

/* At first the timer is what begins, so that nothing happens inside of cq_link_start. */
static void on_timer(void *data)
{
    struct cq_link *link = data;
    const struct cq_address *address = link->options.address;
    if (link->fd >= 0) {
        endpoint_failed(link, ETIMEDOUT);
    } else if (link->stream.fd >= 0) {
        stream_failed(link, -1, EAGAIN);
    } else if (link->resolver) {
        struct cq_error err;
        cq_failure_connect(&err, address, ETIMEDOUT);
        finish(link, &err);
    } else if (cq_resolve_numeric(address, &link->endpoints)) {
        struct cq_endpoints endpoints = link->endpoints;
        on_resolved(&endpoints, NULL, link);
    } else {
        arm_timer(link, address->connect_timeout_ms);
        link->resolver = cq_resolver_start(link->options.loop, address, on_resolved, link);
    }
}

struct cq_link *cq_link_start(const struct cq_link_options *options, cq_link_fn *fn, void *data)
{
    struct cq_link *link = cq_calloc(1, sizeof(*link));
    link->options = *options;
    link->fn = fn;
    link->data = data;
    link->fd = link->stream.fd = -1;
    cq_buf_init(&link->greeting, CQ_COMMAND_MAX);
    ev_init(&link->readable, on_readable);
    ev_init(&link->writable, on_writable);
    cq_timer_init(&link->timer, options->loop, on_timer, link);
    link->readable.data = link->writable.data = link;
    cq_timer_arm(&link->timer, 0.);
    return link;
}
