/* What went wrong with a connection, as one line with a remedy and the address without its password. */
#ifndef CQ_REDIS_FAILURE_H
#define CQ_REDIS_FAILURE_H

#include "redis/address.h"

/* Connecting failed with this errno. Always CQ_ERR_CONNECTION. */
enum cq_code cq_failure_connect(struct cq_error *err, const struct cq_address *address, int errno_value);

/* An open connection failed for this reason. Always CQ_ERR_CONNECTION. */
enum cq_code cq_failure_lost(struct cq_error *err, const struct cq_address *address, const char *reason);

/* What came is not RESP. Always CQ_ERR_CONNECTION. */
enum cq_code cq_failure_protocol(struct cq_error *err, const struct cq_address *address);

/* No answer within the command timeout. Always CQ_ERR_CONNECTION. */
enum cq_code cq_failure_timeout(struct cq_error *err, const struct cq_address *address, int timeout_ms);

/* A command above CQ_COMMAND_MAX, which was therefore not sent. Always CQ_ERR_LIMIT. */
enum cq_code cq_failure_too_large(struct cq_error *err);

#endif
