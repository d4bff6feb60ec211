#include "serializers/bigint.h"
#include "tests/serializers/codec.h"
#include "tests/support/value_equal.h"

#define BYTES(text) text, sizeof(text) - 1

static const struct {
    const char *decimal, *bytes;
    size_t len;
} numbers[] = {
    {"1", BYTES("\x01")},
    {"-1", BYTES("\xff")},
    {"127", BYTES("\x7f")},
    {"128", BYTES("\x80\x00")},
    {"-128", BYTES("\x80")},
    {"-129", BYTES("\x7f\xff")},
    {"-256", BYTES("\x00\xff")},
    {"9223372036854775807", BYTES("\xff\xff\xff\xff\xff\xff\xff\x7f")},
    {"-9223372036854775808", BYTES("\x00\x00\x00\x00\x00\x00\x00\x80")},
    {"9223372036854775808", BYTES("\x00\x00\x00\x00\x00\x00\x00\x80\x00")},
    {"-9223372036854775809", BYTES("\xff\xff\xff\xff\xff\xff\xff\x7f\xff")},
    {"18446744073709551615", BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\x00")},
    {"18446744073709551616", BYTES("\x00\x00\x00\x00\x00\x00\x00\x00\x01")},
    {"-18446744073709551616", BYTES("\x00\x00\x00\x00\x00\x00\x00\x00\xff")},
    {"340282366920938463463374607431768211456", BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01")},
};

static struct cq_value from_decimal(const char *text)
{
    struct cq_value value;
    bool negative = text[0] == '-';
    ck_assert(cq_bigint_parse(cq_str(text + (negative ? 1 : 0)), 10, negative, &arena, &value));
    return value;
}

START_TEST(decimal_text_and_bytes_are_the_same_number)
{
    unsigned char bytes[CQ_BIGINT_MAX_BYTES];
    struct cq_value value = from_decimal(numbers[_i].decimal), again;
    ck_assert_str_eq(shown(value), numbers[_i].decimal);
    ck_assert_uint_eq(cq_bigint_to_bytes(&value, bytes), numbers[_i].len);
    ck_assert_mem_eq(bytes, numbers[_i].bytes, numbers[_i].len);
    ck_assert(cq_bigint_from_bytes(bytes, numbers[_i].len, &arena, &again));
    ck_assert(value_equal(&value, &again));
}
END_TEST

START_TEST(needless_bytes_and_digits_make_no_difference)
{
    struct cq_value value;
    ck_assert(cq_bigint_from_bytes((const unsigned char *)"", 0, &arena, &value));
    ck_assert_str_eq(shown(value), "0");
    ck_assert(cq_bigint_from_bytes((const unsigned char *)"\x05\0\0\0\0\0\0\0\0\0\0\0", 12, &arena, &value));
    ck_assert_str_eq(shown(value), "5");
    ck_assert(cq_bigint_from_bytes((const unsigned char *)"\xfb\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11,
                                   &arena, &value));
    ck_assert_str_eq(shown(value), "-5");
    ck_assert_str_eq(shown(from_decimal("00000000000000000000000000000000000007")), "7");
    ck_assert_str_eq(shown(from_decimal("-0")), "0");
    ck_assert_str_eq(shown(from_decimal("-000000000000000000000")), "0");
}
END_TEST

START_TEST(other_bases_are_read)
{
    struct cq_value value;
    ck_assert(cq_bigint_parse(cq_str("ffffffffffffffffffff"), 16, false, &arena, &value));
    ck_assert_str_eq(shown(value), "1208925819614629174706175");
    ck_assert(cq_bigint_parse(cq_str("7777777777777777777777777"), 8, true, &arena, &value));
    ck_assert_str_eq(shown(value), "-37778931862957161709567");
    ck_assert(cq_bigint_parse(cq_str("101"), 2, true, &arena, &value));
    ck_assert_str_eq(shown(value), "-5");
}
END_TEST

START_TEST(the_limit_is_python_s_4300_digits)
{
    char digits[CQ_VALUE_MAX_DIGITS + 1];
    unsigned char bytes[CQ_BIGINT_MAX_BYTES];
    struct cq_value value, again;
    memset(digits, '9', sizeof(digits));
    for (int negative = 0; negative < 2; negative++) {
        ck_assert(cq_bigint_parse(cq_str_n(digits, CQ_VALUE_MAX_DIGITS), 10, negative, &arena, &value));
        size_t len = cq_bigint_to_bytes(&value, bytes);
        ck_assert_uint_gt(len, 1780);
        ck_assert(cq_bigint_from_bytes(bytes, len, &arena, &again));
        ck_assert(value_equal(&value, &again));
    }
    ck_assert(!cq_bigint_parse(cq_str_n(digits, CQ_VALUE_MAX_DIGITS + 1), 10, false, &arena, &value));
    ck_assert(!cq_bigint_parse(cq_str_n(digits, CQ_VALUE_MAX_DIGITS), 16, false, &arena, &value));
}
END_TEST

START_TEST(too_many_bytes_are_refused)
{
    unsigned char bytes[CQ_BIGINT_MAX_BYTES + 8];
    struct cq_value value;
    memset(bytes, 0x55, sizeof(bytes));
    for (size_t len = 1787; len <= sizeof(bytes); len++)
        ck_assert(!cq_bigint_from_bytes(bytes, len, &arena, &value));
    memset(bytes, 0, sizeof(bytes));
    bytes[0] = 9;
    ck_assert(cq_bigint_from_bytes(bytes, sizeof(bytes), &arena, &value));
    ck_assert_str_eq(shown(value), "9");
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = new_case();
    tcase_add_loop_test(tc, decimal_text_and_bytes_are_the_same_number, 0, (int)CQ_ARRAY_LEN(numbers));
    tcase_add_test(tc, needless_bytes_and_digits_make_no_difference);
    tcase_add_test(tc, other_bases_are_read);
    tcase_add_test(tc, the_limit_is_python_s_4300_digits);
    tcase_add_test(tc, too_many_bytes_are_refused);
    return suite_of("bigint", tc);
}
