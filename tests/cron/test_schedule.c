/* Schedules: what they say, when they are due, and what the clocks' changes do to them. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/zone.h"
#include "cron/schedule.h"
#include "cron/schedule_parse.h"
#include "tests/support/suite.h"

static struct cq_schedule parsed(const char *text, enum cq_schedule_reading reading)
{
    struct cq_schedule schedule;
    struct cq_error err;
    ck_assert_msg(cq_schedule_parse(cq_str(text), reading, &schedule, &err) == CQ_OK, "%s: %s", text,
                  err.text);
    return schedule;
}

static cq_time instant(const char *zone, const char *text)
{
    struct cq_civil civil = {0};
    ck_assert_int_ge(sscanf(text, "%d-%d-%d %d:%d:%d", &civil.year, &civil.month, &civil.day, &civil.hour,
                            &civil.minute, &civil.second),
                     5);
    return cq_zone_instant(zone, &civil);
}

/* The times after `from`, as the zone's clocks show them, joined by commas. */
static const char *times(const char *text, enum cq_schedule_reading reading, const char *zone,
                         const char *from, int count)
{
    static char out[2048];
    struct cq_schedule schedule = parsed(text, reading);
    cq_time at = instant(zone, from);
    size_t len = 0;
    for (int i = 0; i < count; i++) {
        struct cq_civil civil;
        int offset;
        at = cq_schedule_next(&schedule, zone, at);
        cq_zone_civil(zone, at, &civil, &offset, NULL);
        len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%02d-%02d %02d:%02d%+d", i ? ", " : "",
                                civil.month, civil.day, civil.hour, civil.minute, offset / 3600);
    }
    return out;
}

#define CRONTAB(text, from, count) times(text, CQ_SCHEDULE_CRONTAB, "UTC", from, count)
#define BERLIN(text, from, count) times(text, CQ_SCHEDULE_CRONTAB, "Europe/Berlin", from, count)

START_TEST(fields_names_ranges_steps_and_lists_are_read)
{
    ck_assert_str_eq(CRONTAB("*/20 9-10 * * MON-FRI", "2026-11-20 10:30", 3),
                     "11-20 10:40+0, 11-23 09:00+0, 11-23 09:20+0");
    ck_assert_str_eq(CRONTAB("5,10-20/5 0 1 jan,Jul *", "2026-11-20 10:30", 5),
                     "01-01 00:05+0, 01-01 00:10+0, 01-01 00:15+0, 01-01 00:20+0, 07-01 00:05+0");
    ck_assert_str_eq(CRONTAB("0 22-2/2 * * *", "2026-11-20 10:30", 4),
                     "11-20 22:00+0, 11-21 00:00+0, 11-21 02:00+0, 11-21 22:00+0");
    ck_assert_str_eq(CRONTAB("0 0 * * 5-7", "2026-11-20 10:30", 3),
                     "11-21 00:00+0, 11-22 00:00+0, 11-27 00:00+0");
    ck_assert_str_eq(CRONTAB("0 0 * * fri-mon", "2026-11-20 10:30", 4),
                     "11-21 00:00+0, 11-22 00:00+0, 11-23 00:00+0, 11-27 00:00+0");
    ck_assert_str_eq(CRONTAB("50/5 23 ? * 7", "2026-11-20 10:30", 3),
                     "11-22 23:50+0, 11-22 23:55+0, 11-29 23:50+0");
    ck_assert_str_eq(CRONTAB("@weekly", "2026-11-20 10:30", 2), "11-22 00:00+0, 11-29 00:00+0");
    ck_assert_str_eq(CRONTAB("@Yearly", "2026-11-20 10:30", 1), "01-01 00:00+0");
    ck_assert_str_eq(CRONTAB("@every 90s", "2026-11-20 10:30", 2), "11-20 10:31+0, 11-20 10:33+0");
    ck_assert_str_eq(CRONTAB("@every 2h", "2026-11-20 10:30", 2), "11-20 12:30+0, 11-20 14:30+0");
}
END_TEST

