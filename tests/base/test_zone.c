/* Zones, against what Python's zoneinfo says of the same instants. */
#include <check.h>
#include <stdlib.h>
#include <time.h>

#include "base/attr.h"
#include "base/zone.h"
#include "tests/support/suite.h"

/* Seconds since 1970 of a wall clock's time. */
static int64_t at(const char *zone, int year, int month, int day, int hour, int minute)
{
    struct cq_civil civil = {year, month, day, hour, minute, 0};
    return cq_time_seconds(cq_zone_instant(zone, &civil));
}

START_TEST(a_time_of_the_clock_becomes_its_instant)
{
    ck_assert_int_eq(at("Europe/Berlin", 2026, 1, 15, 12, 0), 1768474800);
    ck_assert_int_eq(at("Europe/Berlin", 2026, 7, 15, 12, 0), 1784109600);
    ck_assert_int_eq(at("America/New_York", 2026, 7, 15, 12, 0), 1784131200);
    ck_assert_int_eq(at("Asia/Kathmandu", 2026, 7, 15, 12, 0), 1784096100);
    ck_assert_int_eq(at("UTC", 2026, 7, 15, 12, 0), 1784116800);
    ck_assert_int_eq(at("Pacific/Kiritimati", 2026, 7, 15, 12, 0), 1784066400);
}
END_TEST

START_TEST(a_time_that_the_clocks_skip_is_later_by_as_much)
{
    ck_assert_int_eq(at("Europe/Berlin", 2026, 3, 29, 1, 59), 1774745940);
    ck_assert_int_eq(at("Europe/Berlin", 2026, 3, 29, 2, 0), at("Europe/Berlin", 2026, 3, 29, 3, 0));
    ck_assert_int_eq(at("Europe/Berlin", 2026, 3, 29, 2, 30), at("Europe/Berlin", 2026, 3, 29, 3, 30));
    ck_assert_int_eq(at("Europe/Berlin", 2026, 3, 29, 3, 0), 1774746000);
    ck_assert_int_eq(at("America/New_York", 2026, 3, 8, 2, 15), at("America/New_York", 2026, 3, 8, 3, 15));
    /* Half an hour on Lord Howe, midnight in Chile, a whole day in Samoa */
    ck_assert_int_eq(at("Australia/Lord_Howe", 2026, 10, 4, 2, 10),
                     at("Australia/Lord_Howe", 2026, 10, 4, 2, 40));
    ck_assert_int_eq(at("America/Santiago", 2026, 9, 6, 0, 0), at("America/Santiago", 2026, 9, 6, 1, 0));
    ck_assert_int_eq(at("Pacific/Apia", 2011, 12, 30, 12, 0), at("Pacific/Apia", 2011, 12, 31, 12, 0));
}
END_TEST

START_TEST(a_time_that_the_clocks_show_twice_is_the_first)
{
    ck_assert_int_eq(at("Europe/Berlin", 2026, 10, 25, 2, 30), 1792888200); /* 00:30 in Greenwich */
    ck_assert_int_eq(at("Europe/Berlin", 2026, 10, 25, 3, 0), 1792893600);
    ck_assert_int_eq(at("America/New_York", 2026, 11, 1, 1, 30), 1793511000);
    ck_assert_int_eq(at("Australia/Lord_Howe", 2026, 4, 5, 1, 45), 1775313900);
    ck_assert_int_eq(at("Europe/London", 2026, 10, 25, 1, 0), 1792886400);
}
END_TEST

START_TEST(an_instant_is_what_the_clocks_show_then)
{
    struct cq_civil civil;
    int offset, weekday;
    cq_zone_civil("Europe/Berlin", 1792888200 * CQ_SECOND + 999999, &civil, &offset, &weekday);
    ck_assert_int_eq(civil.year * 10000 + civil.month * 100 + civil.day, 20261025);
    ck_assert_int_eq(civil.hour * 10000 + civil.minute * 100 + civil.second, 23000);
    ck_assert_int_eq(offset, 7200);
    ck_assert_int_eq(weekday, 0);
    cq_zone_civil("Europe/Berlin", 1792891800 * CQ_SECOND, &civil, &offset, NULL);
    ck_assert_int_eq(civil.hour * 100 + civil.minute, 230);
    ck_assert_int_eq(offset, 3600);
    cq_zone_civil("America/St_Johns", -CQ_SECOND, &civil, &offset, &weekday);
    ck_assert_int_eq(civil.year, 1969);
    ck_assert_int_eq(offset, -12600);
    ck_assert_int_eq(weekday, 3);
    cq_zone_civil("UTC", INT64_MAX, &civil, NULL, NULL);
    ck_assert_int_gt(civil.year, 9999);
}
END_TEST

