/* Which ticks are to be run, after nights without a scheduler and clocks that jump. */
#include <check.h>
#include <stdio.h>

#include "base/zone.h"
#include "cron/due.h"
#include "cron/schedule_parse.h"
#include "job/job.h"
#include "tests/support/suite.h"

static struct cq_cron_due due;

static cq_time at(const char *text)
{
    struct cq_civil civil = {0};
    ck_assert_int_ge(sscanf(text, "%d-%d-%d %d:%d:%d", &civil.year, &civil.month, &civil.day, &civil.hour,
                            &civil.minute, &civil.second),
                     5);
    return cq_zone_instant("UTC", &civil);
}

static void ask(const char *text, enum cq_cron_missed missed, cq_time last, const char *now)
{
    struct cq_schedule schedule;
    ck_assert_int_eq(cq_schedule_parse(cq_str(text), CQ_SCHEDULE_CRONTAB, &schedule, NULL), CQ_OK);
    cq_cron_due(&schedule, "UTC", missed, last, at(now), &due);
}

START_TEST(a_tick_is_due_at_its_time_and_not_before)
{
    ask("0 3 * * *", CQ_CRON_SKIP, at("2026-11-19 03:00"), "2026-11-20 02:59:59");
    ck_assert_uint_eq(due.count, 0);
    ck_assert_int_eq(due.next, at("2026-11-20 03:00"));
    ck_assert_int_eq(due.skipped, CQ_TIME_UNSET);
    ask("0 3 * * *", CQ_CRON_SKIP, at("2026-11-19 03:00"), "2026-11-20 03:00");
    ck_assert_uint_eq(due.count, 1);
    ck_assert_int_eq(due.ticks[0], at("2026-11-20 03:00"));
    ck_assert_int_eq(due.next, at("2026-11-21 03:00"));
    ask("0 3 * * *", CQ_CRON_SKIP, at("2026-11-20 03:00"), "2026-11-20 03:00");
    ck_assert_uint_eq(due.count, 0);
}
END_TEST

START_TEST(a_tick_that_is_a_minute_late_was_not_missed)
{
    ask("0 3 * * *", CQ_CRON_SKIP, at("2026-11-19 03:00"), "2026-11-20 03:01");
    ck_assert_uint_eq(due.count, 1);
    ck_assert_int_eq(due.skipped, CQ_TIME_UNSET);
    ask("0 3 * * *", CQ_CRON_SKIP, at("2026-11-19 03:00"), "2026-11-20 03:01:01");
    ck_assert_uint_eq(due.count, 0);
    ck_assert_int_eq(due.skipped, at("2026-11-20 03:00"));
    ck_assert_int_eq(due.next, at("2026-11-21 03:00"));
}
END_TEST

START_TEST(skip_runs_no_missed_tick_but_the_one_that_is_due_now)
{
    ask("* * * * *", CQ_CRON_SKIP, at("2026-11-19 03:00"), "2026-11-20 03:00:20");
    ck_assert_uint_eq(due.count, 1);
    ck_assert_int_eq(due.ticks[0], at("2026-11-20 03:00"));
    ck_assert_int_eq(due.skipped, at("2026-11-20 02:59"));
}
END_TEST

START_TEST(once_runs_the_newest_of_the_missed_ones)
{
    ask("0 * * * *", CQ_CRON_ONCE, at("2025-11-19 03:00"), "2026-11-20 03:30");
    ck_assert_uint_eq(due.count, 1);
    ck_assert_int_eq(due.ticks[0], at("2026-11-20 03:00"));
    ck_assert_int_eq(due.next, at("2026-11-20 04:00"));
    ask("0 0 1 1 *", CQ_CRON_ONCE, at("2019-01-01 00:00"), "2026-11-20 03:30");
    ck_assert_uint_eq(due.count, 1);
    ck_assert_int_eq(due.ticks[0], at("2026-01-01 00:00"));
}
END_TEST

START_TEST(all_runs_each_missed_tick_in_its_order_and_has_a_bound)
{
    ask("0 * * * *", CQ_CRON_ALL, at("2026-11-20 00:00"), "2026-11-20 03:30");
    ck_assert_uint_eq(due.count, 3);
    ck_assert_int_eq(due.ticks[0], at("2026-11-20 01:00"));
    ck_assert_int_eq(due.ticks[2], at("2026-11-20 03:00"));
    ask("* * * * *", CQ_CRON_ALL, at("2020-01-01 00:00"), "2026-11-20 03:30");
    ck_assert_uint_eq(due.count, CQ_CRON_CATCH_UP_MAX);
    ck_assert_int_eq(due.ticks[CQ_CRON_CATCH_UP_MAX - 1], at("2026-11-20 03:30"));
    ck_assert_int_eq(due.ticks[0], at("2026-11-20 03:30") - (CQ_CRON_CATCH_UP_MAX - 1) * 60 * CQ_SECOND);
}
END_TEST

