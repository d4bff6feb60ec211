#include <float.h>
#include <math.h>

#include "tests/serializers/codec.h"

static const struct {
    double number;
    const char *text;
} floats[] = {
    {0.0, "0.0"},
    {-0.0, "-0.0"},
    {1.0, "1.0"},
    {-1.5, "-1.5"},
    {0.1, "0.1"},
    {0.3, "0.3"},
    {0.1 + 0.2, "0.30000000000000004"},
    {1e15, "1000000000000000.0"},
    {1e16, "1e+16"},
    {123456789012345680.0, "1.2345678901234568e+17"},
    {9999999999999998.0, "9999999999999998.0"},
    {1e22, "1e+22"},
    {1e-4, "0.0001"},
    {0.00012345, "0.00012345"},
    {1e-5, "1e-05"},
    {1.5e-7, "1.5e-07"},
    {0x1p-44, "5.684341886080802e-14"},
    {0x1p-1074, "5e-324"},
    {DBL_MIN, "2.2250738585072014e-308"},
    {DBL_MAX, "1.7976931348623157e+308"},
    {0x1p-1022 - 0x1p-1074, "2.225073858507201e-308"},
    {0x1p63, "9.223372036854776e+18"},
    {1.1e-310, "1.1e-310"},
    {100.25, "100.25"},
    {-123456.789, "-123456.789"},
    {4.35, "4.35"},
    {5e-320, "5e-320"},
    {0x1p-1021, "4.450147717014403e-308"},
    {INFINITY, "inf"},
    {-INFINITY, "-inf"},
};

START_TEST(floats_have_python_s_digits)
{
    struct cq_buf out = CQ_BUF_INIT(64);
    cq_repr_float(floats[_i].number, &out);
    ck_assert_str_eq(out.data, floats[_i].text);
    cq_buf_release(&out);
}
END_TEST

START_TEST(nan_has_no_sign)
{
    ck_assert_str_eq(shown(cq_value_float(-(double)NAN)), "nan");
}
END_TEST

static const struct {
    const char *text, *repr;
} texts[] = {
    {"", "''"},
    {"abc", "'abc'"},
    {"it's", "\"it's\""},
    {"say \"x\"", "'say \"x\"'"},
    {"'\"", "'\\'\"'"},
    {"a\\b", "'a\\\\b'"},
    {"\n\r\t", "'\\n\\r\\t'"},
    {"\a\b\f\v\x1f\x7f", "'\\x07\\x08\\x0c\\x0b\\x1f\\x7f'"},
    {"\u00e9\u65e5\U0001f600", "'\u00e9\u65e5\U0001f600'"},
    {"\u00a0\u00ad", "'\\xa0\\xad'"},
    {"\u2028\u200b\ufeff\ufffe", "'\\u2028\\u200b\\ufeff\\ufffe'"},
    {"\xed\xa0\x80", "'\\ud800'"},
    {"\U000e0001\U0010ffff", "'\\U000e0001\\U0010ffff'"},
    {"\u0378", "'\\u0378'"},
    {"\u3000 \u0301", "'\\u3000 \u0301'"},
    {"a\xff", "'a\\udcff'"},
};

START_TEST(text_is_quoted_and_escaped_as_python_does)
{
    ck_assert_str_eq(shown(cq_value_str(cq_str(texts[_i].text))), texts[_i].repr);
}
END_TEST

START_TEST(a_nul_is_shown)
{
    ck_assert_str_eq(shown(cq_value_str(CQ_STR_LIT("a\0b"))), "'a\\x00b'");
}
END_TEST

START_TEST(bytes_are_shown_with_their_prefix)
{
    ck_assert_str_eq(
        shown((struct cq_value){.kind = CQ_VALUE_BYTES, .as.text = CQ_STR_LIT("a'\x00\xff\n\\")}),
        "b\"a'\\x00\\xff\\n\\\\\"");
    ck_assert_str_eq(shown((struct cq_value){.kind = CQ_VALUE_BYTES, .as.text = CQ_STR_LIT("'\"")}),
                     "b'\\'\"'");
    ck_assert_str_eq(shown((struct cq_value){.kind = CQ_VALUE_BYTES, .as.text = CQ_STR_LIT("")}), "b''");
}
END_TEST

START_TEST(containers_are_shown_as_python_does)
{
    static const char *const same[] = {"[]",
                                       "[1]",
                                       "()",
                                       "(1,)",
                                       "(1, 2)",
                                       "{}",
                                       "{'a': [None, True, False]}",
                                       "set()",
                                       "{1, 'x'}",
                                       "[[], ((),), {1: {2: {3}}}]"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(same); i++)
        ck_assert_str_eq(shown(literal(same[i])), same[i]);
    struct cq_value frozen = cq_value_list(&arena, CQ_VALUE_FROZENSET, 0);
    ck_assert_str_eq(shown(frozen), "frozenset()");
    frozen = cq_value_list(&arena, CQ_VALUE_FROZENSET, 2);
    ck_assert_str_eq(shown(frozen), "frozenset({None, None})");
}
END_TEST

START_TEST(what_is_not_plain_is_shown_by_name)
{
    ck_assert_str_eq(shown(opaque("decimal.Decimal")), "<decimal.Decimal>");
    ck_assert_str_eq(shown(datetime("datetime.date(2026, 1, 2)")), "datetime.date(2026, 1, 2)");
}
END_TEST

/* Of what is cut off at a limit, all that comes before must be there: RQ's description shows the first 75
 * characters. */
START_TEST(at_the_limit_the_text_is_cut_and_nothing_follows)
{
    static const char *const values[] = {
        "['aaaa', b'bb', 'it\\'s', {'\\x00\\xe9': (1.5, None)}, {1, 2}, 99999999999999999999]",
        "'\\x00\\x00\\x00'", "[[[[]]]]", "{1: 'abc'}"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(values); i++) {
        struct cq_value value = literal(values[i]);
        const char *whole = shown(value);
        for (size_t limit = 0; limit < strlen(whole); limit++) {
            struct cq_buf out = CQ_BUF_INIT(limit);
            cq_repr(&value, &out);
            ck_assert(out.overflow);
            ck_assert_uint_le(out.len, limit);
            ck_assert_uint_gt(out.len + 22, limit);
            ck_assert(memcmp(whole, out.data ? out.data : "", out.len) == 0);
            cq_buf_release(&out);
        }
    }
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = new_case();
    tcase_add_loop_test(tc, floats_have_python_s_digits, 0, (int)CQ_ARRAY_LEN(floats));
    tcase_add_test(tc, nan_has_no_sign);
    tcase_add_loop_test(tc, text_is_quoted_and_escaped_as_python_does, 0, (int)CQ_ARRAY_LEN(texts));
    tcase_add_test(tc, a_nul_is_shown);
    tcase_add_test(tc, bytes_are_shown_with_their_prefix);
    tcase_add_test(tc, containers_are_shown_as_python_does);
    tcase_add_test(tc, what_is_not_plain_is_shown_by_name);
    tcase_add_test(tc, at_the_limit_the_text_is_cut_and_nothing_follows);
    return suite_of("repr", tc);
}
