#include "tests/serializers/codec.h"
#include "tests/support/value_equal.h"

#define PICKLE(text) text, sizeof(text) - 1

static const struct {
    const char *literal, *bytes;
    size_t len;
} values[] = {
    {"None", PICKLE("\x80\x05N.")},
    {"True", PICKLE("\x80\x05\x88.")},
    {"255", PICKLE("\x80\x05K\xff.")},
    {"256", PICKLE("\x80\x05\x95\x04\0\0\0\0\0\0\0M\x00\x01.")},
    {"-1", PICKLE("\x80\x05\x95\x06\0\0\0\0\0\0\0J\xff\xff\xff\xff.")},
    {"2147483648", PICKLE("\x80\x05\x95\x08\0\0\0\0\0\0\0\x8a\x05\x00\x00\x00\x80\x00.")},
    {"-9223372036854775809",
     PICKLE("\x80\x05\x95\x0c\0\0\0\0\0\0\0\x8a\x09\xff\xff\xff\xff\xff\xff\xff\x7f\xff.")},
    {"1.5", PICKLE("\x80\x05\x95\x0a\0\0\0\0\0\0\0G?\xf8\0\0\0\0\0\0.")},
    {"'ab'", PICKLE("\x80\x05\x95\x06\0\0\0\0\0\0\0\x8c\x02"
                    "ab\x94.")},
    {"b'ab'", PICKLE("\x80\x05\x95\x06\0\0\0\0\0\0\0C\x02"
                     "ab\x94.")},
    {"()", PICKLE("\x80\x05).")},
    {"[1]", PICKLE("\x80\x05\x95\x06\0\0\0\0\0\0\0]\x94K\x01"
                   "a.")},
    {"{1, 2}", PICKLE("\x80\x05\x95\x09\0\0\0\0\0\0\0\x8f\x94(K\x01K\x02\x90.")},
    {"('m.f', None, (1,), {'k': 2})",
     PICKLE("\x80\x05\x95\x18\0\0\0\0\0\0\0(\x8c\x03m.f\x94NK\x01\x85\x94}\x94\x8c\x01k\x94K\x02st\x94.")},
};

START_TEST(plain_data_is_written_byte_by_byte_as_python_does)
{
    struct cq_str bytes = encoded(CQ_FORMAT_PICKLE, literal(values[_i].literal));
    ck_assert_uint_eq(bytes.len, values[_i].len);
    ck_assert_mem_eq(bytes.data, values[_i].bytes, bytes.len);
}
END_TEST

START_TEST(what_is_written_reads_back_equal)
{
    static const char *const texts[] = {
        "[{}, {1: 2}, {'a': {'b': ()}}, (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)]", "{1, 'a', (1, 2)}",
        "['', '\\ud800', '\\x00', b'\\x00']", "[0, -0.0, 1e999, 99999999999999999999999, -128, -129, 65536]",
        "set()"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(texts); i++) {
        struct cq_value value = literal(texts[i]),
                        again = decoded(CQ_FORMAT_PICKLE, encoded(CQ_FORMAT_PICKLE, value));
        ck_assert_msg(value_equal(&value, &again), "%s: %s", texts[i], shown(again));
    }
}
END_TEST

START_TEST(batches_and_frames_of_any_size_read_back_equal)
{
    static const size_t sizes[] = {999, 1000, 1001, 2000, 2001, 30000};
    for (size_t i = 0; i < CQ_ARRAY_LEN(sizes); i++)
        for (enum cq_value_kind kind = CQ_VALUE_LIST; kind <= CQ_VALUE_FROZENSET; kind++) {
            struct cq_value value = cq_value_list(&arena, kind, sizes[i]);
            for (size_t j = 0; j < sizes[i]; j++)
                value.as.list.items[j] = cq_value_int((int64_t)j * 1000);
            struct cq_value again = decoded(CQ_FORMAT_PICKLE, encoded(CQ_FORMAT_PICKLE, value));
            ck_assert(value_equal(&value, &again));
        }
}
END_TEST