START_TEST(the_last_day_a_nearby_weekday_and_the_nth_weekday_are_known)
{
    ck_assert_str_eq(CRONTAB("0 0 L 1-3 *", "2026-12-31 10:30", 3),
                     "01-31 00:00+0, 02-28 00:00+0, 03-31 00:00+0");
    ck_assert_str_eq(CRONTAB("0 0 15W * *", "2026-08-01 00:00", 3),
                     "08-14 00:00+0, 09-15 00:00+0, 10-15 00:00+0");
    ck_assert_str_eq(CRONTAB("0 0 1W 8 *", "2026-07-01 00:00", 1), "08-03 00:00+0");
    ck_assert_str_eq(CRONTAB("0 0 * * mon#2", "2026-11-20 00:00", 2), "12-14 00:00+0, 01-11 00:00+0");
    ck_assert_str_eq(CRONTAB("0 0 * * L5", "2026-11-20 00:00", 2), "11-27 00:00+0, 12-25 00:00+0");
    ck_assert_str_eq(CRONTAB("0 0 * * sun#5", "2026-11-22 00:01", 2), "11-29 00:00+0, 01-31 00:00+0");
}
END_TEST

START_TEST(either_kind_of_day_is_enough_unless_one_begins_with_a_star)
{
    ck_assert_str_eq(CRONTAB("0 0 13 * fri", "2026-11-08 00:00", 3),
                     "11-13 00:00+0, 11-20 00:00+0, 11-27 00:00+0");
    ck_assert_str_eq(CRONTAB("0 0 13 * */7", "2026-11-08 00:00", 2), "12-13 00:00+0, 06-13 00:00+0");
    /* croniter: only a bare star leaves the day to the other field */
    ck_assert_str_eq(times("0 0 13 * */7", CQ_SCHEDULE_RQ, "UTC", "2026-11-08 00:00", 3),
                     "11-13 00:00+0, 11-15 00:00+0, 11-22 00:00+0");
}
END_TEST

START_TEST(rqs_reading_has_seconds_and_an_equal_range_is_the_whole)
{
    struct cq_schedule schedule = parsed("0 12 * * * 30", CQ_SCHEDULE_RQ);
    ck_assert_int_eq(cq_schedule_next(&schedule, "UTC", instant("UTC", "2026-11-20 12:00")),
                     instant("UTC", "2026-11-20 12:00:30"));
    ck_assert_str_eq(times("0 0 * jan-jan *", CQ_SCHEDULE_RQ, "UTC", "2026-11-20 12:00", 1), "11-21 00:00+0");
    ck_assert_str_eq(CRONTAB("0 0 * jan-jan *", "2026-11-20 12:00", 1), "01-01 00:00+0");
}
END_TEST

START_TEST(a_fixed_time_that_the_clocks_skip_is_due_once_and_later)
{
    ck_assert_str_eq(BERLIN("30 2 * * *", "2026-03-28 12:00", 2), "03-29 03:30+2, 03-30 02:30+2");
    ck_assert_str_eq(BERLIN("30 2,3 * * *", "2026-03-28 12:00", 3),
                     "03-29 03:30+2, 03-30 02:30+2, 03-30 03:30+2");
    ck_assert_str_eq(BERLIN("15,45 1-3 29 * *", "2026-03-29 01:50", 3),
                     "03-29 03:15+2, 03-29 03:45+2, 04-29 01:15+2");
    /* Chile skips midnight; a time of the day before that was moved comes after those of the next */
    ck_assert_str_eq(times("30 23,0 * * *", CQ_SCHEDULE_CRONTAB, "America/Santiago", "2026-09-05 12:00", 3),
                     "09-05 23:30-4, 09-06 01:30-3, 09-06 23:30-3");
    /* Samoa had no 30 December 2011 */
    ck_assert_str_eq(times("0 12 * * *", CQ_SCHEDULE_CRONTAB, "Pacific/Apia", "2011-12-29 00:00", 3),
                     "12-29 12:00-10, 12-31 12:00+14, 01-01 12:00+14");
    ck_assert_str_eq(times("0 12 30 12 *", CQ_SCHEDULE_CRONTAB, "Pacific/Apia", "2011-12-31 00:00", 2),
                     "12-31 12:00+14, 12-30 12:00+14");
}
END_TEST

