#include "redis/connection.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/mem.h"
#include "redis/endpoint.h"
#include "redis/failure.h"
#include "redis/handshake.h"
#include "redis/stream.h"

enum {
    DIRECT_MIN = 64 * 1024
}; /* bytes from which a command is written from its own memory, without a copy */

struct cq_connection {
    struct cq_stream stream;
    struct cq_tls *tls;        /* owned; NULL: none */
    struct cq_address address; /* a copy without secrets, for messages */
    struct cq_buf out;         /* sent commands that are not written yet */
    size_t pending;            /* replies that a pipeline still has to receive */
    bool lost;
};

static void set_timeout(int fd, int timeout_ms)
{
    struct timeval timeout = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
}

static enum cq_code dial(struct cq_connection *connection, const struct cq_address *address,
                         struct cq_error *err)
{
    struct cq_endpoints endpoints;
    enum cq_code code = cq_resolve(address, &endpoints, err);
    if (code != CQ_OK)
        return code;
    int fd = cq_dial_wait(&endpoints, address->connect_timeout_ms);
    if (fd < 0)
        return cq_failure_connect(err, address, errno);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    set_timeout(fd, address->connect_timeout_ms);
    return cq_stream_open(&connection->stream, fd, connection->tls, err);
}

static enum cq_code lose(struct cq_connection *connection, ssize_t n, int errno_value, struct cq_error *err)
{
    connection->lost = true;
    return cq_stream_failure(&connection->stream, &connection->address, n, errno_value,
                             connection->address.command_timeout_ms, err);
}

static enum cq_code write_all(struct cq_connection *connection, struct cq_str bytes, struct cq_error *err)
{
    while (bytes.len) {
        ssize_t n = cq_stream_write(&connection->stream, bytes.data, bytes.len);
        if (n < 0)
            return lose(connection, n, errno, err);
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

enum cq_code cq_connection_send(struct cq_connection *connection, struct cq_command *command,
                                struct cq_error *err)
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

enum cq_code cq_connection_receive(struct cq_connection *connection, struct cq_reply **ret_reply,
                                   struct cq_error *err)
{
    assert(connection->pending > 0 || connection->lost);
    enum cq_code code = refuse_if_lost(connection, err);
    if (code == CQ_OK)
        code = flush(connection, err);
    if (code != CQ_OK)
        return code;
    int got;
    while ((got = cq_stream_reply(&connection->stream, ret_reply)) == 0) {
        ssize_t n = cq_stream_read(&connection->stream);
        if (n <= 0)
            return lose(connection, n, errno, err);
    }
    if (got < 0)
        return lose(connection, -1, 0, err);
    connection->pending--;
    return CQ_OK;
}

static enum cq_code roundtrip(struct cq_connection *connection, struct cq_command *command,
                              struct cq_reply **ret_reply, struct cq_error *err)
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

enum cq_code cq_connection_call(struct cq_connection *connection, struct cq_command *command,
                                struct cq_reply **ret_reply, struct cq_error *err)
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
static enum cq_code introduce(struct cq_connection *connection, const struct cq_address *address,
                              const char *name, struct cq_error *err)
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

enum cq_code cq_connection_open(const struct cq_address *address, const char *name,
                                struct cq_connection **ret_connection, struct cq_error *err)
{
    struct cq_connection *connection = cq_calloc(1, sizeof(*connection));
    cq_buf_init(&connection->out, CQ_COMMAND_MAX);
    copy_for_messages(&connection->address, address);
    enum cq_code code = cq_tls_new(address, &connection->tls, err);
    if (code == CQ_OK)
        code = dial(connection, address, err);
    if (code == CQ_OK)
        code = introduce(connection, address, name, err);
    if (code != CQ_OK) {
        cq_connection_close(connection);
        return code;
    }
    connection->address.command_timeout_ms = address->command_timeout_ms;
    set_timeout(connection->stream.fd, address->command_timeout_ms);
    *ret_connection = connection;
    return CQ_OK;
}

void cq_connection_close(struct cq_connection *connection)
{
    if (!connection)
        return;
    cq_stream_close(&connection->stream);
    cq_tls_free(connection->tls);
    cq_address_release(&connection->address);
    cq_buf_release(&connection->out);
    free(connection);
}
