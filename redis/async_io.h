/* The connection while it is ready: bytes out, replies in, and whom each reply belongs to. */
#ifndef CQ_REDIS_ASYNC_IO_H
#define CQ_REDIS_ASYNC_IO_H

#include "redis/async.h"

/* Write what the socket takes; the rest when it is writable. */
void cq_async_write_out(struct cq_async *async);

/* Read once, and hand out the replies that are complete. */
void cq_async_read_in(struct cq_async *async);

#endif
