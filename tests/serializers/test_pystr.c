#include "base/utf8.h"
#include "serializers/pystr.h"
#include "tests/serializers/codec.h"

START_TEST(every_code_point_comes_back)
{
    for (uint32_t point = 0; point <= 0x10FFFF; point += point < 0x11000 ? 1 : 251) {
        char bytes[4];
        uint32_t again = 1;
        size_t len = cq_utf8_put(bytes, point);
        ck_assert_int_eq(cq_pystr_decode(cq_str_n(bytes, len), 0, &again), (int)len);
        ck_assert_uint_eq(again, point);
        ck_assert_int_eq(cq_pystr_decode(cq_str_n(bytes, len - 1), 0, &again), 0);
    }
}
END_TEST

START_TEST(the_first_malformed_byte_is_found)
{
    static const struct {
        const char *text;
        size_t at;
    } texts[] = {{"", 0},
                 {"abc", 3},
                 {"abcdefgh\xff", 8},
                 {"\xff", 0},
                 {"abcdefghij\xc3", 10},
                 {"\u00e9\u65e5\U0001f600", 9},
                 {"\xed\xa0\x80x", 4},
                 {"\xed\xbf\xbf", 3},
                 {"a\xc0\x80", 1},
                 {"\xe0\x80\x80", 0},
                 {"\xf4\x90\x80\x80", 0},
                 {"abcdefgabcdefg\x80", 14},
                 {"\xed\xa0", 0},
                 {"\xed\xa0z", 0}};
    for (size_t i = 0; i < CQ_ARRAY_LEN(texts); i++)
        ck_assert_uint_eq(cq_pystr_check(cq_str(texts[i].text)), texts[i].at);
}
END_TEST

START_TEST(hex_digits_are_counted)
{
    uint32_t value = 0;
    ck_assert(cq_pystr_hex(cq_str("x00fF"), 1, 4, &value));
    ck_assert_uint_eq(value, 0xFF);
    ck_assert(!cq_pystr_hex(cq_str("00f"), 0, 4, &value));
    ck_assert(!cq_pystr_hex(cq_str("00fg"), 0, 4, &value));
    ck_assert(!cq_pystr_hex(cq_str("00"), 5, 1, &value));
}
END_TEST

static const struct {
    const char *text;
    enum cq_escapes kind;
    const char *result; /* NULL: wrong */
    size_t at;          /* where */
} escapes[] = {
    {"a\\n\\t\\\\\\'\\\"\\a\\b\\f\\r\\v", CQ_ESCAPES_STR, "a\n\t\\'\"\a\b\f\r\v", 0},
    {"\\x41\\101\\7", CQ_ESCAPES_STR, "AA\a", 0},
    {"\\xe9\\351", CQ_ESCAPES_STR, "\u00e9\u00e9", 0},
    {"\\xe9\\351", CQ_ESCAPES_BYTES, "\xe9\xe9", 0},
    {"\\u00e9\\U0001f600\\ud800", CQ_ESCAPES_STR, "\u00e9\U0001f600\xed\xa0\x80", 0},
    {"\\u00e9", CQ_ESCAPES_BYTES, "\\u00e9", 0},
    {"\\q\\8", CQ_ESCAPES_STR, "\\q\\8", 0},
    {"a\\\nb", CQ_ESCAPES_STR, "ab", 0},
    {"\\1234", CQ_ESCAPES_STR, "S4", 0},
    {"\\n\\\\u0041\\u0041\xe9\\", CQ_ESCAPES_RAW, "\\n\\\\u0041A\u00e9\\", 0},
    {"\\\xe9", CQ_ESCAPES_RAW, "\\\u00e9", 0},
    {"ab\\", CQ_ESCAPES_STR, NULL, 2},
    {"\\x4", CQ_ESCAPES_BYTES, NULL, 0},
    {"a\\u12", CQ_ESCAPES_RAW, NULL, 1},
    {"\\U00110000", CQ_ESCAPES_STR, NULL, 0},
    {"..\\N{DASH}", CQ_ESCAPES_STR, NULL, 2},
};

START_TEST(escapes_are_undone_as_python_does)
{
    char out[128];
    size_t len = 0, at = 0;
    const char *what = cq_pystr_unescape(cq_str(escapes[_i].text), escapes[_i].kind, out, &len, &at);
    ck_assert_int_eq(what == NULL, escapes[_i].result != NULL);
    if (escapes[_i].result)
        ck_assert(cq_str_eq(cq_str_n(out, len), cq_str(escapes[_i].result)));
    else
        ck_assert_uint_eq(at, escapes[_i].at);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = new_case();
    tcase_add_test(tc, every_code_point_comes_back);
    tcase_add_test(tc, the_first_malformed_byte_is_found);
    tcase_add_test(tc, hex_digits_are_counted);
    tcase_add_loop_test(tc, escapes_are_undone_as_python_does, 0, (int)CQ_ARRAY_LEN(escapes));
    return suite_of("pystr", tc);
}
