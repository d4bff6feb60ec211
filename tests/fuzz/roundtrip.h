/* What must hold for any bytes that a serializer reads: shown within a limit, written and read back as the
 * same value. */
#ifndef CQ_TESTS_FUZZ_ROUNDTRIP_H
#define CQ_TESTS_FUZZ_ROUNDTRIP_H

#include <stdlib.h>

#include "serializers/repr.h"
#include "serializers/serializer.h"
#include "tests/support/value_equal.h"

enum { OUTPUT_MAX = 1024 * 1024, SHOWN_MAX = 300 };

static inline void check_shown(const struct cq_value *value)
{
    struct cq_buf out = CQ_BUF_INIT(SHOWN_MAX);
    cq_repr(value, &out);
    if (!out.len && !out.overflow)
        abort();
    cq_buf_release(&out);
}

/* Whatever a format accepts to write it reads again; with `same`, to an equal value. */
static inline void check_written(enum cq_format format, const struct cq_value *value, bool same)
{
    struct cq_arena arena = CQ_ARENA_INIT;
    struct cq_buf out = CQ_BUF_INIT(OUTPUT_MAX);
    struct cq_error err;
    struct cq_value again;
    if (cq_encode(format, value, &out, &err) == CQ_OK) {
        if (cq_decode(format, cq_buf_view(&out), &arena, &again, &err) != CQ_OK)
            abort();
        if (same && !value_equal(value, &again))
            abort();
    } else if (out.len) {
        abort();
    }
    cq_buf_release(&out);
    cq_arena_release(&arena);
}

static inline void check_bytes(enum cq_format format, const uint8_t *data, size_t size)
{
    struct cq_arena arena = CQ_ARENA_INIT;
    struct cq_error err = {.text = ""};
    struct cq_value value;
    enum cq_code code = cq_decode(format, cq_str_n(data, size), &arena, &value, &err);
    if (code == CQ_OK) {
        if (!value_equal(&value, &value))
            abort();
        check_shown(&value);
        for (enum cq_format other = CQ_FORMAT_PICKLE; other <= CQ_FORMAT_MSGPACK; other++)
            check_written(other, &value, other == format);
    } else if ((code != CQ_ERR_DESERIALIZATION && code != CQ_ERR_LIMIT) || !err.text[0]) {
        abort();
    }
    cq_arena_release(&arena);
}

#endif
