/* Times as RQ writes and reads them. */
#include <check.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/clock.h"

enum { DAY_S = 86400 };

START_TEST(a_time_is_written_with_six_digits_and_read_back)
{
    static const struct {
        cq_time when;
        const char *iso, *epoch;
    } times[] = {
        {0, "1970-01-01T00:00:00.000000Z", "0.000000"},
        {1795212711000123, "2026-11-20T22:11:51.000123Z", "1795212711.000123"},
        {951782400000000, "2000-02-29T00:00:00.000000Z", "951782400.000000"},
        {-1, "1969-12-31T23:59:59.999999Z", NULL},
        {253402300799999999, "9999-12-31T23:59:59.999999Z", "253402300799.999999"},
    };
    for (size_t i = 0; i < CQ_ARRAY_LEN(times); i++) {
        char iso[CQ_TIME_ISO_SIZE], epoch[CQ_TIME_EPOCH_SIZE];
        cq_time again = 0;
        cq_time_iso(times[i].when, iso);
        ck_assert_str_eq(iso, times[i].iso);
        ck_assert(cq_time_parse_iso(cq_str(iso), &again));
        ck_assert_int_eq(again, times[i].when);
        if (!times[i].epoch)
            continue;
        cq_time_epoch(times[i].when, epoch);
        ck_assert_str_eq(epoch, times[i].epoch);
    }
}
END_TEST

START_TEST(a_year_that_rq_could_not_read_is_written_as_1970)
{
    char iso[CQ_TIME_ISO_SIZE];
    cq_time_iso(INT64_MAX, iso);
    ck_assert_str_eq(iso, "1970-01-01T00:00:00.000000Z");
    cq_time_iso(INT64_MIN + CQ_SECOND, iso);
    ck_assert_str_eq(iso, "1970-01-01T00:00:00.000000Z");
}
END_TEST

START_TEST(fraction_and_z_may_be_left_out)
{
    static const char *const same[] = {"2026-11-20T22:11:51Z", "2026-11-20T22:11:51", "2026-11-20 22:11:51.0",
                                       "2026-11-20T22:11:51.000000"};
    cq_time when;
    for (size_t i = 0; i < CQ_ARRAY_LEN(same); i++) {
        ck_assert_msg(cq_time_parse_iso(cq_str(same[i]), &when), "%s", same[i]);
        ck_assert_int_eq(when, 1795212711 * CQ_SECOND);
    }
    ck_assert(cq_time_parse_iso(CQ_STR_LIT("2026-11-20T22:11:51.5"), &when));
    ck_assert_int_eq(when, 1795212711 * CQ_SECOND + CQ_SECOND / 2);
}
END_TEST

START_TEST(what_is_no_time_is_refused)
{
    static const char *const wrong[] = {"",
                                        "yesterday",
                                        "2026-11-20",
                                        "2026-13-20T22:11:51Z",
                                        "2026-00-20T22:11:51Z",
                                        "2026-11-32T22:11:51Z",
                                        "2026-11-20T24:11:51Z",
                                        "2026-11-20T22:60:51Z",
                                        "2026-11-20T22:11:51.Z",
                                        "2026-11-20T22:11:51.1234567Z",
                                        "2026-11-20T22:11:51Zx",
                                        "0000-11-20T22:11:51Z",
                                        "2026-11-20T22:11:5",
                                        "2026-11-20T22:11:51+01:00"};
    static const char *const no_epoch[] = {"", "nan", "inf", "1e300", "-1e300", "soon"};
    cq_time when = 5;
    for (size_t i = 0; i < CQ_ARRAY_LEN(wrong); i++)
        ck_assert_msg(!cq_time_parse_iso(cq_str(wrong[i]), &when), "%s", wrong[i]);
    for (size_t i = 0; i < CQ_ARRAY_LEN(no_epoch); i++)
        ck_assert_msg(!cq_time_parse_epoch(cq_str(no_epoch[i]), &when), "%s", no_epoch[i]);
    ck_assert_int_eq(when, 5);
}
END_TEST

START_TEST(an_epoch_is_read_to_the_microsecond_and_seconds_are_rounded_down)
{
    cq_time when;
    ck_assert(cq_time_parse_epoch(CQ_STR_LIT("1795212711.000123"), &when));
    ck_assert_int_eq(when, 1795212711000123);
    ck_assert(cq_time_parse_epoch(CQ_STR_LIT("-1"), &when));
    ck_assert_int_eq(when, -CQ_SECOND);
    ck_assert_int_eq(cq_time_seconds(DAY_S * CQ_SECOND - 1), DAY_S - 1);
    ck_assert_int_eq(cq_time_seconds(-1), -1);
    ck_assert_int_eq(cq_time_seconds(-CQ_SECOND), -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base/clock");
    TCase *tc = tcase_create("clock");
    tcase_add_test(tc, a_time_is_written_with_six_digits_and_read_back);
    tcase_add_test(tc, a_year_that_rq_could_not_read_is_written_as_1970);
    tcase_add_test(tc, fraction_and_z_may_be_left_out);
    tcase_add_test(tc, what_is_no_time_is_refused);
    tcase_add_test(tc, an_epoch_is_read_to_the_microsecond_and_seconds_are_rounded_down);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
