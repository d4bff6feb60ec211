/*
 * Limits of the jobs that share a rate_limit_key: how many may be queued or run at a time (RQ 3.0's, in
 * rq:rl:<key>), and how many may start in a window of time (our own). What an operator sets is kept in
 * cq:limit:<key>; how it is kept to is in scripts/parts/slots.lua and windows.lua. docs/CLI.md tells what the
 * limits promise.
 */
#ifndef CQ_LIFECYCLE_LIMIT_H
#define CQ_LIFECYCLE_LIMIT_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/strv.h"
#include "redis/command.h"
#include "redis/reply.h"

enum { CQ_LIMIT_RATE_MAX = 10000, CQ_LIMIT_WINDOW_MAX_S = 366 * 86400, CQ_LIMIT_CONCURRENCY_MAX = 1000000 };

enum { CQ_LIMIT_PAGE = 1000 }; /* ids in a page of cq_limit_waiting_build */

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
/* Take away everything that was set for a key. What waited for the rate goes on. */
void cq_limit_remove_build(struct cq_str key, cq_time now, struct cq_command *command);
/* ret_before: something was set for the key before. */
CQ_MUST_CHECK enum cq_code cq_limit_read(const struct cq_reply *reply, bool *ret_before,
                                         struct cq_error *err);

/* The keys that anything is set for or that jobs use, sorted: SUNION cq:limits rq:rl-keys. */
void cq_limit_keys_build(struct cq_command *command);
CQ_MUST_CHECK enum cq_code cq_limit_keys_read(const struct cq_reply *reply, struct cq_strv *keys,
                                              struct cq_error *err);

struct cq_limit_use {
    int64_t concurrency;           /* 0: no limit */
    int64_t allowed, rate_limited; /* jobs that have a slot, that wait for one; -1: not to be known */
    int64_t rate, window_s;        /* 0: no limit */
    int64_t starts,
        waiting; /* in the window that ends now; jobs that wait for the next; -1: not to be known */
};

/* What is set and used of one key. Redis: limit_use.lua. */
void cq_limit_use_build(struct cq_str key, cq_time now, struct cq_command *command);
CQ_MUST_CHECK enum cq_code cq_limit_use_read(const struct cq_reply *reply, struct cq_limit_use *ret_use,
                                             struct cq_error *err);

/*
 * A page of the jobs that wait for a slot of a key, longest waiting first, each with its score. behind: the
 * score of the last one seen, '-inf' at first; skip: how many with that score were seen. Redis: ZRANGEBYSCORE
 * rq:rl:<key>:rate_limited.
 */
void cq_limit_waiting_build(struct cq_str key, struct cq_str behind, int64_t skip,
                            struct cq_command *command);

#endif
