/*
 * One entry for all serializers: RQ's pickle (its default) and json, and msgpack.
 *
 * Reading looks at the bytes, writing takes a format. Nothing is ever executed: a pickle's globals and
 * reductions become CQ_VALUE_OPAQUE (or DATETIME, SET ... where they are plain data). Every decoder checks
 * depth, counts and sizes against the limits of value.h before it allocates.
 */
#ifndef CQ_SERIALIZERS_SERIALIZER_H
#define CQ_SERIALIZERS_SERIALIZER_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "serializers/value.h"

enum cq_format { CQ_FORMAT_PICKLE, CQ_FORMAT_JSON, CQ_FORMAT_MSGPACK };

/* "pickle", "json", "msgpack", and RQ's dotted names of the first two (rq.serializers.JSONSerializer ...). */
bool cq_format_parse(const char *name, enum cq_format *ret_format);
const char *cq_format_name(enum cq_format format);

/*
 * Which serializer wrote these bytes: 0x80 and a protocol number, or text that ends with protocol 0 and 1's
 * STOP, is a pickle, unless it begins with `[` or `{`; other text below 0x80 is json; else msgpack. A job's
 * `data` is never in doubt (0x80, `[` or 0x94); a lone integer may be: a single byte that is a digit counts
 * as json. Bytes that no serializer wrote give any of the three.
 */
enum cq_format cq_format_detect(struct cq_str bytes);

/*
 * Decode bytes into *ret_value, whose parts live in arena (nothing refers to bytes afterwards).
 * Errors: CQ_ERR_DESERIALIZATION (names the format, the offset and what is wrong there), CQ_ERR_LIMIT.
 */
CQ_MUST_CHECK enum cq_code cq_decode(enum cq_format format, struct cq_str bytes, struct cq_arena *arena,
                                     struct cq_value *ret_value, struct cq_error *err);

/*
 * Append a value's encoding to out. Pickle: protocol 5 as Python's C pickler writes it, so that RQ reads it.
 * JSON: as Python's json.dumps with its default separators (", " and ": ", ASCII only), so that bytes match
 * RQ's. Errors: CQ_ERR_SERIALIZATION names the type that the format cannot hold (bytes in JSON, an opaque
 * anywhere); CQ_ERR_LIMIT when out's limit is reached. After an error out holds what it held before.
 */
CQ_MUST_CHECK enum cq_code cq_encode(enum cq_format format, const struct cq_value *value, struct cq_buf *out,
                                     struct cq_error *err);

#endif