START_TEST(a_fixed_time_that_the_clocks_show_twice_is_due_once)
{
    ck_assert_str_eq(BERLIN("30 2 * * *", "2026-10-24 12:00", 2), "10-25 02:30+2, 10-26 02:30+1");
    ck_assert_str_eq(BERLIN("0 1,2,3 25 10 *", "2026-10-24 12:00", 3),
                     "10-25 01:00+2, 10-25 02:00+2, 10-25 03:00+1");
    /* between the two, the second is not due */
    ck_assert_str_eq(BERLIN("30 2 * * *", "2026-10-25 02:40", 1), "10-26 02:30+1");
}
END_TEST

START_TEST(schedules_by_the_clock_run_through)
{
    ck_assert_str_eq(BERLIN("*/30 * * * *", "2026-03-29 01:00", 4),
                     "03-29 01:30+1, 03-29 03:00+2, 03-29 03:30+2, 03-29 04:00+2");
    ck_assert_str_eq(BERLIN("*/30 * * * *", "2026-10-25 01:30", 5),
                     "10-25 02:00+2, 10-25 02:30+2, 10-25 02:00+1, 10-25 02:30+1, 10-25 03:00+1");
    ck_assert_str_eq(BERLIN("15 * * * *", "2026-10-25 01:30", 3),
                     "10-25 02:15+2, 10-25 02:15+1, 10-25 03:15+1");
    ck_assert_str_eq(BERLIN("0 */2 * * *", "2026-03-29 00:30", 2), "03-29 04:00+2, 03-29 06:00+2");
    ck_assert_str_eq(BERLIN("@every 1h", "2026-10-25 01:30", 3),
                     "10-25 02:30+2, 10-25 02:30+1, 10-25 03:30+1");
}
END_TEST

START_TEST(what_is_no_schedule_is_refused_and_says_why)
{
    static const char *const wrong[][2] = {
        {"", "write minute"},
        {"* * * *", "write minute"},
        {"* * * * * *", "write minute"},
        {"60 * * * *", "'60' is not a valid minute"},
        {"* 24 * * *", "'24' is not a valid hour"},
        {"* * 0 * *", "'0' is not a valid day of the month"},
        {"* * 32 * *", "'32'"},
        {"* * * 0 *", "'0' is not a valid month"},
        {"* * * 13 *", "'13'"},
        {"* * * * 8", "'8' is not a valid day of the week: write 0 to 7"},
        {"*/0 * * * *", "'*/0'"},
        {"5- * * * *", "'5-'"},
        {"-5 * * * *", "'-5'"},
        {"1,,2 * * * *", "'' is not a valid minute"},
        {"*,5x * * * *", "'5x'"},
        {"* * * foo *", "'foo' is not a valid month"},
        {"* * * * monday", "'monday'"},
        {"? * * * *", "'?'"},
        {"*/5/2 * * * *", "'*/5/2'"},
        {"99999999999 * * * *", "'99999999999'"},
        {"* * * * mon#6", "'mon#6'"},
        {"* * * * mon#2,tue", "one list"},
        {"* * 32W * *", "'32W'"},
        {"* * * * Lfri", "'Lfri'"},
        {"@reboot", "@every"},
        {"@every", "interval"},
        {"@every 0s", "interval"},
        {"@every -5", "interval"},
        {"@every 11y", "interval"},
        {"@every 99999d", "interval"},
        {"0 0 30 2 *", "never due"},
        {"0 0 31 4,6,9,11 *", "never due"},
        {"0 0 31 feb *", "never due"},
    };
    struct cq_schedule schedule;
    struct cq_error err;
    for (size_t i = 0; i < CQ_ARRAY_LEN(wrong); i++) {
        ck_assert_msg(cq_schedule_parse(cq_str(wrong[i][0]), CQ_SCHEDULE_CRONTAB, &schedule, &err) ==
                          CQ_ERR_CONFIG,
                      "%s", wrong[i][0]);
        ck_assert_msg(strstr(err.text, wrong[i][1]) != NULL, "%s: %s", wrong[i][0], err.text);
    }
    char longest[2000];
    memset(longest, '1', sizeof(longest));
    ck_assert_int_eq(
        cq_schedule_parse(cq_str_n(longest, sizeof(longest)), CQ_SCHEDULE_CRONTAB, &schedule, &err),
        CQ_ERR_CONFIG);
    ck_assert_int_eq(cq_schedule_parse(cq_str_n("0 0 \0 * *", 9), CQ_SCHEDULE_CRONTAB, &schedule, &err),
                     CQ_ERR_CONFIG);
}
END_TEST

