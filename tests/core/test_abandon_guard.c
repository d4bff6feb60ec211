#include <check.h>
#include <stdlib.h>

#include "core/abandon_guard.h"
#include "tests/core/random_events.h"
#include "tests/support/suite.h"

/* Both clocks in seconds; they start apart, as they do. */
#define WALL(s) ((cq_time)(1795212711 + (s)) * CQ_SECOND)
#define MONO(s) ((cq_time)(5000 + (s)) * CQ_SECOND)

static struct cq_abandon_guard guard;

enum {
    JUDGE = CQ_ABANDON_GUARD_JUDGE,
    HEARTBEAT = CQ_ABANDON_GUARD_HEARTBEAT,
    WAIT = CQ_ABANDON_GUARD_WAIT,
};

static int due(int wall, int monotonic)
{
    return (int)cq_abandon_guard_round(&guard, WALL(wall), MONO(monotonic));
}

static void heard(int at)
{
    cq_abandon_guard_heard(&guard, WALL(at), MONO(at));
}

START_TEST(while_redis_answers_every_round_judges)
{
    guard = (struct cq_abandon_guard){0};
    ck_assert_int_eq(due(0, 0), JUDGE); /* also at the start */
    for (int at = 0; at < 300; at += 4) {
        heard(at);
        ck_assert_int_eq(due(at + 4, at + 4), JUDGE);
    }
}
END_TEST

START_TEST(after_a_silence_of_redis_workers_have_time_to_come_back)
{
    guard = (struct cq_abandon_guard){0};
    heard(0);
    ck_assert_int_eq(due(30, 30), JUDGE);
    ck_assert_int_eq(due(40, 40), HEARTBEAT);
    ck_assert_int_eq(due(44, 44), WAIT);
    ck_assert_int_eq(due(74, 74), WAIT);
    ck_assert_int_eq(due(75, 75), JUDGE);
}
END_TEST

START_TEST(after_a_sleep_of_the_machine_rounds_are_left_out)
{
    guard = (struct cq_abandon_guard){0};
    heard(0);
    ck_assert_int_eq(due(3600, 3), HEARTBEAT);
    ck_assert_int_eq(due(3630, 33), WAIT);
    ck_assert_int_eq(due(3636, 39), JUDGE);
    /* And sleeps again while it is. */
    ck_assert_int_eq(due(9000, 42), HEARTBEAT);
    ck_assert_int_eq(due(18000, 46), HEARTBEAT);
    ck_assert_int_eq(due(18004, 50), WAIT);
}
END_TEST

START_TEST(after_a_clock_was_set_either_way_rounds_are_left_out)
{
    guard = (struct cq_abandon_guard){0};
    heard(10000);
    ck_assert_int_eq(due(6404, 10004), HEARTBEAT);
    ck_assert_int_eq(due(6430, 10030), WAIT);
    ck_assert_int_eq(due(6439, 10039), JUDGE);
    cq_abandon_guard_heard(&guard, WALL(6439), MONO(10039));
    ck_assert_int_eq(due(6510, 10110), HEARTBEAT); /* a silence shows, although the clock has not caught up */
}
END_TEST

START_TEST(an_answer_after_a_silence_or_a_jump_does_not_hide_it)
{
    guard = (struct cq_abandon_guard){0};
    heard(0);
    heard(40); /* to what was asked at 4 */
    ck_assert_int_eq(due(41, 41), HEARTBEAT);
    heard(42);
    ck_assert_int_eq(due(80, 80), HEARTBEAT);
    cq_abandon_guard_heard(&guard, WALL(3680), MONO(81));
    ck_assert_int_eq(due(3681, 82), HEARTBEAT);
}
END_TEST

