/* What the serializers' tests share: values written as Python literals, and short ways to decode, encode and
 * show. */
#ifndef CQ_TESTS_SERIALIZERS_CODEC_H
#define CQ_TESTS_SERIALIZERS_CODEC_H

#include <check.h>
#include <stdlib.h>

#include "serializers/literal.h"
#include "serializers/repr.h"
#include "serializers/serializer.h"
#include "tests/support/suite.h"

enum { TEST_OUTPUT_MAX = 1024 * 1024 };

static struct cq_arena arena; /* of one test: Check forks each */
static struct cq_error err;

CQ_UNUSED static struct cq_value literal(const char *text)
{
    struct cq_value value = cq_value_none();
    ck_assert_msg(cq_literal_parse(cq_str(text), &arena, &value, &err) == CQ_OK, "%s: %s", text, err.text);
    return value;
}

/* The repr, in the arena. */
CQ_UNUSED static const char *shown(struct cq_value value)
{
    struct cq_buf out = CQ_BUF_INIT(TEST_OUTPUT_MAX);
    cq_repr(&value, &out);
    ck_assert(!out.overflow);
    const char *text = cq_arena_str(&arena, cq_buf_view(&out)).data;
    cq_buf_release(&out);
    return text;
}

CQ_UNUSED static struct cq_value decoded(enum cq_format format, struct cq_str bytes)
{
    struct cq_value value = cq_value_none();
    ck_assert_msg(cq_decode(format, bytes, &arena, &value, &err) == CQ_OK, "%s", err.text);
    return value;
}

/* The encoding, in the arena, with a NUL after it. */
CQ_UNUSED static struct cq_str encoded(enum cq_format format, struct cq_value value)
{
    struct cq_buf out = CQ_BUF_INIT(TEST_OUTPUT_MAX);
    ck_assert_msg(cq_encode(format, &value, &out, &err) == CQ_OK, "%s", err.text);
    struct cq_str bytes = cq_arena_str(&arena, cq_buf_view(&out));
    cq_buf_release(&out);
    return bytes;
}

/* Encoding fails with this code and a message that has the words; nothing is left in the buffer. */
CQ_UNUSED static void assert_not_encoded(enum cq_format format, struct cq_value value, size_t limit,
                                         enum cq_code code, const char *words)
{
    struct cq_buf out = CQ_BUF_INIT(limit);
    ck_assert(cq_buf_char(&out, '#'));
    ck_assert_int_eq(cq_encode(format, &value, &out, &err), code);
    ck_assert_int_eq(err.code, code);
    ck_assert_msg(strstr(err.text, words) != NULL, "%s", err.text);
    ck_assert_str_eq(out.data, "#");
    cq_buf_release(&out);
}

CQ_UNUSED static struct cq_value opaque(const char *name)
{
    return (struct cq_value){.kind = CQ_VALUE_OPAQUE, .as.text = cq_str(name)};
}

CQ_UNUSED static struct cq_value datetime(const char *text)
{
    return (struct cq_value){.kind = CQ_VALUE_DATETIME, .as.text = cq_str(text)};
}

/* A list in a list in a list, `depth` of them. */
CQ_UNUSED static struct cq_value nested(int depth)
{
    struct cq_value value = cq_value_list(&arena, CQ_VALUE_LIST, 0);
    while (--depth) {
        struct cq_value outer = cq_value_list(&arena, CQ_VALUE_LIST, 1);
        outer.as.list.items[0] = value;
        value = outer;
    }
    return value;
}

static void release_arena(void)
{
    cq_arena_release(&arena);
}

static inline TCase *new_case(void)
{
    TCase *tc = tcase_create("all");
    tcase_add_checked_fixture(tc, NULL, release_arena);
    return tc;
}

#endif
