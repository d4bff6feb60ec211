/* zlib around a job's `data` and around exception texts, with a limit on what comes out (no zip bombs). */
#ifndef CQ_SERIALIZERS_ZLIB_H
#define CQ_SERIALIZERS_ZLIB_H

#include "base/buf.h"
#include "base/error.h"

enum {
    CQ_PAYLOAD_MAX = 512 * 1024 *
                     1024, /* bytes of one payload, compressed or not: Redis' own limit of a value */
};

/* Append the zlib stream of bytes (level 6, as Python's zlib.compress). Errors: CQ_ERR_LIMIT at out's
 * limit. */
CQ_MUST_CHECK enum cq_code cq_deflate(struct cq_str bytes, struct cq_buf *out, struct cq_error *err);

/*
 * Append what a zlib stream holds. Errors: CQ_ERR_DESERIALIZATION (not zlib, truncated, corrupt),
 * CQ_ERR_LIMIT (more than out's limit). Bytes after the stream's end are ignored, as Python's zlib.decompress
 * does.
 */
CQ_MUST_CHECK enum cq_code cq_inflate(struct cq_str bytes, struct cq_buf *out, struct cq_error *err);

/* Does it start like a zlib stream (RQ stores uncompressed data too)? */
bool cq_is_zlib(struct cq_str bytes);

#endif
