/* What an operator does to a queue: empty it. */
#ifndef CQ_LIFECYCLE_MANAGE_EMPTY_H
#define CQ_LIFECYCLE_MANAGE_EMPTY_H

#include "base/clock.h"
#include "base/error.h"
#include "redis/command.h"
#include "redis/reply.h"

/*
 * Empty up to limit jobs of a queue, with everything that belongs to them. ret_removed may be 0 while
 * ret_left is not: the call was busy with the many dependents of one job; call again. Redis: empty.lua.
 * Source: rq/queue.py empty.
 */
void cq_empty_build(struct cq_str queue, int limit, struct cq_command *command);
CQ_MUST_CHECK enum cq_code cq_empty_read(const struct cq_reply *reply, int64_t *ret_removed,
                                         int64_t *ret_left, struct cq_error *err);

#endif