START_TEST(a_leap_day_is_waited_for)
{
    struct cq_schedule schedule = parsed("0 0 29 2 *", CQ_SCHEDULE_CRONTAB);
    ck_assert_int_eq(cq_schedule_next(&schedule, "UTC", instant("UTC", "2096-03-01 00:00")),
                     instant("UTC", "2104-02-29 00:00"));
    schedule = parsed("0 0 29 2 */7", CQ_SCHEDULE_CRONTAB); /* and a Sunday */
    ck_assert_int_eq(cq_schedule_next(&schedule, "UTC", instant("UTC", "2088-03-01 00:00")),
                     instant("UTC", "2128-02-29 00:00"));
    ck_assert_int_eq(cq_schedule_next(&schedule, "UTC", instant("UTC", "9999-12-31 23:59")), CQ_TIME_NEVER);
}
END_TEST

/* A field of random shape. */
static void random_field(char *text, size_t size, int low, int high)
{
    int a = low + rand() % (high - low + 1), b = low + rand() % (high - low + 1), step = 1 + rand() % 9;
    if (a > b) {
        int c = a;
        a = b;
        b = c;
    }
    switch (rand() % 7) {
    case 0:
    case 1: snprintf(text, size, "*"); break;
    case 2: snprintf(text, size, "*/%d", step); break;
    case 3: snprintf(text, size, "%d-%d", a, b); break;
    case 4: snprintf(text, size, "%d-%d/%d", a, b, step); break;
    case 5: snprintf(text, size, "%d,%d", a, b); break;
    default: snprintf(text, size, "%d", a);
    }
}

static bool shows(const struct cq_schedule *schedule, const struct cq_civil *civil, int weekday)
{
    bool day = schedule->days >> civil->day & 1, week = schedule->weekdays >> weekday & 1;
    return (schedule->minutes >> civil->minute & 1) && (schedule->hours >> civil->hour & 1) &&
           (schedule->months >> civil->month & 1) && (schedule->either_day ? day || week : day && week) &&
           civil->second == 0;
}

enum { MINUTES = 2 * 1440, LEAD = 180, EXPRESSIONS = 12 };

/* What the clocks show at one minute. */
struct shown {
    struct cq_civil civil;
    int offset, weekday;
};

/*
 * Is the schedule due at this minute? By the clock: whenever the clocks show it. Else: at the first instant
 * that a fixed time means, so ask whether that is this one of what is shown, and of what would be shown had
 * the clocks not skipped it.
 */
static bool is_due(const struct cq_schedule *schedule, const char *zone, const struct shown *now,
                   cq_time when)
{
    if (shows(schedule, &now->civil, now->weekday) &&
        (schedule->by_the_clock || cq_zone_instant(zone, &now->civil) == when))
        return true;
    int before = now[-LEAD].offset, weekday;
    if (schedule->by_the_clock || before >= now->offset)
        return false;
    struct cq_civil moved;
    cq_zone_civil("UTC", when + before * CQ_SECOND, &moved, NULL, &weekday);
    return shows(schedule, &moved, weekday) && cq_zone_instant(zone, &moved) == when;
}

