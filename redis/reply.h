/*
 * A reply of Redis, read without hiredis: only redis/ knows that a struct cq_reply is a redisReply.
 * Everything returned is borrowed from the reply.
 */
#ifndef CQ_REDIS_REPLY_H
#define CQ_REDIS_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"

struct cq_reply;

enum cq_reply_type {
    CQ_REPLY_NIL,
    CQ_REPLY_STR,
    CQ_REPLY_INT,
    CQ_REPLY_ARRAY,
    CQ_REPLY_STATUS,
    CQ_REPLY_ERROR
};

enum cq_reply_type cq_reply_type(const struct cq_reply *reply); /* NULL counts as NIL */
struct cq_str cq_reply_str(const struct cq_reply *reply);       /* STR, STATUS, ERROR; else CQ_STR_NONE */
int64_t cq_reply_int(const struct cq_reply *reply);             /* INT, or a STR that is an integer; else 0 */
cq_time cq_reply_time(const struct cq_reply *reply); /* TIME's two, at the head of an ARRAY; else 0 */
size_t cq_reply_len(const struct cq_reply *reply);   /* elements of an ARRAY; else 0 */
const struct cq_reply *cq_reply_at(const struct cq_reply *reply, size_t index); /* NULL when out of range */

/* In a flat field, value, field, value ... array (HGETALL): the value, or CQ_STR_NONE. */
struct cq_str cq_reply_field(const struct cq_reply *pairs, const char *field);

/*
 * CQ_OK, or what an ERROR reply means, by its first word: our scripts' named errors (NOSUCHJOB, DUPLICATEJOB,
 * INVALIDOPERATION ...), and Redis' own with a remedy each (NOAUTH, WRONGPASS, NOPERM, LOADING, READONLY,
 * OOM, MOVED, CLUSTERDOWN, MISCONF, BUSY, MASTERDOWN, NOREPLICAS, WRONGTYPE, unknown command). What passes by
 * itself or by the remedy alone (LOADING, READONLY, OOM, MISCONF, BUSY, MASTERDOWN, NOREPLICAS) is
 * CQ_ERR_CONNECTION: a worker keeps what it wanted to write and tries again; the rest is CQ_ERR_REDIS.
 */
CQ_MUST_CHECK enum cq_code cq_reply_check(const struct cq_reply *reply, struct cq_error *err);

void cq_reply_free(struct cq_reply *reply); /* NULL-safe; only for replies that the caller owns */

#endif
