/*
 * The call in a job's `data`: which function with which arguments, in any of the serializers.
 * Wire form: zlib of serialize((func_name, instance or None, args, kwargs)). Source: rq/job.py
 * Job._deserialize_data.
 */
#ifndef CQ_JOB_FUNCTION_CALL_H
#define CQ_JOB_FUNCTION_CALL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "serializers/serializer.h"

struct cq_function_call {
    enum cq_format format;
    struct cq_str function;   /* dotted path */
    struct cq_value instance; /* NONE for plain functions */
    struct cq_value args;     /* a LIST or TUPLE */
    struct cq_value kwargs;   /* a MAP with STR keys */
};

/* Read `data`; everything in *ret_call lives in arena. Errors: CQ_ERR_DESERIALIZATION, CQ_ERR_LIMIT. */
CQ_MUST_CHECK enum cq_code cq_function_call_read(struct cq_str data, struct cq_arena *arena,
                                                 struct cq_function_call *ret_call, struct cq_error *err);

/* Append `data` for a call: serialized in call->format, then zlib. Errors: CQ_ERR_SERIALIZATION,
 * CQ_ERR_LIMIT. */
CQ_MUST_CHECK enum cq_code cq_function_call_write(const struct cq_function_call *call, struct cq_buf *out,
                                                  struct cq_error *err);

/*
 * A first look at `data`: which serializer wrote it, and which function it names, without decoding the
 * arguments: at most CQ_PEEK_HEAD bytes are inflated. For choosing a runtime, and refusing a serializer, once
 * for every job: 0.2 us for a small payload, 4 us for a large one. A struct cq_peek is the memory that this
 * needs; keep one for many looks.
 */
enum { CQ_PEEK_HEAD = 1536 }; /* bytes: a name of up to 1,000 and what precedes it */

struct cq_peek {
    void *stream; /* owned: zlib's state, made by the first look that needs it */
    char head[CQ_PEEK_HEAD];
};

struct cq_peeked {
    enum cq_format format;
    /* borrowed from data or peek->head; CQ_STR_NONE: not to be seen that way, use cq_function_call_read */
    struct cq_str function;
};

void cq_peek_init(struct cq_peek *peek);
void cq_peek_release(struct cq_peek *peek); /* usable again */

/* False: there are no bytes, or they are a damaged zlib stream; *ret_peeked is untouched then. */
bool cq_function_call_peek(struct cq_peek *peek, struct cq_str data, struct cq_peeked *ret_peeked);

/*
 * The description as RQ writes it: `pkg.func(1, 'x', key=2)`, keyword arguments sorted, each argument's repr
 * cut at 75 characters with `...`. Source: rq/utils.py get_call_string, truncate_long_string.
 */
void cq_function_call_describe(const struct cq_function_call *call, struct cq_buf *out);

#endif
