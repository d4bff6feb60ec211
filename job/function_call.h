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
 * The description as RQ writes it: `pkg.func(1, 'x', key=2)`, keyword arguments sorted, each argument's repr
 * cut at 75 characters with `...`. Source: rq/utils.py get_call_string, truncate_long_string.
 */
void cq_function_call_describe(const struct cq_function_call *call, struct cq_buf *out);

#endif