START_TEST(every_hour_of_a_year_goes_there_and_back)
{
    static const char *const zones[] = {
        "Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "Africa/Casablanca", "UTC", NULL};
    setenv("TZ", "Asia/Tehran", 1);
    for (size_t i = 0; i < CQ_ARRAY_LEN(zones); i++) {
        /* Every hour of two that change on different days; a zone is read anew for each, so the others in
         * steps. */
        int64_t step = i == 0 || i == 2 ? 3600 : 11 * 3600;
        for (int64_t when = 1767225600; when < 1767225600 + 366 * 86400; when += step) {
            struct cq_civil civil, again;
            int offset, first;
            cq_zone_civil(zones[i], when * CQ_SECOND, &civil, &offset, NULL);
            int64_t back = cq_time_seconds(cq_zone_instant(zones[i], &civil));
            cq_zone_civil(zones[i], back * CQ_SECOND, &again, &first, NULL);
            ck_assert_int_eq(again.hour * 100 + again.minute, civil.hour * 100 + civil.minute);
            ck_assert_msg(back == when || back == when - (first - offset), "%s %lld", zones[i],
                          (long long)when);
            ck_assert_int_le(back, when);
        }
    }
}
END_TEST

START_TEST(the_local_zone_is_that_of_the_environment_and_stays_it)
{
    setenv("TZ", "Asia/Tokyo", 1);
    ck_assert_int_eq(at(NULL, 2026, 7, 15, 12, 0), 1784084400);
    ck_assert_int_eq(at("", 2026, 7, 15, 12, 0), 1784084400);
    ck_assert_int_eq(at("Europe/Berlin", 2026, 7, 15, 12, 0), 1784109600);
    ck_assert_str_eq(getenv("TZ"), "Asia/Tokyo");
    time_t zero = 0;
    struct tm parts;
    localtime_r(&zero, &parts);
    ck_assert_int_eq(parts.tm_hour, 9);
    unsetenv("TZ");
    at("Europe/Berlin", 2026, 7, 15, 12, 0);
    ck_assert_ptr_null(getenv("TZ"));
}
END_TEST

START_TEST(an_unknown_zone_is_named)
{
    static const char *const wrong[] = {"Europe/Berlin2",
                                        "Mars",
                                        "../../etc/passwd",
                                        "/etc/localtime",
                                        "Europe",
                                        "CET-1CEST,M3.5.0",
                                        "right/Europe/Berlin",
                                        "Europe/Ber lin",
                                        "zone.tab",
                                        "Europe/"};
    struct cq_error err;
    for (size_t i = 0; i < CQ_ARRAY_LEN(wrong); i++) {
        ck_assert_msg(cq_zone_check(wrong[i], &err) == CQ_ERR_CONFIG, "%s", wrong[i]);
        ck_assert_msg(strstr(err.text, wrong[i]) && strstr(err.text, "Europe/Berlin"), "%s", err.text);
    }
    ck_assert_int_eq(cq_zone_check("Europe/Berlin", NULL), CQ_OK);
    ck_assert_int_eq(cq_zone_check("Etc/GMT+5", NULL), CQ_OK);
    ck_assert_int_eq(cq_zone_check("UTC", NULL), CQ_OK);
    ck_assert_int_eq(cq_zone_check("", NULL), CQ_OK);
    ck_assert_int_eq(cq_zone_check(NULL, NULL), CQ_OK);
    static const char *const known[] = {
        "Europe/Berlin", ":Asia/Tokyo", "CET-1CEST,M3.5.0,M10.5.0/3", "/etc/localtime", "", "UTC"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(known); i++) {
        setenv("TZ", known[i], 1);
        ck_assert_msg(cq_zone_check(NULL, NULL) == CQ_OK, "%s", known[i]);
    }
    setenv("TZ", ":Nowhere/City", 1);
    ck_assert_int_eq(cq_zone_check(NULL, &err), CQ_ERR_CONFIG);
    ck_assert_msg(strstr(err.text, "'Nowhere/City'") != NULL, "%s", err.text);
}
END_TEST

START_TEST(without_a_database_the_package_is_named)
{
    struct cq_error err;
    setenv("TZDIR", "/nonexistent", 1);
    ck_assert_int_eq(cq_zone_check("Europe/Berlin", &err), CQ_ERR_CONFIG);
    ck_assert_msg(strstr(err.text, "tzdata") != NULL, "%s", err.text);
    ck_assert_int_eq(cq_zone_check("UTC", NULL), CQ_OK);
    setenv("TZ", "Europe/Berlin", 1);
    ck_assert_int_eq(cq_zone_check(NULL, &err), CQ_ERR_CONFIG);
    ck_assert_msg(strstr(err.text, "TZ in the environment") && strstr(err.text, "tzdata"), "%s", err.text);
    ck_assert_int_eq(at("UTC", 2026, 7, 15, 12, 0), 1784116800);
}
END_TEST

START_TEST(days_that_no_month_has_are_not_valid)
{
    ck_assert(cq_civil_valid(&(struct cq_civil){2028, 2, 29, 23, 59, 59}));
    ck_assert(!cq_civil_valid(&(struct cq_civil){2026, 2, 29, 0, 0, 0}));
    ck_assert(!cq_civil_valid(&(struct cq_civil){2026, 4, 31, 0, 0, 0}));
    ck_assert(!cq_civil_valid(&(struct cq_civil){2026, 13, 1, 0, 0, 0}));
    ck_assert(!cq_civil_valid(&(struct cq_civil){2026, 1, 0, 0, 0, 0}));
    ck_assert(!cq_civil_valid(&(struct cq_civil){2026, 1, 1, 24, 0, 0}));
    ck_assert(!cq_civil_valid(&(struct cq_civil){2026, 1, 1, 0, 60, 0}));
    ck_assert(!cq_civil_valid(&(struct cq_civil){0, 1, 1, 0, 0, 0}));
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = tcase_create("zone");
    tcase_add_test(tcase, a_time_of_the_clock_becomes_its_instant);
    tcase_add_test(tcase, a_time_that_the_clocks_skip_is_later_by_as_much);
    tcase_add_test(tcase, a_time_that_the_clocks_show_twice_is_the_first);
    tcase_add_test(tcase, an_instant_is_what_the_clocks_show_then);
    tcase_add_test(tcase, every_hour_of_a_year_goes_there_and_back);
    tcase_add_test(tcase, the_local_zone_is_that_of_the_environment_and_stays_it);
    tcase_add_test(tcase, an_unknown_zone_is_named);
    tcase_add_test(tcase, without_a_database_the_package_is_named);
    tcase_add_test(tcase, days_that_no_month_has_are_not_valid);
    return suite_of("base/zone", tcase);
}
