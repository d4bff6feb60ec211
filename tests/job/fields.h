/* A job's hash as HGETALL gives it, made without a Redis: field, value ... of texts on the caller's stack. */
#ifndef CQ_TESTS_JOB_FIELDS_H
#define CQ_TESTS_JOB_FIELDS_H

#include <hiredis/hiredis.h>

#include "redis/reply.h"

enum { FIELDS_MAX = 8 };

struct fields {
    redisReply whole;
    redisReply items[2 * FIELDS_MAX];
    redisReply *pointers[2 * FIELDS_MAX];
};

static inline void fields_add(struct fields *fields, const char *field, struct cq_str value)
{
    struct cq_str texts[] = {cq_str(field), value};
    fields->whole.type = REDIS_REPLY_ARRAY;
    fields->whole.element = fields->pointers;
    for (size_t i = 0; i < 2; i++) {
        size_t at = fields->whole.elements++;
        fields->items[at].type = REDIS_REPLY_STRING;
        fields->items[at].str = (char *)(uintptr_t)texts[i].data;
        fields->items[at].len = texts[i].len;
        fields->pointers[at] = &fields->items[at];
    }
}

static inline const struct cq_reply *fields_reply(const struct fields *fields)
{
    return (const struct cq_reply *)(const void *)&fields->whole;
}

#endif
