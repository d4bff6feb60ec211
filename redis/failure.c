#include "redis/failure.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "redis/command.h"

enum { WHERE_SIZE = 128 };

enum cq_code cq_failure_connect(struct cq_error *err, const struct cq_address *address, int errno_value)
{
    char where[WHERE_SIZE], reason[128];
    cq_address_display(address, where, sizeof(where));
    switch (errno_value) {
    case ECONNREFUSED:
        snprintf(reason, sizeof(reason),
                 address->unix_path ? "nobody listens on that socket; is Redis running?"
                                    : "connection refused; is Redis running there?");
        break;
    case ENOENT:
        snprintf(reason, sizeof(reason),
                 "no such socket; is Redis running, with `unixsocket` set to that path?");
        break;
    case EACCES:
    case EPERM:
        snprintf(reason, sizeof(reason),
                 address->unix_path ? "permission denied; see `unixsocketperm` in Redis' configuration"
                                    : "permission denied; a firewall rule of this machine forbids it");
        break;
    case ETIMEDOUT:
    case EAGAIN:
        snprintf(reason, sizeof(reason), "timed out after %g s", address->connect_timeout_ms / 1000.0);
        break;
    default: snprintf(reason, sizeof(reason), "%s", strerror(errno_value)); break;
    }
    return cq_error_set(err, CQ_ERR_CONNECTION, "cannot reach Redis at %s: %s", where, reason);
}

enum cq_code cq_failure_timeout(struct cq_error *err, const struct cq_address *address, int timeout_ms)
{
    char where[WHERE_SIZE];
    cq_address_display(address, where, sizeof(where));
    return cq_error_set(err, CQ_ERR_CONNECTION, "Redis at %s did not answer within %g s", where,
                        timeout_ms / 1000.0);
}

enum cq_code cq_failure_lost(struct cq_error *err, const struct cq_address *address, const char *reason)
{
    char where[WHERE_SIZE];
    cq_address_display(address, where, sizeof(where));
    return cq_error_set(err, CQ_ERR_CONNECTION, "lost the connection to Redis at %s: %.100s", where, reason);
}

enum cq_code cq_failure_protocol(struct cq_error *err, const struct cq_address *address)
{
    char where[WHERE_SIZE];
    cq_address_display(address, where, sizeof(where));
    return cq_error_set(err, CQ_ERR_CONNECTION,
                        "the server at %s does not speak Redis' protocol: is it another server, or does it "
                        "want TLS (rediss://)?",
                        where);
}

enum cq_code cq_failure_too_large(struct cq_error *err)
{
    return cq_error_set(err, CQ_ERR_LIMIT, "a command for Redis is above the limit of %d MiB",
                        CQ_COMMAND_MAX / 1024 / 1024);
}
