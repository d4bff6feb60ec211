/*
 * Limits of the jobs that share a rate_limit_key: how many may be queued or run at a time (RQ 3.0's, in
 * rq:rl:<key>), and how many may start in a window of time (our own). What an operator sets is kept in
 * rq:cq:limit:<key>; how it is kept to is in scripts/parts/slots.lua and windows.lua. docs/CLI.md tells what
 * the limits promise.
 */
#ifndef CQ_LIFECYCLE_MANAGE_LIMIT_H
#define CQ_LIFECYCLE_MANAGE_LIMIT_H

#include "base/clock.h"
#include "base/error.h"
#include "redis/command.h"
#include "redis/reply.h"

enum { CQ_LIMIT_RATE_MAX = 10000, CQ_LIMIT_WINDOW_MAX_S = 366 * 86400, CQ_LIMIT_CONCURRENCY_MAX = 1000000 };

#define CQ_LIMIT_KEEP (-1) /* as it is */
#define CQ_LIMIT_NONE 0    /* take it away */

struct cq_limit {
    struct cq_str key;
    int64_t rate;        /* starts in a window: 1 to CQ_LIMIT_RATE_MAX, CQ_LIMIT_KEEP or CQ_LIMIT_NONE */
    int64_t window_s;    /* with a rate above 0: 1 to CQ_LIMIT_WINDOW_MAX_S */
    int64_t concurrency; /* 1 to CQ_LIMIT_CONCURRENCY_MAX, or as rate; goes before what jobs say themselves */
};

/* Set it. Redis: limit.lua. */
void cq_limit_set_build(const struct cq_limit *limit, cq_time now, struct cq_command *command);
/* Remove everything that was set for a key. Jobs that waited for the rate are released. */
void cq_limit_remove_build(struct cq_str key, cq_time now, struct cq_command *command);
/* ret_before: something was set for the key before. */
CQ_MUST_CHECK enum cq_code cq_limit_read(const struct cq_reply *reply, bool *ret_before,
                                         struct cq_error *err);

#endif
