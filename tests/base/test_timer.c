/* Timers of a libev loop: when they call, and when they do not. */
#include <check.h>

#include "base/timer.h"
#include "tests/support/suite.h"

enum { LATER_S = 3600 };

struct counter {
    struct cq_timer timer;
    int calls, until; /* cancels itself at this number of calls */
};

static struct ev_loop *loop;

static void count(void *data)
{
    struct counter *counter = data;
    if (++counter->calls == counter->until)
        cq_timer_cancel(&counter->timer);
}

static void make_loop(void)
{
    loop = ev_loop_new(EVFLAG_AUTO);
}

static void destroy_loop(void)
{
    ev_loop_destroy(loop);
}

START_TEST(an_armed_timer_calls_once_with_its_data)
{
    struct counter counter = {0};
    cq_timer_init(&counter.timer, loop, count, &counter);
    ck_assert(!cq_timer_is_armed(&counter.timer));
    cq_timer_arm(&counter.timer, 0.001);
    ck_assert(cq_timer_is_armed(&counter.timer));
    ev_run(loop, 0);
    ck_assert_int_eq(counter.calls, 1);
    ck_assert(!cq_timer_is_armed(&counter.timer));
}
END_TEST

START_TEST(arming_again_starts_over_with_the_new_time)
{
    struct counter counter = {0};
    cq_timer_init(&counter.timer, loop, count, &counter);
    cq_timer_arm(&counter.timer, LATER_S);
    cq_timer_arm(&counter.timer, 0);
    ev_run(loop, 0);
    ck_assert_int_eq(counter.calls, 1);
}
END_TEST

START_TEST(a_time_in_the_past_is_the_next_turn_of_the_loop)
{
    struct counter counter = {0};
    cq_timer_init(&counter.timer, loop, count, &counter);
    cq_timer_arm(&counter.timer, -5);
    ck_assert_int_eq(counter.calls, 0);
    ev_run(loop, 0);
    ck_assert_int_eq(counter.calls, 1);
}
END_TEST

START_TEST(a_repeated_timer_calls_until_it_is_cancelled)
{
    struct counter counter = {.until = 3};
    cq_timer_init(&counter.timer, loop, count, &counter);
    cq_timer_arm_every(&counter.timer, 0, 0.001);
    ev_run(loop, 0);
    ck_assert_int_eq(counter.calls, 3);
}
END_TEST

START_TEST(a_cancelled_timer_does_not_call_though_its_time_has_come)
{
    struct counter first = {0}, second = {0};
    cq_timer_init(&first.timer, loop, count, &first);
    cq_timer_init(&second.timer, loop, count, &second);
    cq_timer_arm(&first.timer, 0);
    cq_timer_arm(&second.timer, 0);
    cq_timer_cancel(&first.timer);
    ck_assert(!cq_timer_is_armed(&first.timer));
    ev_run(loop, 0);
    ck_assert_int_eq(first.calls, 0);
    ck_assert_int_eq(second.calls, 1);
}
END_TEST

START_TEST(a_timer_that_was_never_prepared_may_be_cancelled)
{
    struct cq_timer timer = {0};
    cq_timer_cancel(&timer);
    ck_assert(!cq_timer_is_armed(&timer));
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = tcase_create("timer");
    tcase_add_checked_fixture(tc, make_loop, destroy_loop);
    tcase_add_test(tc, an_armed_timer_calls_once_with_its_data);
    tcase_add_test(tc, arming_again_starts_over_with_the_new_time);
    tcase_add_test(tc, a_time_in_the_past_is_the_next_turn_of_the_loop);
    tcase_add_test(tc, a_repeated_timer_calls_until_it_is_cancelled);
    tcase_add_test(tc, a_cancelled_timer_does_not_call_though_its_time_has_come);
    tcase_add_test(tc, a_timer_that_was_never_prepared_may_be_cancelled);
    return suite_of("base/timer", tc);
}
