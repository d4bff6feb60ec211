/* Numbers out of texts: the whole text or nothing. */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/number.h"
#include "tests/support/suite.h"

START_TEST(an_integer_is_taken_up_to_the_ends_of_its_type)
{
    int64_t value = 7;
    ck_assert(cq_number_int(CQ_STR_LIT("0"), 0, 9, &value) && value == 0);
    ck_assert(cq_number_int(CQ_STR_LIT("-0"), 0, 9, &value) && value == 0);
    ck_assert(cq_number_int(CQ_STR_LIT("007"), 0, 9, &value) && value == 7);
    ck_assert(cq_number_int(CQ_STR_LIT("9223372036854775807"), INT64_MIN, INT64_MAX, &value) &&
              value == INT64_MAX);
    ck_assert(cq_number_int(CQ_STR_LIT("-9223372036854775808"), INT64_MIN, INT64_MAX, &value) &&
              value == INT64_MIN);
    ck_assert(cq_number_int(CQ_STR_LIT("-5"), -5, 5, &value) && value == -5);
}
END_TEST

START_TEST(what_is_no_integer_or_out_of_range_leaves_the_value_alone)
{
    static const char *const wrong[] = {"",
                                        "-",
                                        "+1",
                                        " 1",
                                        "1 ",
                                        "1.0",
                                        "1e3",
                                        "0x10",
                                        "--1",
                                        "-+1",
                                        "- 1",
                                        "1-",
                                        "1\n",
                                        "1_0",
                                        "\xd9\xa1",
                                        "a",
                                        "9223372036854775808",
                                        "-9223372036854775809",
                                        "99999999999999999999999",
                                        "11",
                                        "-11"};
    int64_t value = 7;
    for (size_t i = 0; i < CQ_ARRAY_LEN(wrong); i++)
        ck_assert_msg(!cq_number_int(cq_str(wrong[i]), -10, 10, &value), "%s", wrong[i]);
    ck_assert(!cq_number_int(CQ_STR_LIT("9223372036854775808"), INT64_MIN, INT64_MAX, &value));
    ck_assert(!cq_number_int(CQ_STR_LIT("-9223372036854775809"), INT64_MIN, INT64_MAX, &value));
    ck_assert(!cq_number_int(CQ_STR_LIT("1\0"), 0, 10, &value));
    ck_assert(!cq_number_int(CQ_STR_LIT("1\0002"), 0, 10, &value));
    ck_assert(!cq_number_int(CQ_STR_LIT("\0"), 0, 10, &value));
    ck_assert(!cq_number_int(CQ_STR_LIT("18446744073709551617"), INT64_MIN, INT64_MAX,
                             &value)); /* 1, if it wrapped */
    ck_assert(!cq_number_int(CQ_STR_NONE, 0, 10, &value));
    ck_assert_int_eq(value, 7);
}
END_TEST

