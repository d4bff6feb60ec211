#include "redis/endpoint.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"

/* A peer that vanished is noticed after some 30 s, both while we wait for it and while it owes us an
 * acknowledgement. */
enum { KEEPALIVE_IDLE_S = 15, KEEPALIVE_INTERVAL_S = 5, KEEPALIVE_PROBES = 3, UNACKED_MAX_MS = 30000 };

static const char *host_of(const struct cq_address *address)
{
    return address->host ? address->host : "localhost";
}

static void take_unix(const char *path, struct cq_endpoints *endpoints)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&endpoints->items[0].addr;
    memset(un, 0, sizeof(*un));
    un->sun_family = AF_UNIX;
    snprintf(un->sun_path, sizeof(un->sun_path), "%s",
             path); /* its length was checked when the URL was read */
    endpoints->items[0].len = sizeof(*un);
    endpoints->len = 1;
}

static int ask(const char *host, int number, int flags, struct cq_endpoints *endpoints)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = flags};
    struct addrinfo *list = NULL;
    char port[16];
    snprintf(port, sizeof(port), "%d", number);
    int rc = getaddrinfo(host, port, &hints, &list);
    if (rc != 0)
        return rc;
    endpoints->len = 0;
    for (struct addrinfo *item = list; item && endpoints->len < CQ_ENDPOINTS_MAX; item = item->ai_next) {
        if (item->ai_addrlen > sizeof(endpoints->items[0].addr))
            continue;
        struct cq_endpoint *endpoint = &endpoints->items[endpoints->len++];
        memset(&endpoint->addr, 0, sizeof(endpoint->addr));
        memcpy(&endpoint->addr, item->ai_addr, item->ai_addrlen);
        endpoint->len = item->ai_addrlen;
    }
    freeaddrinfo(list);
    return endpoints->len ? 0 : EAI_NONAME;
}

bool cq_resolve_numeric(const struct cq_address *address, struct cq_endpoints *ret_endpoints)
{
    if (address->unix_path) {
        take_unix(address->unix_path, ret_endpoints);
        return true;
    }
    return ask(host_of(address), address->port, AI_NUMERICHOST | AI_NUMERICSERV, ret_endpoints) == 0;
}

enum cq_code cq_resolve(const struct cq_address *address, struct cq_endpoints *ret_endpoints,
                        struct cq_error *err)
{
    if (address->unix_path) {
        take_unix(address->unix_path, ret_endpoints);
        return CQ_OK;
    }
    int rc = ask(host_of(address), address->port, AI_NUMERICSERV, ret_endpoints);
    /* A bare container may have no /etc/hosts: localhost is this machine all the same (RFC 6761, 6.3). */
    if (rc != 0 && strcasecmp(host_of(address), "localhost") == 0)
        rc = ask("127.0.0.1", address->port, AI_NUMERICHOST | AI_NUMERICSERV, ret_endpoints);
    if (rc == 0)
        return CQ_OK;
    char where[128];
    cq_address_display(address, where, sizeof(where));
    if (rc == EAI_NONAME || rc == EAI_NODATA)
        return cq_error_set(err, CQ_ERR_CONNECTION, "cannot reach Redis at %s: no such host: %s", where,
                            host_of(address));
    return cq_error_set(err, CQ_ERR_CONNECTION, "cannot reach Redis at %s: looking up %s failed: %s", where,
                        host_of(address), gai_strerror(rc));
}

/*
 * Owned by two: the loop's side and the thread. The lock covers `abandoned` and `done`; the second one frees
 * it. So cancelling never waits for a name server.
 */
struct cq_resolver {
    struct ev_loop *loop;
    struct ev_async wake;
    cq_resolver_fn *fn;
    void *data;
    pthread_mutex_t lock;
    bool abandoned;            /* the loop's side has left: nobody to wake */
    bool done;                 /* the thread has left */
    struct cq_address address; /* host and port only, a copy */
    struct cq_endpoints endpoints;
    enum cq_code code;
    struct cq_error error;
};

static void resolver_free(struct cq_resolver *resolver)
{
    pthread_mutex_destroy(&resolver->lock);
    cq_address_release(&resolver->address);
    free(resolver);
}

static void *resolver_thread(void *arg)
{
    struct cq_resolver *resolver = arg;
    resolver->code = cq_resolve(&resolver->address, &resolver->endpoints, &resolver->error);
    pthread_mutex_lock(&resolver->lock);
    bool abandoned = resolver->abandoned;
    resolver->done = true;
    if (!abandoned)
        ev_async_send(resolver->loop, &resolver->wake);
    pthread_mutex_unlock(&resolver->lock);
    if (abandoned)
        resolver_free(resolver);
    return NULL;
}

static void on_wake(struct ev_loop *loop, struct ev_async *watcher, int events)
{
    (void)events;
    struct cq_resolver *resolver = watcher->data;
    ev_async_stop(loop, watcher);
    /* The thread may still be inside its critical section: wait for its unlock before the mutex goes away. */
    pthread_mutex_lock(&resolver->lock);
    pthread_mutex_unlock(&resolver->lock);
    if (resolver->code == CQ_OK)
        resolver->fn(&resolver->endpoints, NULL, resolver->data);
    else
        resolver->fn(NULL, &resolver->error, resolver->data);
    resolver_free(resolver);
}

struct cq_resolver *cq_resolver_start(struct ev_loop *loop, const struct cq_address *address,
                                      cq_resolver_fn *fn, void *data)
{
    struct cq_resolver *resolver = cq_calloc(1, sizeof(*resolver));
    resolver->loop = loop;
    resolver->fn = fn;
    resolver->data = data;
    resolver->address.host = cq_strdup(host_of(address));
    resolver->address.port = address->port;
    resolver->address.tls = address->tls; /* it is shown in a message */
    resolver->address.db = address->db;
    pthread_mutex_init(&resolver->lock, NULL);
    ev_async_init(&resolver->wake, on_wake);
    resolver->wake.data = resolver;
    ev_async_start(loop, &resolver->wake);

    /* The loop's thread takes all signals; this one none. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_t thread;
    int rc = pthread_create(&thread, &attr, resolver_thread, resolver);
    pthread_attr_destroy(&attr);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0) {
        resolver->code = cq_error_set(&resolver->error, CQ_ERR_CONNECTION,
                                      "cannot start a thread to look up %s: %s", host_of(address),
                                      strerror(rc));
        resolver->done = true;
        ev_async_send(loop, &resolver->wake);
    }
    return resolver;
}

void cq_resolver_cancel(struct cq_resolver *resolver)
{
    if (!resolver)
        return;
    ev_async_stop(resolver->loop, &resolver->wake);
    pthread_mutex_lock(&resolver->lock);
    resolver->abandoned = true;
    bool done = resolver->done;
    pthread_mutex_unlock(&resolver->lock);
    if (done)
        resolver_free(resolver);
}

static void set(int fd, int level, int option, int value)
{
    setsockopt(fd, level, option, &value,
               sizeof(value)); /* each is an improvement; none is worth failing for */
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

int cq_dial_share_ms(const struct cq_endpoints *endpoints, size_t index, int timeout_ms, cq_time started,
                     cq_time now)
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
