/*
 * The bytes of a connection, plain or over TLS, and the replies in them: hiredis' reader does the parsing,
 * the socket is ours, so that a write never raises SIGPIPE and a huge command is written from where it lies.
 * Works with blocking and non-blocking sockets; EAGAIN then means timed out or not now.
 */
#ifndef CQ_REDIS_STREAM_H
#define CQ_REDIS_STREAM_H

#include <sys/types.h>

#include "redis/reply.h"
#include "redis/tls/tls.h"

struct redisReader;

struct cq_stream {
    int fd;                     /* owned; -1: closed */
    struct cq_tls_session *tls; /* owned; NULL: plain */
    struct redisReader *reader; /* owned */
};

/* Take over a connected socket. tls NULL: plain. Errors: CQ_ERR_CONFIG; fd is closed then. */
CQ_MUST_CHECK enum cq_code cq_stream_open(struct cq_stream *stream, int fd, struct cq_tls *tls,
                                          struct cq_error *err);
void cq_stream_close(struct cq_stream *stream); /* also of a zeroed or closed one */

/*
 * Have cq_stream_close drop what was written and has not arrived, where TCP would continue to send it for
 * minutes. Commands that are sent again on the next connection must not come a second time, and after it.
 */
void cq_stream_give_up(struct cq_stream *stream);

/* Bytes written, 1 or more; or -1 with errno. */
ssize_t cq_stream_write(struct cq_stream *stream, const void *data, size_t len);

/* Read what there is, once, and give it to the reader: bytes read; 0 at the end of file; or -1 with errno. */
ssize_t cq_stream_read(struct cq_stream *stream);

/* The next complete reply, the caller's: 1; 0: not all of it is here; -1: this is not Redis' protocol. */
int cq_stream_reply(struct cq_stream *stream, struct cq_reply **ret_reply);

/* TLS wants to read before it can write: do not wait for the socket to take bytes. */
bool cq_stream_write_needs_read(const struct cq_stream *stream);

bool cq_stream_is_garbled(const struct cq_stream *stream); /* what was read is not Redis' protocol */

/*
 * The error of a call above: n is what it returned (0: end of file), with its errno. Always
 * CQ_ERR_CONNECTION. timeout_ms  what EAGAIN means in the message
 */
enum cq_code cq_stream_failure(const struct cq_stream *stream, const struct cq_address *address, ssize_t n,
                               int errno_value, int timeout_ms, struct cq_error *err);

#endif
