/* Growing pauses: their bounds, whatever is drawn. */
#include <check.h>

#include "base/attr.h"
#include "base/backoff.h"
#include "base/random.h"
#include "tests/support/suite.h"

START_TEST(pauses_double_from_the_first_to_the_bound_and_stay_there)
{
    static const double expected[] = {0.5, 1, 2, 4, 5, 5, 5};
    struct cq_backoff backoff = CQ_BACKOFF_INIT(0.5, 5, 0);
    for (size_t i = 0; i < CQ_ARRAY_LEN(expected); i++)
        ck_assert_double_eq_tol(cq_backoff_next(&backoff, 0.3), expected[i], 1e-9);
}
END_TEST

START_TEST(after_a_reset_the_first_pause_comes_again)
{
    struct cq_backoff backoff = CQ_BACKOFF_INIT(0.1, 30, 0);
    for (int i = 0; i < 20; i++)
        cq_backoff_next(&backoff, 0);
    ck_assert_double_eq_tol(cq_backoff_next(&backoff, 0), 30, 1e-9);
    cq_backoff_reset(&backoff);
    ck_assert_double_eq_tol(cq_backoff_next(&backoff, 0), 0.1, 1e-9);
}
END_TEST

START_TEST(the_jitter_is_the_share_of_the_pause_that_is_drawn)
{
    struct cq_backoff half = CQ_BACKOFF_INIT(8, 64, 0.5), all = CQ_BACKOFF_INIT(8, 64, 1);
    ck_assert_double_eq_tol(cq_backoff_next(&half, 0), 4, 1e-9);
    ck_assert_double_eq_tol(cq_backoff_next(&half, 1), 16, 1e-9);
    ck_assert_double_eq_tol(cq_backoff_next(&half, 0.5), 24, 1e-9);
    ck_assert_double_eq_tol(cq_backoff_next(&all, 0), 0, 1e-9);
    ck_assert_double_eq_tol(cq_backoff_next(&all, 1), 16, 1e-9);
}
END_TEST

START_TEST(a_first_pause_above_the_bound_is_the_bound)
{
    struct cq_backoff backoff = CQ_BACKOFF_INIT(9, 3, 0);
    ck_assert_double_eq_tol(cq_backoff_next(&backoff, 0), 3, 1e-9);
}
END_TEST

START_TEST(random_numbers_fill_the_range_from_0_to_1)
{
    enum { DRAWS = 2000, PARTS = 10 };
    int parts[PARTS + 1] = {0};
    for (int i = 0; i < DRAWS; i++) {
        double random = cq_random();
        ck_assert(random >= 0 && random <= 1);
        parts[(int)(random * PARTS)]++;
    }
    for (int i = 0; i < PARTS; i++)
        ck_assert_int_gt(parts[i], 0);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = tcase_create("backoff");
    tcase_add_test(tc, pauses_double_from_the_first_to_the_bound_and_stay_there);
    tcase_add_test(tc, after_a_reset_the_first_pause_comes_again);
    tcase_add_test(tc, the_jitter_is_the_share_of_the_pause_that_is_drawn);
    tcase_add_test(tc, a_first_pause_above_the_bound_is_the_bound);
    tcase_add_test(tc, random_numbers_fill_the_range_from_0_to_1);
    return suite_of("base/backoff", tc);
}
