/* Reads for `cq limit`: the keys that have limits, what is set and used of each, and who waits for a slot. */
#ifndef CQ_LIFECYCLE_MANAGE_LIMIT_USE_H
#define CQ_LIFECYCLE_MANAGE_LIMIT_USE_H

#include "base/clock.h"
#include "base/error.h"
#include "base/strv.h"
#include "redis/command.h"
#include "redis/reply.h"

enum { CQ_LIMIT_PAGE = 1000 }; /* ids in a page of cq_limit_waiting_build */

/* The keys that anything is set for or that jobs use, sorted: SUNION rq:cq:limits rq:rl-keys. */
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
