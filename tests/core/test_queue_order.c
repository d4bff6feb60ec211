#include <check.h>
#include <stdlib.h>

#include "base/attr.h"
#include "tests/support/suite.h"
#include "core/queue_order.h"

/* A generator with a seed of its own (splitmix64): the same draws on every machine. */
static uint64_t seeded(void *data)
{
    uint64_t *state = data;
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (z ^ z >> 31) >> 2;
}

static void assert_permutation(const size_t *order, size_t count)
{
    for (size_t place = 0; place < count; place++) {
        size_t seen = 0;
        for (size_t i = 0; i < count; i++)
            seen += order[i] == place;
        ck_assert_uint_eq(seen, 1);
    }
}

START_TEST(weights_are_the_chances_to_be_first_and_then_second)
{
    enum { DRAWS = 100000 };
    const int64_t weights[] = {5, 1, 3, 1};
    size_t order[] = {0, 1, 2, 3};
    int first[4] = {0}, second_after_0[4] = {0};
    uint64_t state = 1;
    for (int i = 0; i < DRAWS; i++) {
        cq_queue_order_draw_weighted(order, weights, 4, seeded, &state);
        assert_permutation(order, 4);
        first[order[0]]++;
        if (order[0] == 0)
            second_after_0[order[1]]++;
    }
    for (int i = 0; i < 4; i++) {
        ck_assert_int_gt(first[i], DRAWS / 10 * weights[i] * 95 / 100);
        ck_assert_int_lt(first[i], DRAWS / 10 * weights[i] * 105 / 100);
    }
    /* What 0 leaves empty goes to the others by their weights: 1, 3, 1. */
    ck_assert_int_gt(second_after_0[2], first[0] * 3 / 5 * 95 / 100);
    ck_assert_int_lt(second_after_0[2], first[0] * 3 / 5 * 105 / 100);
}
END_TEST

START_TEST(the_lightest_of_queues_is_not_starved)
{
    const int64_t weights[] = {1000, 1};
    size_t order[] = {0, 1};
    uint64_t state = 2;
    int first = 0;
    for (int i = 0; i < 100000; i++) {
        cq_queue_order_draw_weighted(order, weights, 2, seeded, &state);
        first += order[0] == 1;
    }
    ck_assert_int_gt(first, 60);
    ck_assert_int_lt(first, 150);
}
END_TEST

START_TEST(one_queue_and_the_largest_weights_are_drawn_too)
{
    const int64_t weights[] = {1000000, 1000000};
    size_t order[] = {0, 1};
    uint64_t state = 3;
    cq_queue_order_draw_weighted(order, weights, 1, seeded, &state);
    ck_assert_uint_eq(order[0], 0);
    cq_queue_order_draw_weighted(order, weights, 2, seeded, &state);
    assert_permutation(order, 2);
}
END_TEST

START_TEST(a_shuffle_gives_each_order_now_and_then)
{
    size_t order[] = {0, 1, 2};
    int seen[27] = {0};
    uint64_t state = 4;
    for (int i = 0; i < 6000; i++) {
        cq_queue_order_shuffle(order, 3, seeded, &state);
        assert_permutation(order, 3);
        seen[order[0] * 9 + order[1] * 3 + order[2]]++;
    }
    int orders = 0;
    for (size_t i = 0; i < CQ_ARRAY_LEN(seen); i++) {
        orders += seen[i] > 800 && seen[i] < 1200;
        ck_assert_int_lt(seen[i], 1200);
    }
    ck_assert_int_eq(orders, 6);
}
END_TEST

START_TEST(what_follows_the_queue_just_served_comes_first)
{
    size_t order[] = {0, 1, 2};
    cq_queue_order_rotate(order, 3, 0);
    ck_assert_uint_eq(order[0], 1);
    ck_assert_uint_eq(order[2], 0);
    cq_queue_order_rotate(order, 3, 1);
    ck_assert_uint_eq(order[0], 0);
    cq_queue_order_rotate(order, 3, 2);
    ck_assert_uint_eq(order[0], 0);
    assert_permutation(order, 3);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = tcase_create("order");
    tcase_add_test(tcase, weights_are_the_chances_to_be_first_and_then_second);
    tcase_add_test(tcase, the_lightest_of_queues_is_not_starved);
    tcase_add_test(tcase, one_queue_and_the_largest_weights_are_drawn_too);
    tcase_add_test(tcase, a_shuffle_gives_each_order_now_and_then);
    tcase_add_test(tcase, what_follows_the_queue_just_served_comes_first);
    return suite_of("core/queue_order", tcase);
}
