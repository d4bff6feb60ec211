#include <math.h>

#include "tests/serializers/codec.h"

static struct cq_value read_json(const char *text)
{
    return decoded(CQ_FORMAT_JSON, cq_str(text));
}

static const char *json(struct cq_value value)
{
    return encoded(CQ_FORMAT_JSON, value).data;
}

static const struct {
    const char *literal, *json;
} values[] = {
    {"None", "null"},
    {"True", "true"},
    {"False", "false"},
    {"0", "0"},
    {"-9223372036854775808", "-9223372036854775808"},
    {"2", "2"},
    {"123456789012345678901234567890", "123456789012345678901234567890"},
    {"1.0", "1.0"},
    {"1e16", "1e+16"},
    {"1e999", "Infinity"},
    {"-1e999", "-Infinity"},
    {"''", "\"\""},
    {"'\"\\\\/\\b\\f\\n\\r\\t'", "\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
    {"'\\x00\\x1f\\x7f'", "\"\\u0000\\u001f\\u007f\""},
    {"'\u00e9\u65e5'", "\"\\u00e9\\u65e5\""},
    {"'\U0001f600'", "\"\\ud83d\\ude00\""},
    {"'\\ud800x'", "\"\\ud800x\""},
    {"[]", "[]"},
    {"[1, [2]]", "[1, [2]]"},
    {"(1, ())", "[1, []]"},
    {"{}", "{}"},
    {"{'b': 1, 'a': {'c': None}}", "{\"b\": 1, \"a\": {\"c\": null}}"},
    {"{1: 1, 2.5: 2, None: 3, False: 4}", "{\"1\": 1, \"2.5\": 2, \"null\": 3, \"false\": 4}"},
    {"{10000000000000000000: 1, 1e999: 2}", "{\"10000000000000000000\": 1, \"Infinity\": 2}"},
};

START_TEST(values_are_written_as_json_dumps_does)
{
    ck_assert_str_eq(json(literal(values[_i].literal)), values[_i].json);
}
END_TEST

START_TEST(nan_is_written_and_read)
{
    ck_assert_str_eq(json(cq_value_float((double)NAN)), "NaN");
    ck_assert(isnan(read_json("NaN").as.number));
}
END_TEST

static const struct {
    const char *json, *repr;
} texts[] = {
    {"-0", "0"},
    {"-0.0", "-0.0"},
    {"1E5", "100000.0"},
    {"1e-2", "0.01"},
    {"1e400", "inf"},
    {"9223372036854775808", "9223372036854775808"},
    {"\"\\u0041\\/\"", "'A/'"},
    {"\"\\ud83d\\ude00\"", "'\U0001f600'"},
    {"\"\\ude00\\ud83d\"", "'\\ude00\\ud83d'"},
    {"\"\\ud83dx\"", "'\\ud83dx'"},
    {"\"\\ud83d\\n\"", "'\\ud83d\\n'"},
    {"\"\\ud83d\\u0041\"", "'\\ud83dA'"},
    {"\"\\u0000\"", "'\\x00'"},
    {"\"\x7f\"", "'\\x7f'"},
    {"{\"a\": 1, \"a\": 2, \"b\": 3, \"a\": 4}", "{'a': 4, 'b': 3}"},
    {" [ ] ", "[]"},
    {"{ }", "{}"},
    {"[-Infinity]", "[-inf]"},
};

START_TEST(texts_are_read_as_json_loads_does)
{
    ck_assert_str_eq(shown(read_json(texts[_i].json)), texts[_i].repr);
}
END_TEST

START_TEST(json_does_not_hold_bytes_sets_and_times)
{
    assert_not_encoded(CQ_FORMAT_JSON, literal("[b'x']"), 1000, CQ_ERR_SERIALIZATION, "bytes");
    assert_not_encoded(CQ_FORMAT_JSON, literal("{'a': {1}}"), 1000, CQ_ERR_SERIALIZATION, "set");
    assert_not_encoded(CQ_FORMAT_JSON, literal("{(1, 2): 3}"), 1000, CQ_ERR_SERIALIZATION,
                       "a key of type tuple");
    assert_not_encoded(CQ_FORMAT_JSON, literal("{b'k': 3}"), 1000, CQ_ERR_SERIALIZATION,
                       "a key of type bytes");
    assert_not_encoded(CQ_FORMAT_JSON, datetime("datetime.date(2026, 1, 2)"), 1000, CQ_ERR_SERIALIZATION,
                       "date");
}
END_TEST

START_TEST(a_message_names_the_byte)
{
    struct cq_value value;
    ck_assert_int_eq(cq_decode(CQ_FORMAT_JSON, CQ_STR_LIT("{\"a\": tru}"), &arena, &value, &err),
                     CQ_ERR_DESERIALIZATION);
    ck_assert_str_eq(err.text, "json: expected a value at byte 6");
    ck_assert_int_eq(cq_decode(CQ_FORMAT_JSON, CQ_STR_LIT("[1, "), &arena, &value, &err),
                     CQ_ERR_DESERIALIZATION);
    ck_assert_str_eq(err.text, "json: the text ends at byte 4, before a value");
    ck_assert_int_eq(cq_decode(CQ_FORMAT_JSON, CQ_STR_LIT("\"\xff\""), &arena, &value, &err),
                     CQ_ERR_DESERIALIZATION);
    ck_assert_str_eq(err.text, "json: not UTF-8");
    ck_assert_int_eq(cq_decode(CQ_FORMAT_JSON, CQ_STR_LIT("\"\xed\xa0\x80\""), &arena, &value, &err),
                     CQ_ERR_DESERIALIZATION);
}
END_TEST

START_TEST(what_was_read_does_not_refer_to_the_bytes)
{
    char text[] = "[\"some text\", {\"key\": \"more\"}, 12345678901234567890]";
    struct cq_value value = read_json(text);
    memset(text, '#', sizeof(text));
    ck_assert_str_eq(shown(value), "['some text', {'key': 'more'}, 12345678901234567890]");
    ck_assert_int_eq(value.as.list.items[0].as.text.data[value.as.list.items[0].as.text.len], '\0');
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = new_case();
    tcase_add_loop_test(tc, values_are_written_as_json_dumps_does, 0, (int)CQ_ARRAY_LEN(values));
    tcase_add_test(tc, nan_is_written_and_read);
    tcase_add_loop_test(tc, texts_are_read_as_json_loads_does, 0, (int)CQ_ARRAY_LEN(texts));
    tcase_add_test(tc, json_does_not_hold_bytes_sets_and_times);
    tcase_add_test(tc, a_message_names_the_byte);
    tcase_add_test(tc, what_was_read_does_not_refer_to_the_bytes);
    return suite_of("json", tc);
}
