/* Times as RQ writes and reads them. */
#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/clock.h"
#include "tests/support/suite.h"

enum { DAY_S = 86400 };

static const char epoch_start[] = "1970-01-01T00:00:00.000000Z";

/* Written by Python: datetime.isoformat, and (d - 1970) // timedelta(microseconds=1). */
static const struct {
    cq_time when;
    const char *iso;
} times[] = {
    {-62135596800000000, "0001-01-01T00:00:00.000000Z"},
    {-62135596799999999, "0001-01-01T00:00:00.000001Z"},
    {-62104060800000001, "0001-12-31T23:59:59.999999Z"},
    {-62035891200000000, "0004-02-29T00:00:00.000000Z"},
    {-59006361600000001, "0100-02-28T23:59:59.999999Z"},
    {-59006361600000000, "0100-03-01T00:00:00.000000Z"},
    {-49539297600000000, "0400-02-29T12:00:00.000000Z"},
    {-12219721076999996, "1582-10-10T01:02:03.000004Z"},
    {-11237428445049029, "1613-11-25T04:05:54.950971Z"},
    {-2208988800000001, "1899-12-31T23:59:59.999999Z"},
    {-2203977600000000, "1900-02-28T00:00:00.000000Z"},
    {-2203891200000000, "1900-03-01T00:00:00.000000Z"},
    {-2077660800500000, "1904-02-29T23:59:59.500000Z"},
    {-1999999, "1969-12-31T23:59:58.000001Z"},
    {-1000000, "1969-12-31T23:59:59.000000Z"},
    {-1, "1969-12-31T23:59:59.999999Z"},
    {0, "1970-01-01T00:00:00.000000Z"},
    {1, "1970-01-01T00:00:00.000001Z"},
    {951868799999999, "2000-02-29T23:59:59.999999Z"},
    {1000000000000000, "2001-09-09T01:46:40.000000Z"},
    {1772323199999999, "2026-02-28T23:59:59.999999Z"},
    {1795212711000123, "2026-11-20T22:11:51.000123Z"},
    {1835395200000000, "2028-02-29T00:00:00.000000Z"},
    {2147483648000000, "2038-01-19T03:14:08.000000Z"},
    {4107542399000000, "2100-02-28T23:59:59.000000Z"},
    {4294967296000001, "2106-02-07T06:28:16.000001Z"},
    {115891146053854507, "5642-06-11T17:00:53.854507Z"},
    {128467126947348483, "6040-12-17T01:02:27.348483Z"},
    {149657445959115126, "6712-06-16T08:45:59.115126Z"},
    {160715848803835115, "7062-11-19T03:20:03.835115Z"},
    {178535833986273949, "7627-07-29T23:13:06.273949Z"},
    {182506899848421233, "7753-05-31T09:04:08.421233Z"},
    {253208210634811385, "9993-11-06T14:03:54.811385Z"},
    {253402300799999999, "9999-12-31T23:59:59.999999Z"},
};

START_TEST(a_time_is_written_as_python_writes_it_and_read_back)
{
    for (size_t i = 0; i < CQ_ARRAY_LEN(times); i++) {
        char iso[CQ_TIME_ISO_SIZE];
        cq_time again = 0;
        cq_time_iso(times[i].when, iso);
        ck_assert_str_eq(iso, times[i].iso);
        ck_assert_msg(cq_time_parse_iso(cq_str(iso), &again), "%s", iso);
        ck_assert_int_eq(again, times[i].when);
    }
}
END_TEST

START_TEST(the_process_time_zone_does_not_matter)
{
    static const char *const zones[] = {"Pacific/Apia", "<+14>-14", "<-12>12", "EST5EDT,M3.2.0,M11.1.0"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(zones); i++) {
        char iso[CQ_TIME_ISO_SIZE];
        cq_time when = 0;
        setenv("TZ", zones[i], 1);
        cq_time_iso(1795212711000123, iso);
        ck_assert_str_eq(iso, "2026-11-20T22:11:51.000123Z");
        ck_assert(cq_time_parse_iso(cq_str(iso), &when) && when == 1795212711000123);
    }
}
END_TEST