START_TEST(a_decimal_is_taken_as_strtod_takes_it_but_without_spaces)
{
    double value = 7;
    ck_assert(cq_number_double(CQ_STR_LIT("-1.5e3"), &value) && value == -1500);
    ck_assert(cq_number_double(CQ_STR_LIT("0"), &value) && value == 0 && !signbit(value));
    ck_assert(cq_number_double(CQ_STR_LIT("-0.0"), &value) && value == 0 && signbit(value));
    ck_assert(cq_number_double(CQ_STR_LIT(".5"), &value) && value == 0.5);
    ck_assert(cq_number_double(CQ_STR_LIT("+5."), &value) && value == 5);
    ck_assert(cq_number_double(CQ_STR_LIT("1795212711.0001229"), &value) && value == 1795212711.0001229);
    ck_assert(cq_number_double(CQ_STR_LIT("1.7976931348623157e+308"), &value) && value == DBL_MAX);
    ck_assert(cq_number_double(CQ_STR_LIT("1e999"), &value) && isinf(value));
    ck_assert(cq_number_double(CQ_STR_LIT("inf"), &value) && isinf(value));
    ck_assert(cq_number_double(CQ_STR_LIT("-inf"), &value) && isinf(value) && value < 0);
    ck_assert(cq_number_double(CQ_STR_LIT("nan"), &value) && isnan(value));
    ck_assert(cq_number_double(CQ_STR_LIT("000000000000000000000000000000000000000000000000000000000000001"),
                               &value) &&
              value == 1);
    ck_assert(cq_number_double(cq_str_n("1.25garbage", 4), &value) &&
              value == 1.25); /* only what belongs to the text */
    static const char *const wrong[] = {
        "",          " 1",
        "1 ",        "\t1",
        "\v1",       "\n1",
        "1\n",       "1,5",
        "1.5x",      "e5",
        ".",         "-",
        "+",         "--1",
        "+-1",       "1e",
        "1e+",       "1.2.3",
        "1 2",       "1_0",
        "0x10",      "-0X1p3",
        "0x",        "nan(1)",
        "nan()",     "infi",
        "infinityx", "0000000000000000000000000000000000000000000000000000000000000001", /* 64 */
    };
    for (size_t i = 0; i < CQ_ARRAY_LEN(wrong); i++)
        ck_assert_msg(!cq_number_double(cq_str(wrong[i]), &value), "%s", wrong[i]);
    ck_assert(!cq_number_double(CQ_STR_LIT("1\0"), &value));
    ck_assert(!cq_number_double(CQ_STR_LIT("\0001"), &value));
    ck_assert(!cq_number_double(CQ_STR_NONE, &value));
    ck_assert(value == 1.25);
}
END_TEST

START_TEST(a_duration_is_seconds_unless_a_letter_says_more)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } right[] = {{"90", 90},
                 {"90s", 90},
                 {"90S", 90},
                 {"5m", 300},
                 {"5M", 300},
                 {"2h", 7200},
                 {"2H", 7200},
                 {"1d", 86400},
                 {"1D", 86400},
                 {"0", 0},
                 {"-1", -1},
                 {"0s", 0},
                 {"-2147483648", INT32_MIN},
                 {"9007199254740992", INT64_C(1) << 53},
                 {"9007199254740992s", INT64_C(1) << 53},
                 {"104249991374d", INT64_C(104249991374) * 86400}};
    for (size_t i = 0; i < CQ_ARRAY_LEN(right); i++) {
        int64_t seconds = 7;
        ck_assert_msg(cq_number_duration(cq_str(right[i].text), &seconds), "%s", right[i].text);
        ck_assert_int_eq(seconds, right[i].seconds);
    }
}
END_TEST

START_TEST(what_is_no_duration_or_too_long_is_refused)
{
    static const char *const wrong[] = {
        "",
        "s",
        "-",
        "-s",
        "-1s",
        "-1d",
        "+1",
        "+1s",
        "1.5",
        "1.5h",
        "5 m",
        " 5m",
        "5m ",
        "1w",
        "h2",
        "1hh",
        "1sm",
        "0x10",
        "0x10d",
        "-2147483649",
        "9007199254740993",
        "9007199254740993s",
        "150119987579017m",
        "2501999792984h",
        "104249991375d", /* past 2^53 s */
        "9007199254740992d",
        "213503982334602d",
        "9223372036854775807s",
        "18446744073709551617m",
    };
    int64_t seconds = 7;
    for (size_t i = 0; i < CQ_ARRAY_LEN(wrong); i++)
        ck_assert_msg(!cq_number_duration(cq_str(wrong[i]), &seconds), "%s", wrong[i]);
    ck_assert(!cq_number_duration(CQ_STR_NONE, &seconds));
    ck_assert(!cq_number_duration(CQ_STR_LIT("5m\0"), &seconds));
    ck_assert(!cq_number_duration(CQ_STR_LIT("5\0m"), &seconds));
    ck_assert_int_eq(seconds, 7);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = tcase_create("number");
    tcase_add_test(tc, an_integer_is_taken_up_to_the_ends_of_its_type);
    tcase_add_test(tc, what_is_no_integer_or_out_of_range_leaves_the_value_alone);
    tcase_add_test(tc, a_decimal_is_taken_as_strtod_takes_it_but_without_spaces);
    tcase_add_test(tc, a_duration_is_seconds_unless_a_letter_says_more);
    tcase_add_test(tc, what_is_no_duration_or_too_long_is_refused);
    return suite_of("base/number", tc);
}