START_TEST(an_interval_runs_at_first_sight_and_then_on_its_grid)
{
    ask("@every 90s", CQ_CRON_ONCE, CQ_TIME_UNSET, "2026-11-20 03:00:07");
    ck_assert_uint_eq(due.count, 1);
    ck_assert_int_eq(due.ticks[0], at("2026-11-20 03:00:07"));
    ck_assert_int_eq(due.next, at("2026-11-20 03:01:37"));
    ask("@every 90s", CQ_CRON_ONCE, at("2026-11-20 03:00:07"), "2026-11-20 03:01:36");
    ck_assert_uint_eq(due.count, 0);
    ask("@every 90s", CQ_CRON_ONCE, at("2026-11-20 03:00:07"), "2026-11-20 03:10:00");
    ck_assert_uint_eq(due.count, 1);
    ck_assert_int_eq(due.ticks[0], at("2026-11-20 03:09:07"));
    ck_assert_int_eq(due.next, at("2026-11-20 03:10:37"));
    ask("@every 90s", CQ_CRON_ALL, at("2026-11-20 03:00:07"), "2026-11-20 03:10:00");
    ck_assert_uint_eq(due.count, 6);
    ck_assert_int_eq(due.ticks[0], at("2026-11-20 03:01:37"));
    ask("@every 1d", CQ_CRON_SKIP, at("2026-11-19 03:00"), "2026-11-20 05:00");
    ck_assert_uint_eq(due.count, 0);
    ck_assert_int_eq(due.skipped, at("2026-11-20 03:00"));
    ck_assert_int_eq(due.next, at("2026-11-21 03:00"));
}
END_TEST

START_TEST(what_was_never_seen_has_missed_nothing)
{
    ask("0 3 * * *", CQ_CRON_ALL, CQ_TIME_UNSET, "2026-11-20 05:00");
    ck_assert_uint_eq(due.count, 0);
    ck_assert_int_eq(due.next, at("2026-11-21 03:00"));
}
END_TEST

START_TEST(a_clock_that_is_set_back_repeats_no_fixed_time_and_stops_nothing_for_long)
{
    ask("0 3 * * *", CQ_CRON_SKIP, at("2026-11-20 03:00"), "2026-11-20 02:30");
    ck_assert_uint_eq(due.count, 0);
    ck_assert_int_eq(due.next, at("2026-11-21 03:00"));
    ask("* * * * *", CQ_CRON_SKIP, at("2026-11-20 03:00"), "2026-11-20 02:59:30");
    ck_assert_int_eq(due.next, at("2026-11-20 03:01"));
    ask("* * * * *", CQ_CRON_SKIP, at("2026-11-20 03:00"), "2026-11-20 02:30:30");
    ck_assert_int_eq(due.next, at("2026-11-20 02:31"));
    ask("0 3 * * *", CQ_CRON_ALL, at("2036-11-20 03:00"), "2026-11-20 02:30");
    ck_assert_uint_eq(due.count, 0);
    ck_assert_int_eq(due.next, at("2026-11-20 03:00"));
    ask("@every 1h", CQ_CRON_ALL, at("2036-11-20 03:00"), "2026-11-20 02:30");
    ck_assert_uint_eq(due.count, 1);
    ck_assert_int_eq(due.next, at("2026-11-20 03:30"));
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = tcase_create("due");
    tcase_add_test(tcase, a_tick_is_due_at_its_time_and_not_before);
    tcase_add_test(tcase, a_tick_that_is_a_minute_late_was_not_missed);
    tcase_add_test(tcase, skip_runs_no_missed_tick_but_the_one_that_is_due_now);
    tcase_add_test(tcase, once_runs_the_newest_of_the_missed_ones);
    tcase_add_test(tcase, all_runs_each_missed_tick_in_its_order_and_has_a_bound);
    tcase_add_test(tcase, an_interval_runs_at_first_sight_and_then_on_its_grid);
    tcase_add_test(tcase, what_was_never_seen_has_missed_nothing);
    tcase_add_test(tcase, a_clock_that_is_set_back_repeats_no_fixed_time_and_stops_nothing_for_long);
    return suite_of("cron/due", tcase);
}