START_TEST(a_year_that_rq_could_not_read_is_written_as_1970)
{
    static const cq_time beyond[] = {-62135596800000001, 253402300800000000, INT64_MAX, INT64_MIN,
                                     INT64_MIN + CQ_SECOND};
    for (size_t i = 0; i < CQ_ARRAY_LEN(beyond); i++) {
        char iso[CQ_TIME_ISO_SIZE];
        cq_time_iso(beyond[i], iso);
        ck_assert_str_eq(iso, epoch_start);
    }
}
END_TEST

START_TEST(fraction_and_z_may_be_left_out)
{
    static const struct {
        const char *text;
        int micros;
    } same[] = {
        {"2026-11-20T22:11:51Z", 0},
        {"2026-11-20T22:11:51", 0},
        {"2026-11-20 22:11:51.0", 0},
        {"2026-11-20T22:11:51.000000", 0},
        {"2026-11-20T22:11:51.5", 500000},
        {"2026-11-20T22:11:51.05Z", 50000},
        {"2026-11-20T22:11:51.123Z", 123000},
        {"2026-11-20T22:11:51.1234", 123400},
        {"2026-11-20T22:11:51.12345Z", 123450},
        {"2026-11-20T22:11:51.999999Z", 999999},
    };
    for (size_t i = 0; i < CQ_ARRAY_LEN(same); i++) {
        cq_time when = 0;
        ck_assert_msg(cq_time_parse_iso(cq_str(same[i].text), &when), "%s", same[i].text);
        ck_assert_int_eq(when, 1795212711 * CQ_SECOND + same[i].micros);
    }
}
END_TEST

START_TEST(what_is_no_time_is_refused)
{
    static const char *const wrong[] = {
        "",
        "yesterday",
        "2026-11-20",
        "2026-11-20T",
        "2026-11-20T22:11",
        "2026-11-20T22:11:5",
        "2026-13-20T22:11:51Z",
        "2026-00-20T22:11:51Z",
        "2026-11-00T22:11:51Z",
        "2026-11-32T22:11:51Z",
        "2026-11-20T24:11:51Z",
        "2026-11-20T22:60:51Z",
        "2026-11-20T22:11:60Z",
        "2026-11-20T22:11:61Z",
        "2026-11-20T22:11:51.Z",
        "2026-11-20T22:11:51.",
        "2026-11-20T22:11:51.1234567Z",
        "2026-11-20T22:11:51Zx",
        "2026-11-20T22:11:51ZZ",
        "2026-11-20T22:11:51z",
        "2026-11-20T22:11:51 Z",
        "0000-11-20T22:11:51Z",
        "2026-11-20T22:11:51+01:00",
        "2026-11-20T22:11:51,5Z",
        "2026-11-20X22:11:51Z",
        "2026/11/20T22:11:51Z",
        "-026-11-20T22:11:51Z",
        "+2026-11-20T22:11:51Z",
        " 2026-11-20T22:11:51Z",
        "2026-11-20T22:11:51Z ",
        "2026-1-20T22:11:51Z",
        "12026-11-20T22:11:51Z",
        "2026-11-20T22:11:-1Z",
        "2026-11-20T 2:11:51Z",
    };
    cq_time when = 5;
    for (size_t i = 0; i < CQ_ARRAY_LEN(wrong); i++)
        ck_assert_msg(!cq_time_parse_iso(cq_str(wrong[i]), &when), "%s", wrong[i]);
    ck_assert(!cq_time_parse_iso(CQ_STR_NONE, &when));
    ck_assert(!cq_time_parse_iso(CQ_STR_LIT("2026-11-20T22:11:51Z\0"), &when));
    ck_assert(!cq_time_parse_iso(CQ_STR_LIT("2026-11-20T22:11\0"
                                            "51Z"),
                                 &when));
    ck_assert_int_eq(when, 5);
}
END_TEST