START_TEST(what_counts_is_past_by_both_clocks)
{
    ck_assert(cq_abandon_guard_judge_by(WALL(3600), WALL(0)) == WALL(0));
    ck_assert(cq_abandon_guard_judge_by(WALL(0), WALL(3600)) == WALL(0));
    ck_assert(!cq_abandon_guard_clocks_differ(WALL(10), WALL(0)) &&
              !cq_abandon_guard_clocks_differ(WALL(0), WALL(10)));
    ck_assert(cq_abandon_guard_clocks_differ(WALL(11), WALL(0)) &&
              cq_abandon_guard_clocks_differ(WALL(0), WALL(11)));
}
END_TEST

START_TEST(its_table_is_well_formed)
{
    size_t at = 0;
    const char *fault = cq_machine_fault(&cq_abandon_guard_machine, &at);
    ck_assert_msg(!fault, "rule %zu: %s", at, fault);
    for (int state = 0; state < cq_abandon_guard_machine.state_count; state++)
        ck_assert_ptr_nonnull(cq_machine_rule(&cq_abandon_guard_machine, state, CQ_ABANDON_GUARD_ROUND, 0));
}
END_TEST

/* A world of both clocks, in which Redis answers, is silent, the machine sleeps and clocks are set. */
START_TEST(in_random_orders_nobody_is_judged_within_the_respite_of_a_gap)
{
    enum { EVENTS = 100000, RESPITE_S = 35, SILENCE_S = 30 };
    int wall = 100000, monotonic = 0, heard_wall = wall, heard_monotonic = 0, gap_at = -RESPITE_S;
    random_begin("abandon guard");
    guard = (struct cq_abandon_guard){0};
    cq_abandon_guard_heard(&guard, WALL(wall), MONO(monotonic));
    for (int i = 0; i < EVENTS; i++) {
        int step = (int)random_below(random_below(20) ? 5 : 60),
            slept = random_below(50) ? 0 : (int)random_below(4000);
        int set = random_below(50) ? 0 : (int)random_below(8000) - 4000;
        wall += step + slept + set;
        monotonic += step;
        int by_wall = wall - heard_wall, by_monotonic = monotonic - heard_monotonic;
        bool gap = by_monotonic > SILENCE_S || by_wall > SILENCE_S || by_wall < by_monotonic - SILENCE_S;
        bool was_waiting = monotonic - gap_at < RESPITE_S;
        if (random_below(2)) {
            cq_abandon_guard_heard(&guard, WALL(wall), MONO(monotonic));
            if (!gap) {
                heard_wall = wall;
                heard_monotonic = monotonic;
            }
            continue;
        }
        int actions = due(wall, monotonic);
        if (gap)
            gap_at = monotonic;
        if (gap || was_waiting) {
            heard_wall = wall;
            heard_monotonic = monotonic;
        }
        REQUIRE(!gap || actions == HEARTBEAT, "event %d: a gap is not told", i);
        REQUIRE(gap || actions == (was_waiting ? WAIT : JUDGE), "event %d: %d %d s after a gap", i, actions,
                monotonic - gap_at);
    }
    /* Wherever it ended: with answers it judges again, soon. */
    for (int at = 0; at <= RESPITE_S + SILENCE_S; at += 4, wall += 4, monotonic += 4) {
        due(wall, monotonic);
        cq_abandon_guard_heard(&guard, WALL(wall), MONO(monotonic));
    }
    REQUIRE(due(wall, monotonic) == JUDGE, "it never judges again");
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = tcase_create("abandon_guard");
    tcase_add_test(tcase, while_redis_answers_every_round_judges);
    tcase_add_test(tcase, after_a_silence_of_redis_workers_have_time_to_come_back);
    tcase_add_test(tcase, after_a_sleep_of_the_machine_rounds_are_left_out);
    tcase_add_test(tcase, after_a_clock_was_set_either_way_rounds_are_left_out);
    tcase_add_test(tcase, an_answer_after_a_silence_or_a_jump_does_not_hide_it);
    tcase_add_test(tcase, what_counts_is_past_by_both_clocks);
    tcase_add_test(tcase, its_table_is_well_formed);
    tcase_add_test(tcase, in_random_orders_nobody_is_judged_within_the_respite_of_a_gap);
    return suite_of("core/abandon_guard", tcase);
}
