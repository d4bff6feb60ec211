#include "serializers/datetime.h"
#include "tests/serializers/codec.h"

static const char *const texts[] = {
    "datetime.datetime(2026, 1, 2, 3, 4)",
    "datetime.datetime(1, 1, 1, 0, 0)",
    "datetime.datetime(9999, 12, 31, 23, 59, 59, 999999)",
    "datetime.datetime(2024, 2, 29, 0, 0, 7)",
    "datetime.datetime(2026, 1, 2, 3, 4, 0, 1)",
    "datetime.datetime(2026, 1, 2, 3, 4, fold=1)",
    "datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.timezone.utc)",
    "datetime.datetime(2026, 1, 2, 3, 4, fold=1, "
    "tzinfo=datetime.timezone(datetime.timedelta(seconds=19800)))",
    "datetime.date(2026, 1, 2)",
    "datetime.time(0, 0)",
    "datetime.time(1, 2, 3, 4, fold=1)",
    "datetime.time(1, 2, tzinfo=datetime.timezone.utc, fold=1)",
    "datetime.timedelta(0)",
    "datetime.timedelta(days=1)",
    "datetime.timedelta(days=-1, seconds=86399, microseconds=999999)",
    "datetime.timedelta(microseconds=5)",
    "datetime.timezone.utc",
    "datetime.timezone(datetime.timedelta(days=-1, seconds=1))",
};

START_TEST(a_text_is_read_and_written_the_same)
{
    struct cq_moment moment;
    ck_assert(cq_moment_parse(cq_str(texts[_i]), &moment));
    ck_assert_str_eq(cq_moment_value(&moment, &arena).as.text.data, texts[_i]);
}
END_TEST

START_TEST(no_cut_text_is_read)
{
    struct cq_moment moment;
    for (size_t len = 0; len < strlen(texts[_i]); len++)
        ck_assert_msg(!cq_moment_parse(cq_str_n(texts[_i], len), &moment), "%.*s", (int)len, texts[_i]);
}
END_TEST

static const char *const wrong[] = {
    "datetime.datetime(2026, 1, 2)",
    "datetime.datetime(2026, 13, 2, 3, 4)",
    "datetime.datetime(2025, 2, 29, 0, 0)",
    "datetime.datetime(1900, 2, 29, 0, 0)",
    "datetime.datetime(0, 1, 1, 0, 0)",
    "datetime.datetime(10000, 1, 1, 0, 0)",
    "datetime.datetime(2026, 1, 2, 24, 0)",
    "datetime.datetime(2026, 1, 2, 3, 4, 60)",
    "datetime.datetime(2026, 1, 2, 3, 4, 5, 1000000)",
    "datetime.datetime(2026, 1, 2, 3, 4, 5, 6, 7)",
    "datetime.datetime(2026, 1, 2, 3, 4, fold=2)",
    "datetime.datetime(2026, 1, 2, 3, 4, tzinfo=x)",
    "datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.timezone(datetime.timedelta(days=1)))",
    "datetime.date(2026, 1)",
    "datetime.date(2026, 1, 2, 3)",
    "datetime.date(2026, 1, 2, fold=1)",
    "datetime.timedelta()",
    "datetime.timedelta(seconds=86400)",
    "datetime.timedelta(days=1000000000)",
    "datetime.timedelta(hours=1)",
    "datetime.timezone(datetime.timedelta(days=-1))",
    "datetime.timezone.utc ",
    " datetime.date(2026, 1, 2)",
    "datetime.date(2026,1,2)",
    "date(2026, 1, 2)",
    "",
    "datetime.date(99999999999999999999, 1, 2)",
};

START_TEST(a_text_that_is_no_time_is_refused)
{
    struct cq_moment moment;
    ck_assert_msg(!cq_moment_parse(cq_str(wrong[_i]), &moment), "%s", wrong[_i]);
}
END_TEST

START_TEST(the_state_of_a_pickle_comes_back)
{
    for (size_t i = 0; i < CQ_ARRAY_LEN(texts); i++) {
        struct cq_moment moment, again;
        unsigned char state[10];
        ck_assert(cq_moment_parse(cq_str(texts[i]), &moment));
        if (moment.type > CQ_MOMENT_TIME)
            continue;
        moment.has_zone = false;
        size_t len = cq_moment_to_state(&moment, state);
        ck_assert(cq_moment_from_state(moment.type, cq_str_n(state, len), &again));
        ck_assert_str_eq(cq_moment_value(&again, &arena).as.text.data,
                         cq_moment_value(&moment, &arena).as.text.data);
        ck_assert(!cq_moment_from_state(moment.type, cq_str_n(state, len - 1), &again));
    }
}
END_TEST

START_TEST(a_state_out_of_range_is_refused)
{
    struct cq_moment moment;
    ck_assert(!cq_moment_from_state(CQ_MOMENT_DATE, CQ_STR_LIT("\x07\xea\x0d\x01"), &moment));
    ck_assert(!cq_moment_from_state(CQ_MOMENT_DATE, CQ_STR_LIT("\x07\xea\x00\x01"), &moment));
    ck_assert(!cq_moment_from_state(CQ_MOMENT_DATE, CQ_STR_LIT("\xff\xff\x01\x01"), &moment));
    ck_assert(!cq_moment_from_state(CQ_MOMENT_TIME, CQ_STR_LIT("\x01\x02\x03\x0f\x42\x40"), &moment));
    ck_assert(!cq_moment_from_state(CQ_MOMENT_TIMEDELTA, CQ_STR_LIT("\x01\x02\x03\x04\x05\x06"), &moment));
}
END_TEST

START_TEST(seconds_since_1970_come_back)
{
    static const int64_t seconds[] = {0, -1, 1795212711, -62135596800, 253402300799};
    for (size_t i = 0; i < CQ_ARRAY_LEN(seconds); i++) {
        struct cq_moment moment;
        ck_assert(cq_moment_from_seconds(seconds[i], 5, &moment));
        ck_assert_int_eq(cq_moment_seconds(&moment), seconds[i]);
    }
    struct cq_moment moment;
    ck_assert(!cq_moment_from_seconds(-62135596801, 0, &moment));
    ck_assert(!cq_moment_from_seconds(253402300800, 0, &moment));
    ck_assert(!cq_moment_from_seconds(INT64_MAX, 0, &moment));
    ck_assert(!cq_moment_from_seconds(INT64_MIN, 0, &moment));
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = new_case();
    tcase_add_loop_test(tc, a_text_is_read_and_written_the_same, 0, (int)CQ_ARRAY_LEN(texts));
    tcase_add_loop_test(tc, no_cut_text_is_read, 0, (int)CQ_ARRAY_LEN(texts));
    tcase_add_loop_test(tc, a_text_that_is_no_time_is_refused, 0, (int)CQ_ARRAY_LEN(wrong));
    tcase_add_test(tc, the_state_of_a_pickle_comes_back);
    tcase_add_test(tc, a_state_out_of_range_is_refused);
    tcase_add_test(tc, seconds_since_1970_come_back);
    return suite_of("datetime", tc);
}
