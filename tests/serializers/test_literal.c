#include "tests/serializers/codec.h"

static const struct {
    const char *text, *repr;
} values[] = {
    {"None", "None"},
    {" \t True", "True"},
    {"1_000", "1000"},
    {"0x_fF", "255"},
    {"0b101", "5"},
    {"0o17", "15"},
    {"00", "0"},
    {"1.", "1.0"},
    {".5", "0.5"},
    {"1_0.0_1e1_0", "100100000000.0"},
    {"-1", "-1"},
    {"+ 1", "1"},
    {"-(1)", "-1"},
    {"- ( ( 2 ) )", "-2"},
    {"-9223372036854775808", "-9223372036854775808"},
    {"-0x8000000000000001", "-9223372036854775809"},
    {"-0.0", "-0.0"},
    {"'a' \"b\"", "'ab'"},
    {"r'\\n'", "'\\\\n'"},
    {"b'x' B\"\\x41\"", "b'xA'"},
    {"Rb'\\x'", "b'\\\\x'"},
    {"u'\u00e9'", "'\u00e9'"},
    {"'''a\n'b\"'''", "'a\\n\\'b\"'"},
    {"'\\u00e9\\U0001f600\\x41\\101\\q\\''", "\"\u00e9\U0001f600AA\\\\q'\""},
    {"'\\777'", "'\u01ff'"},
    {"b'\\777\\u00e9'", "b'\\xff\\\\u00e9'"},
    {"'a\\\nb'", "'ab'"},
    {"\"\"", "''"},
    {"\"\"\"\"\"\"", "''"},
    {"1, 2", "(1, 2)"},
    {"1,", "(1,)"},
    {"()", "()"},
    {"(1)", "1"},
    {"((1,),)", "((1,),)"},
    {"[1, [], ]", "[1, []]"},
    {"{1: 'a', 'b': (None,),}", "{1: 'a', 'b': (None,)}"},
    {"{1, 2,}", "{1, 2}"},
    {"{}", "{}"},
    {"set()", "set()"},
    {"[set ( )]", "[set()]"},
    {"[\n1, # one\n2\n]", "[1, 2]"},
    {"\n1 # end\n", "1"},
    {"[1,\\\n2]", "[1, 2]"},
};

START_TEST(a_literal_reads_as_in_python)
{
    ck_assert_str_eq(shown(literal(values[_i].text)), values[_i].repr);
}
END_TEST

