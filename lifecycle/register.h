/* Continue to register a job with its many dependencies, which enqueue has only written down. */
#ifndef CQ_LIFECYCLE_REGISTER_H
#define CQ_LIFECYCLE_REGISTER_H

#include "base/clock.h"
#include "base/error.h"
#include "redis/command.h"
#include "redis/reply.h"

/* Build the next part of it. The caller may die before the last one: workers of that queue continue. Redis:
 * register.lua. */
void cq_register_build(struct cq_str id, struct cq_str queue, cq_time now, struct cq_command *command);
CQ_MUST_CHECK enum cq_code cq_register_read(const struct cq_reply *reply, bool *ret_more,
                                            struct cq_error *err);

#endif
