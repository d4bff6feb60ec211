#include "serializers/zlib.h"
#include "tests/serializers/codec.h"

static struct cq_str deflated(struct cq_str bytes)
{
    struct cq_buf out = CQ_BUF_INIT(CQ_PAYLOAD_MAX);
    ck_assert_int_eq(cq_deflate(bytes, &out, &err), CQ_OK);
    struct cq_str copy = cq_arena_str(&arena, cq_buf_view(&out));
    cq_buf_release(&out);
    return copy;
}

/* The result of inflating with a limit; what came out, in the arena. */
static enum cq_code inflate_within(struct cq_str bytes, size_t limit, struct cq_str *ret_text)
{
    struct cq_buf out = CQ_BUF_INIT(limit);
    enum cq_code code = cq_inflate(bytes, &out, &err);
    ck_assert_uint_le(out.len, limit);
    *ret_text = cq_arena_str(&arena, cq_buf_view(&out));
    cq_buf_release(&out);
    return code;
}

static struct cq_str noise(size_t len)
{
    char *bytes = cq_arena_alloc(&arena, len + 1);
    unsigned state = 1;
    for (size_t i = 0; i < len; i++) {
        state = state * 1103515245u + 12345u;
        bytes[i] = (char)(state >> 16);
    }
    return cq_str_n(bytes, len);
}

START_TEST(bytes_of_any_size_come_back)
{
    static const size_t sizes[] = {0, 1, 100, 16383, 16384, 16385, 100000, 3000000};
    for (size_t i = 0; i < CQ_ARRAY_LEN(sizes); i++) {
        struct cq_str bytes = noise(sizes[i]), text, packed = deflated(bytes);
        ck_assert(cq_is_zlib(packed));
        ck_assert_int_eq(inflate_within(packed, sizes[i], &text), CQ_OK);
        ck_assert(cq_str_eq(text, bytes));
    }
}
END_TEST

START_TEST(the_stream_is_what_python_writes)
{
    /* zlib.compress(b'x' * 20) */
    ck_assert(cq_str_eq(deflated(cq_str("xxxxxxxxxxxxxxxxxxxx")),
                        CQ_STR_LIT("\x78\x9c\xab\xa8\xc0\x04\x00\x62\x84\x09\x61")));
}
END_TEST

START_TEST(what_was_in_the_buffer_stays_in_front)
{
    struct cq_buf out = CQ_BUF_INIT(100);
    cq_buf_text(&out, "head:");
    ck_assert_int_eq(cq_inflate(deflated(cq_str("tail")), &out, &err), CQ_OK);
    ck_assert_str_eq(out.data, "head:tail");
    cq_buf_release(&out);
}
END_TEST

START_TEST(a_bomb_is_stopped_at_the_limit)
{
    size_t size = 8 * 1024 * 1024;
    struct cq_str text, packed = deflated(cq_str_n(memset(cq_arena_alloc(&arena, size), 0, size), size));
    ck_assert_uint_lt(packed.len, 10000);
    ck_assert_int_eq(inflate_within(packed, size - 1, &text), CQ_ERR_LIMIT);
    ck_assert_int_eq(inflate_within(packed, 1000, &text), CQ_ERR_LIMIT);
    ck_assert_ptr_nonnull(strstr(err.text, "limit of 1000 bytes"));
    ck_assert_int_eq(inflate_within(packed, 0, &text), CQ_ERR_LIMIT);
    ck_assert_int_eq(inflate_within(packed, size, &text), CQ_OK);
}
END_TEST

START_TEST(a_truncated_stream_is_refused_at_every_length)
{
    struct cq_str text, packed = deflated(cq_str("some text, some text, some text"));
    for (size_t len = 0; len < packed.len; len++) {
        ck_assert_int_eq(inflate_within(cq_str_n(packed.data, len), 1000, &text), CQ_ERR_DESERIALIZATION);
        ck_assert_ptr_nonnull(strstr(err.text, "truncated"));
    }
    ck_assert_int_eq(inflate_within(packed, 31, &text), CQ_OK);
    ck_assert_int_eq(inflate_within(cq_str_n(packed.data, packed.len - 1), 31, &text),
                     CQ_ERR_DESERIALIZATION);
}
END_TEST

START_TEST(a_corrupt_stream_is_refused)
{
    struct cq_str text, packed = deflated(cq_str("some text, some text, some text"));
    char *bytes = cq_arena_strndup(&arena, packed.data, packed.len);
    bytes[packed.len - 1] ^= 1;
    ck_assert_int_eq(inflate_within(cq_str_n(bytes, packed.len), 1000, &text), CQ_ERR_DESERIALIZATION);
    ck_assert_ptr_nonnull(strstr(err.text, "corrupt"));
    ck_assert_int_eq(inflate_within(cq_str("hello"), 1000, &text), CQ_ERR_DESERIALIZATION);
    ck_assert_int_eq(inflate_within(CQ_STR_LIT("\x78\xbb\x00\x00\x00\x01"), 1000, &text),
                     CQ_ERR_DESERIALIZATION);
    ck_assert_ptr_nonnull(strstr(err.text, "dictionary"));
}
END_TEST

START_TEST(bytes_after_the_end_are_ignored)
{
    struct cq_str text, packed = deflated(cq_str("abc"));
    char *bytes = cq_arena_alloc(&arena, packed.len + 4);
    memcpy(bytes, packed.data, packed.len);
    memcpy(bytes + packed.len, "more", 4);
    ck_assert_int_eq(inflate_within(cq_str_n(bytes, packed.len + 4), 1000, &text), CQ_OK);
    ck_assert_str_eq(text.data, "abc");
}
END_TEST

START_TEST(compressing_stops_at_the_limit)
{
    struct cq_buf out = CQ_BUF_INIT(1000);
    ck_assert_int_eq(cq_deflate(noise(20000), &out, &err), CQ_ERR_LIMIT);
    ck_assert_uint_le(out.len, 1000);
    cq_buf_release(&out);
}
END_TEST

START_TEST(only_zlib_looks_like_zlib)
{
    ck_assert(cq_is_zlib(CQ_STR_LIT("\x78\x9c")));
    ck_assert(cq_is_zlib(CQ_STR_LIT("\x78\x01")));
    ck_assert(cq_is_zlib(CQ_STR_LIT("\x78\xda...")));
    static const char *const others[] = {"", "\x78", "\x80\x05", "[1]", "{}", "\x94\xa3", "(lp0", "x!"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(others); i++)
        ck_assert_msg(!cq_is_zlib(cq_str(others[i])), "%zu", i);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = new_case();
    tcase_add_test(tc, bytes_of_any_size_come_back);
    tcase_add_test(tc, the_stream_is_what_python_writes);
    tcase_add_test(tc, what_was_in_the_buffer_stays_in_front);
    tcase_add_test(tc, a_bomb_is_stopped_at_the_limit);
    tcase_add_test(tc, a_truncated_stream_is_refused_at_every_length);
    tcase_add_test(tc, a_corrupt_stream_is_refused);
    tcase_add_test(tc, bytes_after_the_end_are_ignored);
    tcase_add_test(tc, compressing_stops_at_the_limit);
    tcase_add_test(tc, only_zlib_looks_like_zlib);
    return suite_of("zlib", tc);
}