static void scan(const char *zone, const char *text, const struct shown *shown, cq_time from)
{
    struct cq_schedule schedule;
    if (cq_schedule_parse(cq_str(text), CQ_SCHEDULE_CRONTAB, &schedule, NULL) != CQ_OK)
        return;
    cq_time next = cq_schedule_next(&schedule, zone, from);
    for (int m = 1; m <= MINUTES; m++) {
        cq_time now = from + m * 60 * CQ_SECOND;
        if (is_due(&schedule, zone, &shown[m + LEAD], now)) {
            ck_assert_msg(next == now, "%s in %s: due at %lld, not at %lld", text, zone,
                          (long long)(now / CQ_SECOND), (long long)(next / CQ_SECOND));
            next = cq_schedule_next(&schedule, zone, now);
        }
        ck_assert_msg(next > now, "%s in %s: not due at %lld", text, zone, (long long)(next / CQ_SECOND));
    }
}

START_TEST(a_scan_of_every_minute_finds_the_same_times)
{
    static const struct {
        const char *zone, *from;
    } places[] = {{"UTC", "2026-02-27 11:00"},
                  {"Europe/Berlin", "2026-03-28 12:00"},
                  {"Europe/Berlin", "2026-10-24 12:00"},
                  {"America/Santiago", "2026-09-05 06:00"},
                  {"Australia/Lord_Howe", "2026-10-03 12:00"},
                  {"Australia/Lord_Howe", "2026-04-04 12:00"}};
    static const int bounds[5][2] = {{0, 59}, {0, 23}, {1, 31}, {1, 12}, {0, 6}};
    static struct shown shown[LEAD + MINUTES + 1];
    srand(7);
    for (size_t p = 0; p < CQ_ARRAY_LEN(places); p++) {
        const char *zone = places[p].zone;
        cq_time from = instant(zone, places[p].from);
        for (int m = -LEAD; m <= MINUTES; m++) {
            struct shown *at = &shown[m + LEAD];
            cq_zone_civil(zone, from + m * 60 * CQ_SECOND, &at->civil, &at->offset, &at->weekday);
        }
        for (int e = 0; e < EXPRESSIONS; e++) {
            char fields[5][32], text[160];
            for (int i = 0; i < 5; i++)
                random_field(fields[i], sizeof(fields[i]), bounds[i][0], bounds[i][1]);
            snprintf(text, sizeof(text), "%s %s %s %s %s", fields[0], rand() % 2 ? "0-4" : fields[1],
                     fields[2], rand() % 4 ? "*" : fields[3], fields[4]);
            scan(zone, text, shown, from);
        }
    }
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = tcase_create("schedule");
    tcase_add_test(tcase, fields_names_ranges_steps_and_lists_are_read);
    tcase_add_test(tcase, the_last_day_a_nearby_weekday_and_the_nth_weekday_are_known);
    tcase_add_test(tcase, either_kind_of_day_is_enough_unless_one_begins_with_a_star);
    tcase_add_test(tcase, rqs_reading_has_seconds_and_an_equal_range_is_the_whole);
    tcase_add_test(tcase, a_fixed_time_that_the_clocks_skip_is_due_once_and_later);
    tcase_add_test(tcase, a_fixed_time_that_the_clocks_show_twice_is_due_once);
    tcase_add_test(tcase, schedules_by_the_clock_run_through);
    tcase_add_test(tcase, what_is_no_schedule_is_refused_and_says_why);
    tcase_add_test(tcase, a_leap_day_is_waited_for);
    tcase_add_test(tcase, a_scan_of_every_minute_finds_the_same_times);
    return suite_of("cron/schedule", tcase);
}