START_TEST(a_day_that_its_month_does_not_have_is_refused)
{
    static const char *const wrong[] = {"2026-02-29", "2026-02-30", "2026-02-31", "2028-02-30", "2100-02-29",
                                        "1900-02-29", "2026-04-31", "2026-06-31", "2026-09-31", "2026-11-31",
                                        "0001-02-29", "9999-02-29", "2026-12-32"};
    static const char *const right[] = {"2026-02-28", "2028-02-29", "2000-02-29", "2026-04-30",
                                        "2026-12-31", "0001-01-31", "9999-12-31"};
    char text[32];
    cq_time when = 5;
    for (size_t i = 0; i < CQ_ARRAY_LEN(wrong); i++) {
        snprintf(text, sizeof(text), "%sT00:00:00Z", wrong[i]);
        ck_assert_msg(!cq_time_parse_iso(cq_str(text), &when), "%s", text);
    }
    ck_assert_int_eq(when, 5);
    for (size_t i = 0; i < CQ_ARRAY_LEN(right); i++) {
        snprintf(text, sizeof(text), "%sT00:00:00Z", right[i]);
        ck_assert_msg(cq_time_parse_iso(cq_str(text), &when), "%s", text);
    }
}
END_TEST

START_TEST(only_what_belongs_to_the_text_is_read)
{
    cq_time when = 0;
    ck_assert(cq_time_parse_iso(cq_str_n("2026-11-20T22:11:51.5", 19), &when));
    ck_assert_int_eq(when, 1795212711 * CQ_SECOND);
    for (size_t len = 0; len < 19; len++)
        ck_assert_msg(!cq_time_parse_iso(cq_str_n("2026-11-20T22:11:51Z", len), &when), "%zu", len);
}
END_TEST

START_TEST(an_epoch_is_a_decimal_with_six_digits)
{
    static const struct {
        cq_time when;
        const char *text;
    } epochs[] = {
        {0, "0.000000"},
        {1, "0.000001"},
        {-1, "-0.000001"},
        {-CQ_SECOND, "-1.000000"},
        {-1999999, "-1.999999"},
        {1795212711000123, "1795212711.000123"},
        {951782400000000, "951782400.000000"},
        {253402300799999999, "253402300799.999999"},
        {INT64_MAX, "9223372036854.775807"},
        {INT64_MIN, "-9223372036854.775808"},
    };
    for (size_t i = 0; i < CQ_ARRAY_LEN(epochs); i++) {
        char text[CQ_TIME_EPOCH_SIZE];
        cq_time_epoch(epochs[i].when, text);
        ck_assert_str_eq(text, epochs[i].text);
    }
}
END_TEST

START_TEST(seconds_are_rounded_down)
{
    ck_assert_int_eq(cq_time_seconds(0), 0);
    ck_assert_int_eq(cq_time_seconds(DAY_S * CQ_SECOND - 1), DAY_S - 1);
    ck_assert_int_eq(cq_time_seconds(DAY_S * CQ_SECOND), DAY_S);
    ck_assert_int_eq(cq_time_seconds(-1), -1);
    ck_assert_int_eq(cq_time_seconds(-CQ_SECOND), -1);
    ck_assert_int_eq(cq_time_seconds(-CQ_SECOND - 1), -2);
    ck_assert_int_eq(cq_time_seconds(INT64_MAX), 9223372036854);
    ck_assert_int_eq(cq_time_seconds(INT64_MIN), -9223372036855);
}
END_TEST

START_TEST(the_clocks_run)
{
    cq_time first = cq_clock_monotonic();
    ck_assert_int_ge(cq_clock_monotonic(), first);
    ck_assert_int_ge(first, 0);
    ck_assert_int_gt(cq_clock_now(), 1700000000 * CQ_SECOND); /* microseconds, and since 1970 */
    ck_assert_int_lt(cq_clock_now(), 253402300800 * CQ_SECOND);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = tcase_create("clock");
    tcase_add_test(tcase, a_time_is_written_as_python_writes_it_and_read_back);
    tcase_add_test(tcase, the_process_time_zone_does_not_matter);
    tcase_add_test(tcase, a_year_that_rq_could_not_read_is_written_as_1970);
    tcase_add_test(tcase, fraction_and_z_may_be_left_out);
    tcase_add_test(tcase, what_is_no_time_is_refused);
    tcase_add_test(tcase, a_day_that_its_month_does_not_have_is_refused);
    tcase_add_test(tcase, only_what_belongs_to_the_text_is_read);
    tcase_add_test(tcase, an_epoch_is_a_decimal_with_six_digits);
    tcase_add_test(tcase, seconds_are_rounded_down);
    tcase_add_test(tcase, the_clocks_run);
    return suite_of("base/clock", tcase);
}