START_TEST(a_long_text_stands_outside_of_frames)
{
    size_t len = 64 * 1024;
    char *text = cq_arena_alloc(&arena, len + 1);
    memset(text, 'x', len);
    text[len] = '\0';
    struct cq_value list = cq_value_list(&arena, CQ_VALUE_LIST, 2);
    list.as.list.items[0] = cq_value_str(cq_str_n(text, len));
    list.as.list.items[1] = cq_value_int(1);
    struct cq_str bytes = encoded(CQ_FORMAT_PICKLE, list);
    /* The first frame is too short for its header; the text follows with a length of 4 bytes. */
    ck_assert_mem_eq(bytes.data, "\x80\x05]\x94(X\x00\x00\x01\x00xx", 12);
    struct cq_value again = decoded(CQ_FORMAT_PICKLE, bytes);
    ck_assert(value_equal(&list, &again));
}
END_TEST

START_TEST(times_read_back_equal)
{
    static const char *const times[] = {
        "datetime.datetime(2026, 1, 2, 3, 4)",
        "datetime.datetime(1, 12, 31, 23, 59, 59, 999999, fold=1, tzinfo=datetime.timezone.utc)",
        "datetime.date(9999, 12, 31)",
        "datetime.time(0, 0)",
        "datetime.time(1, 2, 3, 4, tzinfo=datetime.timezone(datetime.timedelta(days=-1, seconds=3600)), "
        "fold=1)",
        "datetime.timedelta(0)",
        "datetime.timedelta(days=-999999999, seconds=86399, microseconds=999999)",
        "datetime.timezone.utc",
        "datetime.timezone(datetime.timedelta(microseconds=1))"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(times); i++)
        ck_assert_str_eq(shown(decoded(CQ_FORMAT_PICKLE, encoded(CQ_FORMAT_PICKLE, datetime(times[i])))),
                         times[i]);
}
END_TEST

START_TEST(a_time_in_another_form_is_refused)
{
    assert_not_encoded(CQ_FORMAT_PICKLE, datetime("2026-01-02"), 1000, CQ_ERR_SERIALIZATION, "`2026-01-02`");
    assert_not_encoded(CQ_FORMAT_PICKLE, datetime("datetime.date(2026, 2, 29)"), 1000, CQ_ERR_SERIALIZATION,
                       "2026, 2, 29");
}
END_TEST

START_TEST(keys_that_python_cannot_have_are_refused)
{
    struct cq_value map = cq_value_map(&arena, 1), set = cq_value_list(&arena, CQ_VALUE_SET, 1);
    map.as.map.pairs[0].key = literal("(1, [])");
    set.as.list.items[0] = literal("{}");
    assert_not_encoded(CQ_FORMAT_PICKLE, map, 1000, CQ_ERR_SERIALIZATION, "a tuple as a dict's key");
    assert_not_encoded(CQ_FORMAT_PICKLE, set, 1000, CQ_ERR_SERIALIZATION,
                       "a dict as a dict's key or in a set");
}
END_TEST

START_TEST(a_big_int_without_canonical_digits_is_refused)
{
    static const char *const texts[] = {"", "-", "12x", " 1", "+1"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(texts); i++)
        assert_not_encoded(CQ_FORMAT_PICKLE,
                           (struct cq_value){.kind = CQ_VALUE_BIGINT, .as.text = cq_str(texts[i])}, 1000,
                           CQ_ERR_SERIALIZATION, "not a decimal");
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = new_case();
    tcase_add_loop_test(tc, plain_data_is_written_byte_by_byte_as_python_does, 0, (int)CQ_ARRAY_LEN(values));
    tcase_add_test(tc, what_is_written_reads_back_equal);
    tcase_add_test(tc, batches_and_frames_of_any_size_read_back_equal);
    tcase_add_test(tc, a_long_text_stands_outside_of_frames);
    tcase_add_test(tc, times_read_back_equal);
    tcase_add_test(tc, a_time_in_another_form_is_refused);
    tcase_add_test(tc, keys_that_python_cannot_have_are_refused);
    tcase_add_test(tc, a_big_int_without_canonical_digits_is_refused);
    return suite_of("pickle_write", tc);
}
