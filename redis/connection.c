#include "redis/connection.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "redis/failure.h"
#include "redis/handshake.h"
#include "redis/resolve.h"
#include "redis/tls.h"

enum {
    DIRECT_MIN = 64 * 1024, /* bytes from which a command is written from its own memory, without a copy */
    KEEPALIVE_IDLE_S = 15,
};

struct cq_connection {
    redisContext *context;     /* owned; owns the descriptor */
    struct cq_tls *tls;        /* owned; NULL: none */
    struct cq_address address; /* a copy without secrets, for messages */
    struct cq_buf out;         /* sent commands that are not written yet */
    size_t pending;            /* replies that a pipeline still has to receive */
    bool lost;
    char peer_addr[CQ_PEER_ADDR_SIZE];
};

/* Connect one endpoint within the deadline. Returns the descriptor, or -1 with errno. */
static int dial_one(const struct cq_endpoint *endpoint, cq_time deadline)
{
    int fd = socket(endpoint->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (connect(fd, (const struct sockaddr *)&endpoint->addr, endpoint->len) == 0)
        return fd;
    int error = errno;
    while (error == EINPROGRESS || error == EINTR) {
        cq_time left = deadline - cq_clock_monotonic();
        struct pollfd wait = {.fd = fd, .events = POLLOUT};
        int rc = left > 0 ? poll(&wait, 1, (int)(left / 1000 + 1)) : 0;
        socklen_t size = sizeof(error);
        if (rc == 0)
            error = ETIMEDOUT;
        else if (rc < 0)
            error = errno;
        else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0)
            return fd;
    }
    close(fd);
    errno = error;
    return -1;
}

static void tune(int fd, const struct cq_address *address, int timeout_ms)
{
    struct timeval timeout = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    if (address->unix_path)
        return;
    int on = 1, idle = KEEPALIVE_IDLE_S;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
}

static enum cq_code dial(const struct cq_address *address, int *ret_fd, struct cq_error *err)
{
    struct cq_endpoints endpoints;
    enum cq_code code = cq_resolve(address, &endpoints, err);
    if (code != CQ_OK)
        return code;
    cq_time deadline = cq_clock_monotonic() + (cq_time)address->connect_timeout_ms * 1000;
    int fd = -1, error = 0;
    for (size_t i = 0; i < endpoints.len && fd < 0; i++) {
        fd = dial_one(&endpoints.items[i], deadline);
        error = errno;
    }
    if (fd < 0)
        return cq_failure_connect(err, address, error);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    tune(fd, address, address->connect_timeout_ms);
    *ret_fd = fd;
    return CQ_OK;
}

static enum cq_code lose(struct cq_connection *connection, int errno_value, struct cq_error *err)
{
    connection->lost = true;
    redisContext *context = connection->context;
    return cq_failure_lost(err, &connection->address, context->err ? context->err : REDIS_ERR_IO, context->errstr, errno_value);
}

/* Over TLS only hiredis can write. */
static enum cq_code write_tls(struct cq_connection *connection, struct cq_str bytes, struct cq_error *err)
{
    int done = 0;
    bool ok = redisAppendFormattedCommand(connection->context, bytes.data, bytes.len) == REDIS_OK;
    while (ok && !done)
        ok = redisBufferWrite(connection->context, &done) == REDIS_OK;
    return ok ? CQ_OK : lose(connection, errno, err);
}

