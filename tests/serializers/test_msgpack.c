#include "tests/serializers/codec.h"

static const struct {
    const char *literal, *bytes;
    size_t len;
} values[] = {
    {"None", "\xc0", 1},
    {"False", "\xc2", 1},
    {"127", "\x7f", 1},
    {"-32", "\xe0", 1},
    {"128", "\xcc\x80", 2},
    {"-33", "\xd0\xdf", 2},
    {"65535", "\xcd\xff\xff", 3},
    {"9223372036854775807", "\xcf\x7f\xff\xff\xff\xff\xff\xff\xff", 9},
    {"18446744073709551615", "\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9},
    {"1.5", "\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00", 9},
    {"'ab'",
     "\xa2"
     "ab",
     3},
    {"b'ab'",
     "\xc4\x02"
     "ab",
     4},
    {"[1]", "\x91\x01", 2},
    {"(1, 2)", "\x92\x01\x02", 3},
    {"{'k': {}}", "\x81\xa1k\x80", 4},
    {"('m.f', None, (1,), {'k': 2})", "\x94\xa3m.f\xc0\x91\x01\x81\xa1k\x02", 12},
};

START_TEST(values_are_written_in_the_shortest_form)
{
    struct cq_str bytes = encoded(CQ_FORMAT_MSGPACK, literal(values[_i].literal));
    ck_assert_uint_eq(bytes.len, values[_i].len);
    ck_assert_mem_eq(bytes.data, values[_i].bytes, bytes.len);
}
END_TEST

START_TEST(a_time_with_a_zone_is_a_timestamp)
{
    struct cq_value east = datetime("datetime.datetime(2026, 1, 2, 3, 4, 5, 6, "
                                    "tzinfo=datetime.timezone(datetime.timedelta(seconds=3600)))");
    ck_assert_str_eq(shown(decoded(CQ_FORMAT_MSGPACK, encoded(CQ_FORMAT_MSGPACK, east))),
                     "datetime.datetime(2026, 1, 2, 2, 4, 5, 6, tzinfo=datetime.timezone.utc)");
    struct cq_value west = datetime("datetime.datetime(1969, 12, 31, 20, 0, "
                                    "tzinfo=datetime.timezone(datetime.timedelta(days=-1, seconds=68400)))");
    ck_assert_str_eq(shown(decoded(CQ_FORMAT_MSGPACK, encoded(CQ_FORMAT_MSGPACK, west))),
                     "datetime.datetime(1970, 1, 1, 1, 0, tzinfo=datetime.timezone.utc)");
}
END_TEST

START_TEST(msgpack_does_not_hold_sets_big_ints_and_naive_times)
{
    assert_not_encoded(CQ_FORMAT_MSGPACK, literal("{1}"), 1000, CQ_ERR_SERIALIZATION, "set");
    assert_not_encoded(CQ_FORMAT_MSGPACK, literal("18446744073709551616"), 1000, CQ_ERR_SERIALIZATION,
                       "64 bits");
    assert_not_encoded(CQ_FORMAT_MSGPACK, literal("-9223372036854775809"), 1000, CQ_ERR_SERIALIZATION,
                       "64 bits");
    assert_not_encoded(CQ_FORMAT_MSGPACK, datetime("datetime.datetime(2026, 1, 2, 3, 4)"), 1000,
                       CQ_ERR_SERIALIZATION, "datetime");
    assert_not_encoded(CQ_FORMAT_MSGPACK, datetime("datetime.date(2026, 1, 2)"), 1000, CQ_ERR_SERIALIZATION,
                       "date");
    assert_not_encoded(CQ_FORMAT_MSGPACK, cq_value_str(CQ_STR_LIT("\xed\xa0\x80")), 1000,
                       CQ_ERR_SERIALIZATION, "UTF-8");
}
END_TEST

START_TEST(depth_is_limited_by_msgpack_c_both_ways)
{
    struct cq_value value;
    struct cq_str bytes = encoded(CQ_FORMAT_MSGPACK, nested(32));
    ck_assert_int_eq(cq_decode(CQ_FORMAT_MSGPACK, bytes, &arena, &value, &err), CQ_OK);
    assert_not_encoded(CQ_FORMAT_MSGPACK, nested(33), 1000, CQ_ERR_LIMIT, "levels deep");
}
END_TEST

START_TEST(a_claim_of_many_elements_allocates_nothing)
{
    static const char *const claims[] = {"\xdd\xff\xff\xff\xff\x01", "\xdf\xff\xff\xff\xff\x01\x01",
                                         "\xdd\x01\x00\x00\x01\x01", "\x92\xdd\xff\xff\xff\xff"};
    struct cq_value value;
    for (size_t i = 0; i < CQ_ARRAY_LEN(claims); i++) {
        size_t len = i == 2 ? 6 : strlen(claims[i]);
        ck_assert_int_eq(cq_decode(CQ_FORMAT_MSGPACK, cq_str_n(claims[i], len), &arena, &value, &err),
                         CQ_ERR_DESERIALIZATION);
        ck_assert_ptr_nonnull(strstr(err.text, "announced at byte"));
        ck_assert_uint_eq(arena.used, 0);
    }
}
END_TEST

START_TEST(more_elements_than_the_limit_are_refused)
{
    size_t count = CQ_VALUE_MAX_ITEMS + 1, size = count + 5;
    unsigned char *bytes = calloc(size, 1);
    bytes[0] = 0xdd;
    for (int i = 0; i < 4; i++)
        bytes[1 + i] = (unsigned char)(count >> (24 - 8 * i));
    struct cq_value value;
    ck_assert_int_eq(cq_decode(CQ_FORMAT_MSGPACK, cq_str_n(bytes, size), &arena, &value, &err), CQ_ERR_LIMIT);
    ck_assert_uint_eq(arena.used, 0);
    free(bytes);
}
END_TEST

START_TEST(what_was_read_does_not_refer_to_the_bytes)
{
    char bytes[] = "\x93\xa4text\xc4\x02xy\xd4\x05z";
    struct cq_value value = decoded(CQ_FORMAT_MSGPACK, cq_str_n(bytes, sizeof(bytes) - 1));
    memset(bytes, '#', sizeof(bytes));
    ck_assert_str_eq(shown(value), "['text', b'xy', <msgpack extension 5>]");
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = new_case();
    tcase_add_loop_test(tc, values_are_written_in_the_shortest_form, 0, (int)CQ_ARRAY_LEN(values));
    tcase_add_test(tc, a_time_with_a_zone_is_a_timestamp);
    tcase_add_test(tc, msgpack_does_not_hold_sets_big_ints_and_naive_times);
    tcase_add_test(tc, depth_is_limited_by_msgpack_c_both_ways);
    tcase_add_test(tc, a_claim_of_many_elements_allocates_nothing);
    tcase_add_test(tc, more_elements_than_the_limit_are_refused);
    tcase_add_test(tc, what_was_read_does_not_refer_to_the_bytes);
    return suite_of("msgpack", tc);
}
