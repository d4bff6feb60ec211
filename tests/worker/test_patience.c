#include <check.h>
#include <stdlib.h>

#include "worker/patience.h"

/* Both clocks in seconds; they start apart, as they do. */
#define WALL(s) ((cq_time)(1795212711 + (s)) * CQ_SECOND)
#define MONO(s) ((cq_time)(5000 + (s)) * CQ_SECOND)

static struct cq_patience patience;

static enum cq_patience_state ask(int wall, int monotonic)
{
    return cq_patience_ask(&patience, WALL(wall), MONO(monotonic));
}

static void heard(int at)
{
    cq_patience_heard(&patience, WALL(at), MONO(at));
}

START_TEST(who_hears_of_redis_all_the_time_judges)
{
    patience = (struct cq_patience){0};
    ck_assert_int_eq(ask(0, 0), CQ_PATIENCE_OVER); /* also at the start */
    for (int at = 0; at < 300; at += 4) {
        heard(at);
        ck_assert_int_eq(ask(at + 4, at + 4), CQ_PATIENCE_OVER);
    }
}
END_TEST

START_TEST(after_a_silence_of_redis_everybody_has_time_to_come_back)
{
    patience = (struct cq_patience){0};
    heard(0);
    ck_assert_int_eq(ask(30, 30), CQ_PATIENCE_OVER);
    ck_assert_int_eq(ask(40, 40), CQ_PATIENCE_BEGINS);
    ck_assert_int_eq(ask(44, 44), CQ_PATIENCE_LASTS);
    ck_assert_int_eq(ask(74, 74), CQ_PATIENCE_LASTS);
    ck_assert_int_eq(ask(75, 75), CQ_PATIENCE_OVER);
}
END_TEST

START_TEST(a_machine_that_slept_is_patient)
{
    patience = (struct cq_patience){0};
    heard(0);
    ck_assert_int_eq(ask(3600, 3), CQ_PATIENCE_BEGINS);
    ck_assert_int_eq(ask(3630, 33), CQ_PATIENCE_LASTS);
    ck_assert_int_eq(ask(3636, 39), CQ_PATIENCE_OVER);
    /* And sleeps again while it is. */
    ck_assert_int_eq(ask(9000, 42), CQ_PATIENCE_BEGINS);
    ck_assert_int_eq(ask(18000, 46), CQ_PATIENCE_BEGINS);
    ck_assert_int_eq(ask(18004, 50), CQ_PATIENCE_LASTS);
}
END_TEST

START_TEST(a_clock_that_is_set_makes_patient_in_either_direction)
{
    patience = (struct cq_patience){0};
    heard(10000);
    ck_assert_int_eq(ask(6404, 10004), CQ_PATIENCE_BEGINS);
    ck_assert_int_eq(ask(6430, 10030), CQ_PATIENCE_LASTS);
    ck_assert_int_eq(ask(6439, 10039), CQ_PATIENCE_OVER);
    cq_patience_heard(&patience, WALL(6439), MONO(10039));
    ck_assert_int_eq(ask(6510, 10110),
                     CQ_PATIENCE_BEGINS); /* a silence shows, although the clock has not caught up */
}
END_TEST

START_TEST(an_answer_after_a_silence_or_a_jump_does_not_hide_it)
{
    patience = (struct cq_patience){0};
    heard(0);
    heard(40); /* to what was asked at 4 */
    ck_assert_int_eq(ask(41, 41), CQ_PATIENCE_BEGINS);
    heard(42);
    ck_assert_int_eq(ask(80, 80), CQ_PATIENCE_BEGINS);
    cq_patience_heard(&patience, WALL(3680), MONO(81));
    ck_assert_int_eq(ask(3681, 82), CQ_PATIENCE_BEGINS);
}
END_TEST

START_TEST(what_counts_is_past_by_both_clocks)
{
    ck_assert(cq_patience_judge(WALL(3600), WALL(0)) == WALL(0));
    ck_assert(cq_patience_judge(WALL(0), WALL(3600)) == WALL(0));
    ck_assert(!cq_patience_differ(WALL(10), WALL(0)) && !cq_patience_differ(WALL(0), WALL(10)));
    ck_assert(cq_patience_differ(WALL(11), WALL(0)) && cq_patience_differ(WALL(0), WALL(11)));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("worker/patience");
    TCase *tcase = tcase_create("patience");
    tcase_add_test(tcase, who_hears_of_redis_all_the_time_judges);
    tcase_add_test(tcase, after_a_silence_of_redis_everybody_has_time_to_come_back);
    tcase_add_test(tcase, a_machine_that_slept_is_patient);
    tcase_add_test(tcase, a_clock_that_is_set_makes_patient_in_either_direction);
    tcase_add_test(tcase, an_answer_after_a_silence_or_a_jump_does_not_hide_it);
    tcase_add_test(tcase, what_counts_is_past_by_both_clocks);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