static const struct {
    const char *text, *words;
    enum cq_code code;
} wrong[] = {
    {"", "the text ends at column 1", CQ_ERR_DESERIALIZATION},
    {"foo", "the name `foo` at column 1", CQ_ERR_DESERIALIZATION},
    {"[1, foo]", "the name `foo` at column 5", CQ_ERR_DESERIALIZATION},
    {"1 2", "end of the text at column 3", CQ_ERR_DESERIALIZATION},
    {"1+2", "end of the text", CQ_ERR_DESERIALIZATION},
    {"2j", "complex numbers are not supported", CQ_ERR_DESERIALIZATION},
    {"1.5J", "complex", CQ_ERR_DESERIALIZATION},
    {"--1", "after the sign", CQ_ERR_DESERIALIZATION},
    {"-True", "after the sign", CQ_ERR_DESERIALIZATION},
    {"-(1", "')'", CQ_ERR_DESERIALIZATION},
    {"012", "leading 0", CQ_ERR_DESERIALIZATION},
    {"1__0", "wrong digit", CQ_ERR_DESERIALIZATION},
    {"1_", "wrong digit", CQ_ERR_DESERIALIZATION},
    {"0b2", "digit", CQ_ERR_DESERIALIZATION},
    {"0x", "digit", CQ_ERR_DESERIALIZATION},
    {"1abc", "wrong digit", CQ_ERR_DESERIALIZATION},
    {"'abc", "closing quote at column 1", CQ_ERR_DESERIALIZATION},
    {"'a\nb'", "closing quote", CQ_ERR_DESERIALIZATION},
    {"'abc\\", "closing quote", CQ_ERR_DESERIALIZATION},
    {"'\\x4'", "\\x escape at column 2", CQ_ERR_DESERIALIZATION},
    {"'\\U00110000'", "U+10FFFF", CQ_ERR_DESERIALIZATION},
    {"'\\N{DASH}'", "\\N{name}", CQ_ERR_DESERIALIZATION},
    {"f'x'", "f-string", CQ_ERR_DESERIALIZATION},
    {"b'\u00e9'", "outside ASCII", CQ_ERR_DESERIALIZATION},
    {"'a' b'b'", "joined", CQ_ERR_DESERIALIZATION},
    {"[1", "',' or ']'", CQ_ERR_DESERIALIZATION},
    {"[1 2]", "',' or ']'", CQ_ERR_DESERIALIZATION},
    {"(1", "',' or ')'", CQ_ERR_DESERIALIZATION},
    {"[,]", "a value", CQ_ERR_DESERIALIZATION},
    {"{1:}", "a value", CQ_ERR_DESERIALIZATION},
    {"{1: 2, 3}", "':'", CQ_ERR_DESERIALIZATION},
    {"{1, 2: 3}", "',' or '}'", CQ_ERR_DESERIALIZATION},
    {"{[]}", "as a key or in a set at column 2", CQ_ERR_DESERIALIZATION},
    {"{1: 2, {}: 3}", "column 8", CQ_ERR_DESERIALIZATION},
    {"set(1)", "no arguments", CQ_ERR_DESERIALIZATION},
    {"open('x')", "`open`", CQ_ERR_DESERIALIZATION},
    {"...", "a value", CQ_ERR_DESERIALIZATION},
    {"\xff", "UTF-8", CQ_ERR_DESERIALIZATION},
    {"True False", "end of the text", CQ_ERR_DESERIALIZATION},
};

START_TEST(what_is_no_literal_is_refused_with_its_column)
{
    struct cq_value value = cq_value_int(7);
    ck_assert_int_eq(cq_literal_parse(cq_str(wrong[_i].text), &arena, &value, &err), wrong[_i].code);
    ck_assert_msg(strstr(err.text, wrong[_i].words) != NULL, "%s: %s", wrong[_i].text, err.text);
    ck_assert_int_eq(value.as.integer, 7);
}
END_TEST

START_TEST(a_nul_is_refused)
{
    struct cq_value value;
    ck_assert_int_eq(cq_literal_parse(CQ_STR_LIT("1\0"), &arena, &value, &err), CQ_ERR_DESERIALIZATION);
    ck_assert_ptr_nonnull(strstr(err.text, "NUL character at column 2"));
}
END_TEST

static enum cq_code parse_repeated(char c, size_t count)
{
    struct cq_value value;
    char *text = malloc(count);
    memset(text, c, count);
    enum cq_code code = cq_literal_parse(cq_str_n(text, count), &arena, &value, &err);
    free(text);
    return code;
}

START_TEST(depth_and_digits_are_limited)
{
    ck_assert_int_eq(parse_repeated('[', CQ_VALUE_MAX_DEPTH + 1), CQ_ERR_LIMIT);
    ck_assert_int_eq(parse_repeated('(', 1000000), CQ_ERR_LIMIT);
    ck_assert_int_eq(parse_repeated('[', CQ_VALUE_MAX_DEPTH), CQ_ERR_DESERIALIZATION);
    ck_assert_int_eq(parse_repeated('9', CQ_VALUE_MAX_DIGITS), CQ_OK);
    ck_assert_int_eq(parse_repeated('9', CQ_VALUE_MAX_DIGITS + 1), CQ_ERR_LIMIT);
    ck_assert_int_eq(parse_repeated('-', 1000000), CQ_ERR_DESERIALIZATION);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = new_case();
    tcase_add_loop_test(tc, a_literal_reads_as_in_python, 0, (int)CQ_ARRAY_LEN(values));
    tcase_add_loop_test(tc, what_is_no_literal_is_refused_with_its_column, 0, (int)CQ_ARRAY_LEN(wrong));
    tcase_add_test(tc, a_nul_is_refused);
    tcase_add_test(tc, depth_and_digits_are_limited);
    return suite_of("literal", tc);
}
