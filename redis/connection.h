/*
 * The blocking connection of the CLI, of libcq and of tests. Connecting authenticates, names the client,
 * selects the database and checks the server (6.2 or newer, not a cluster), in one round trip after the
 * handshake.
 *
 * Once a call failed with CQ_ERR_CONNECTION because the connection was lost or timed out, it stays lost:
 * close it and open another. A lost connection never raises SIGPIPE, except over TLS, where the process must
 * ignore it.
 */
#ifndef CQ_REDIS_CONNECTION_H
#define CQ_REDIS_CONNECTION_H

#include "redis/address.h"
#include "redis/command.h"
#include "redis/reply.h"

struct cq_connection;

/*
 * Connect. name: CLIENT SETNAME, may be NULL.
 * Errors: CQ_ERR_CONNECTION (refused, unreachable, timed out, loading), CQ_ERR_REDIS (password, ACL, too old,
 * cluster), CQ_ERR_CONFIG (TLS without a hiredis that has it). The text names the address without its
 * password.
 */
CQ_MUST_CHECK enum cq_code cq_connection_open(const struct cq_address *address, const char *name,
                                              struct cq_connection **ret_connection, struct cq_error *err);
void cq_connection_close(struct cq_connection *connection); /* NULL-safe */

/*
 * Send one command and wait for its reply; a script that the server does not know yet is loaded and sent
 * again. Error replies become errors (cq_reply_check). *ret_reply is the caller's, cq_reply_free(); ret_reply
 * may be NULL. Errors: besides, CQ_ERR_CONNECTION (lost, timed out), CQ_ERR_LIMIT (the command is above
 * CQ_COMMAND_MAX).
 */
CQ_MUST_CHECK enum cq_code cq_connection_call(struct cq_connection *connection, struct cq_command *command,
                                              struct cq_reply **ret_reply, struct cq_error *err);

/*
 * A pipeline: send appends without waiting, receive reads the replies in order. An error reply is not turned
 * into an error here (check each with cq_reply_check); NOSCRIPT cannot be repaired in a pipeline, so load
 * scripts first.
 */
CQ_MUST_CHECK enum cq_code cq_connection_send(struct cq_connection *connection, struct cq_command *command,
                                              struct cq_error *err);
CQ_MUST_CHECK enum cq_code cq_connection_receive(struct cq_connection *connection,
                                                 struct cq_reply **ret_reply, struct cq_error *err);

/* Make the server know a script (SCRIPT LOAD), for pipelines. */
CQ_MUST_CHECK enum cq_code cq_connection_load(struct cq_connection *connection, enum cq_script script,
                                              struct cq_error *err);

#endif
