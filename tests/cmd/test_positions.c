/* The positions of a pool, without processes; those are in tests/cli/test_worker_pool.sh. */
#include "cmd/pool/process_end.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/support/suite.h"

static struct cq_session session;
static struct cq_pool pool;

static void open_pool(bool processes, int wanted)
{
    pool = (struct cq_pool){.session = &session, .name = "p", .processes = processes, .wanted = wanted};
    cq_log_init(&pool.log, open("/dev/null", O_WRONLY | O_CLOEXEC), CQ_LOG_INFO, CQ_LOG_TEXT);
    cq_pool_init(&pool);
}

static void close_pool(void)
{
    cq_pool_release(&pool);
}

START_TEST(a_pool_has_one_position_or_one_for_each_worker)
{
    open_pool(false, 5);
    ck_assert_int_eq(pool.position_count, 1);
    ck_assert(!cq_pool_is_over(&pool));
    close_pool();
    open_pool(true, 5);
    ck_assert_int_eq(pool.position_count, 5);
    close_pool();
}
END_TEST

START_TEST(more_workers_are_more_positions_that_wait_for_a_process)
{
    open_pool(true, 2);
    cq_pool_resize(&pool, 4);
    ck_assert_int_eq(pool.position_count, 4);
    ck_assert_int_eq(pool.positions[3].life.state, CQ_POSITION_WAITING);
    cq_pool_resize(&pool, 1);
    ck_assert_int_eq(pool.position_count, 1);
    close_pool();
}
END_TEST

START_TEST(sizes_that_may_not_be_change_nothing)
{
    open_pool(true, 2);
    cq_pool_resize(&pool, 0);
    cq_pool_resize(&pool, -1);
    cq_pool_resize(&pool, CQ_SLOTS_MAX + 1);
    ck_assert_int_eq(pool.wanted, 2);
    ck_assert_int_eq(pool.position_count, 2);
    close_pool();
}
END_TEST

START_TEST(a_pool_that_ends_starts_nothing_and_is_over_without_processes)
{
    open_pool(true, 3);
    cq_pool_stop(&pool, 15);
    ck_assert_int_eq(cq_pool_start_due(&pool), 0);
    cq_pool_resize(&pool, 8);
    ck_assert_int_eq(pool.wanted, 3);
    ck_assert(cq_pool_is_over(&pool));
    close_pool();
}
END_TEST

START_TEST(a_process_that_is_none_of_ours_is_no_matter)
{
    open_pool(false, 1);
    cq_pool_reaped(&pool, 999999, 0);
    ck_assert_int_eq(pool.status, CQ_EXIT_OK);
    ck_assert_int_eq(pool.state, CQ_POOL_STARTING);
    close_pool();
}
END_TEST

START_TEST(memory_is_that_of_the_largest_and_zero_when_it_is_not_known)
{
    ck_assert_int_gt(cq_child_rss_kb(getpid()), 100);
    ck_assert_int_eq(cq_child_rss_kb(999999999), 0);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = tcase_create("all");
    tcase_add_test(tc, a_pool_has_one_position_or_one_for_each_worker);
    tcase_add_test(tc, more_workers_are_more_positions_that_wait_for_a_process);
    tcase_add_test(tc, sizes_that_may_not_be_change_nothing);
    tcase_add_test(tc, a_pool_that_ends_starts_nothing_and_is_over_without_processes);
    tcase_add_test(tc, a_process_that_is_none_of_ours_is_no_matter);
    tcase_add_test(tc, memory_is_that_of_the_largest_and_zero_when_it_is_not_known);
    return suite_of("positions", tc);
}