/* All of bytes, without SIGPIPE, which a library must not leave to chance. */
static enum cq_code write_all(struct cq_connection *connection, struct cq_str bytes, struct cq_error *err)
{
    if (connection->tls && bytes.len)
        return write_tls(connection, bytes, err);
    while (bytes.len) {
        ssize_t n = send(connection->context->fd, bytes.data, bytes.len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return lose(connection, errno, err);
        bytes = cq_str_n(bytes.data + n, bytes.len - (size_t)n);
    }
    return CQ_OK;
}

static enum cq_code flush(struct cq_connection *connection, struct cq_error *err)
{
    enum cq_code code = write_all(connection, cq_buf_view(&connection->out), err);
    cq_buf_clear(&connection->out);
    return code;
}

static enum cq_code refuse_if_lost(const struct cq_connection *connection, struct cq_error *err)
{
    if (!connection->lost)
        return CQ_OK;
    char where[160];
    return cq_error_set(err, CQ_ERR_CONNECTION, "the connection to Redis at %s was lost before",
                        cq_address_display(&connection->address, where, sizeof(where)));
}

enum cq_code cq_connection_send(struct cq_connection *connection, struct cq_command *command, struct cq_error *err)
{
    enum cq_code code = refuse_if_lost(connection, err);
    if (code != CQ_OK)
        return code;
    if (command->body.overflow)
        return cq_failure_too_large(err);
    struct cq_str wire = cq_command_wire(command);
    if (connection->out.len + wire.len >= DIRECT_MIN)
        code = flush(connection, err);
    if (code == CQ_OK && wire.len >= DIRECT_MIN)
        code = write_all(connection, wire, err);
    else if (code == CQ_OK)
        cq_buf_str(&connection->out, wire);
    if (code == CQ_OK)
        connection->pending++;
    return code;
}

enum cq_code cq_connection_receive(struct cq_connection *connection, struct cq_reply **ret_reply, struct cq_error *err)
{
    assert(connection->pending > 0 || connection->lost);
    enum cq_code code = refuse_if_lost(connection, err);
    if (code == CQ_OK)
        code = flush(connection, err);
    if (code != CQ_OK)
        return code;
    void *reply = NULL;
    errno = 0;
    int rc = redisGetReply(connection->context, &reply);
    if (rc != REDIS_OK)
        return lose(connection, errno, err);
    connection->pending--;
    *ret_reply = reply;
    return CQ_OK;
}

static enum cq_code roundtrip(struct cq_connection *connection, struct cq_command *command, struct cq_reply **ret_reply,
                              struct cq_error *err)
{
    enum cq_code code = cq_connection_send(connection, command, err);
    return code == CQ_OK ? cq_connection_receive(connection, ret_reply, err) : code;
}

enum cq_code cq_connection_load(struct cq_connection *connection, enum cq_script script, struct cq_error *err)
{
    struct cq_command load;
    cq_command_init(&load);
    cq_script_load_command(&load, script);
    struct cq_reply *reply = NULL;
    enum cq_code code = roundtrip(connection, &load, &reply, err);
    if (code == CQ_OK)
        code = cq_reply_check(reply, err);
    cq_reply_free(reply);
    cq_command_release(&load);
    return code;
}

enum cq_code cq_connection_call(struct cq_connection *connection, struct cq_command *command, struct cq_reply **ret_reply,
                                struct cq_error *err)
{
    assert(connection->pending == 0 || connection->lost);
    struct cq_reply *reply = NULL;
    enum cq_code code = roundtrip(connection, command, &reply, err);
    if (code == CQ_OK && command->script != CQ_SCRIPT_NONE && cq_reply_type(reply) == CQ_REPLY_ERROR &&
        cq_str_starts(cq_reply_str(reply), "NOSCRIPT")) {
        cq_reply_free(reply);
        reply = NULL;
        code = cq_connection_load(connection, command->script, err);
        if (code == CQ_OK)
            code = roundtrip(connection, command, &reply, err);
    }
    if (code == CQ_OK)
        code = cq_reply_check(reply, err);
    if (code == CQ_OK && ret_reply) {
        *ret_reply = reply;
        return CQ_OK;
    }
    cq_reply_free(reply);
    return code;
}

/* All of the handshake's commands at once, then all of its replies; the first obstacle decides. */
static enum cq_code introduce(struct cq_connection *connection, const struct cq_address *address, const char *name,
                              struct cq_error *err)
{
    struct cq_handshake handshake;
    struct cq_command command;
    cq_handshake_init(&handshake, address, name, false);
    cq_command_init(&command);
    enum cq_code code = CQ_OK;
    while (code == CQ_OK && cq_handshake_next(&handshake, &command))
        code = cq_connection_send(connection, &command, err);
    while (code == CQ_OK && !cq_handshake_done(&handshake)) {
        struct cq_reply *reply = NULL;
        code = cq_connection_receive(connection, &reply, err);
        if (code == CQ_OK)
            code = cq_handshake_take(&handshake, reply, err);
        cq_reply_free(reply);
    }
    memcpy(connection->peer_addr, handshake.peer_addr, sizeof(connection->peer_addr));
    if (command.body.data)
        explicit_bzero(command.body.data, command.body.cap);
    if (connection->out.data)
        explicit_bzero(connection->out.data, connection->out.cap);
    cq_command_release(&command);
    return code;
}

static void copy_for_messages(struct cq_address *to, const struct cq_address *from)
{
    *to = (struct cq_address){.port = from->port, .db = from->db, .tls = from->tls};
    to->host = cq_strdup(from->host);
    to->unix_path = cq_strdup(from->unix_path);
    /* Until the handshake is over, what is waited for is the connection. */
    to->connect_timeout_ms = to->command_timeout_ms = from->connect_timeout_ms;
}

enum cq_code cq_connection_open(const struct cq_address *address, const char *name, struct cq_connection **ret_connection,
                                struct cq_error *err)
{
    int fd = -1;
    struct cq_connection *connection = cq_calloc(1, sizeof(*connection));
    cq_buf_init(&connection->out, CQ_COMMAND_MAX);
    copy_for_messages(&connection->address, address);
    enum cq_code code = cq_tls_new(address, &connection->tls, err);
    if (code == CQ_OK)
        code = dial(address, &fd, err);
    if (code != CQ_OK)
        goto out;
    connection->context = redisConnectFd(fd);
    if (!connection->context) {
        close(fd);
        code = cq_error_set(err, CQ_ERR_SYSTEM, "hiredis cannot take a connection: out of memory");
        goto out;
    }
    code = cq_tls_start(connection->tls, connection->context, err);
    if (code == CQ_OK)
        code = introduce(connection, address, name, err);
out:
    if (code != CQ_OK) {
        cq_connection_close(connection);
        return code;
    }
    connection->address.command_timeout_ms = address->command_timeout_ms;
    tune(fd, address, address->command_timeout_ms);
    *ret_connection = connection;
    return CQ_OK;
}

void cq_connection_close(struct cq_connection *connection)
{
    if (!connection)
        return;
    if (connection->context)
        redisFree(connection->context);
    cq_tls_free(connection->tls);
    cq_address_release(&connection->address);
    cq_buf_release(&connection->out);
    free(connection);
}

const char *cq_connection_peer_addr(const struct cq_connection *connection)
{
    return connection->peer_addr;
}
