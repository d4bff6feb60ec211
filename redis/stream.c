#include "redis/stream.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "redis/failure.h"

enum {
    READ_SIZE = 64 * 1024,
    READER_KEEP = 1024 * 1024, /* bytes that an idle reader may keep allocated */
};

enum cq_code cq_stream_open(struct cq_stream *stream, int fd, struct cq_tls *tls, struct cq_error *err)
{
    *stream = (struct cq_stream){.fd = fd, .reader = redisReaderCreate()};
    if (!stream->reader) {
        close(fd);
        return cq_error_set(err, CQ_ERR_SYSTEM, "hiredis has no reader: out of memory");
    }
    enum cq_code code = cq_tls_begin(tls, fd, &stream->tls, err);
    if (code != CQ_OK) {
        cq_stream_close(stream);
        return code;
    }
    stream->reader->maxbuf = READER_KEEP;
    return CQ_OK;
}

void cq_stream_close(struct cq_stream *stream)
{
    cq_tls_end(stream->tls);
    if (stream->reader)
        redisReaderFree(stream->reader);
    if (stream->reader && stream->fd >= 0) /* a zeroed one has no reader, and descriptor 0 is not its own */
        close(stream->fd);
    *stream = (struct cq_stream){.fd = -1};
}

void cq_stream_give_up(struct cq_stream *stream)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    if (stream->fd >= 0)
        setsockopt(stream->fd, SOL_SOCKET, SO_LINGER, &at_once,
                   sizeof(at_once)); /* a Unix socket ignores it */
}

ssize_t cq_stream_write(struct cq_stream *stream, const void *data, size_t len)
{
    if (stream->tls)
        return cq_tls_write(stream->tls, data, len);
    ssize_t n;
    do
        n = send(stream->fd, data, len, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n;
}

ssize_t cq_stream_read(struct cq_stream *stream)
{
    char bytes[READ_SIZE];
    ssize_t n, total = 0;
    do {
        do
            n = stream->tls ? cq_tls_read(stream->tls, bytes, sizeof(bytes))
                            : recv(stream->fd, bytes, sizeof(bytes), 0);
        while (n < 0 && errno == EINTR);
        if (n > 0 && redisReaderFeed(stream->reader, bytes, (size_t)n) != REDIS_OK) {
            errno = ENOMEM;
            return -1;
        }
        if (n > 0)
            total += n;
        /* What TLS has read ahead no socket event will tell of. */
    } while (n > 0 && stream->tls && cq_tls_has_more(stream->tls));
    return total ? total : n;
}

int cq_stream_reply(struct cq_stream *stream, struct cq_reply **ret_reply)
{
    void *reply = NULL;
    if (redisReaderGetReply(stream->reader, &reply) != REDIS_OK)
        return -1;
    if (!reply)
        return 0;
    *ret_reply = reply;
    return 1;
}

bool cq_stream_write_needs_read(const struct cq_stream *stream)
{
    return stream->tls && cq_tls_wants_read(stream->tls);
}

bool cq_stream_is_garbled(const struct cq_stream *stream)
{
    return stream->reader && stream->reader->err;
}

enum cq_code cq_stream_failure(const struct cq_stream *stream, const struct cq_address *address, ssize_t n,
                               int errno_value, int timeout_ms, struct cq_error *err)
{
    if (cq_stream_is_garbled(stream))
        return cq_failure_protocol(err, address);
    if (n == 0)
        return cq_failure_lost(err, address, "Redis closed it");
    if (errno_value == EAGAIN || errno_value == EWOULDBLOCK)
        return cq_failure_timeout(err, address, timeout_ms);
    if (stream->tls && errno_value == EPROTO)
        return cq_failure_lost(err, address, cq_tls_reason(stream->tls));
    return cq_failure_lost(err, address, strerror(errno_value));
}
