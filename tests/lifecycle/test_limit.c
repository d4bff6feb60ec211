/* What `cq limit` sets for a key, beside what its jobs say: lifecycle/manage/limit.lua, and how the other
 * transitions take it. */
#include "lifecycle/manage/limit.h"
#include "tests/lifecycle/limited.h"

static void set_concurrency(int64_t concurrency)
{
    struct cq_limit limit = {.key = CQ_STR_LIT("api"), .rate = CQ_LIMIT_KEEP, .concurrency = concurrency};
    bool before;
    cq_limit_set_build(&limit, NOW, &call);
    ck_assert_int_eq(cq_limit_read(step(), &before, NULL), CQ_OK);
}

/* It has a key and no number of its own. */
static void enqueue_keyed(const char *id)
{
    struct cq_job job = new_job(id, "default");
    job.rate_limit_key = CQ_STR_LIT("api");
    enqueue(&job);
}

static void assert_nothing_to_start(void)
{
    struct cq_fetch fetch = fetch_of(RUN_2);
    struct cq_started started = {0};
    ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_EMPTY);
}

START_TEST(an_operator_s_number_goes_before_the_jobs_own)
{
    set_concurrency(2);
    enqueue_keyed("k");
    ck_assert_int_eq(INT("ZCARD", ALLOWED), 1);
    enqueue_limited("a");
    enqueue_limited("b");
    assert_holds("a");
    assert_waits("b");
    assert_text("2", "HGET", "rq:rl:api", "concurrency");
}
END_TEST

START_TEST(a_limit_that_is_set_counts_for_jobs_that_are_queued)
{
    enqueue_keyed("k1");
    enqueue_keyed("k2");
    set_concurrency(1);
    start("k1", RUN_1);
    assert_nothing_to_start();
    assert_waits("k2");
    set_concurrency(2);
    assert_holds("k2");
    set_concurrency(1); /* who has a slot keeps it */
    start("k2", RUN_2);
    ck_assert_int_eq(INT("ZCARD", ALLOWED), 2);
}
END_TEST

START_TEST(without_the_operator_s_number_the_jobs_own_counts_again)
{
    set_concurrency(3);
    enqueue_limited("a");
    enqueue_limited("b");
    assert_holds("b");
    assert_text("1", "HGET", "rq:job:b", "rate_limit_concurrency");
    set_concurrency(CQ_LIMIT_NONE);
    assert_text("1", "HGET", "rq:rl:api", "concurrency");
    enqueue_limited("c");
    start("a", RUN_1);
    finish("a", CQ_OUTCOME_SUCCESS);
    assert_waits("c");
    start("b", RUN_1);
    finish("b", CQ_OUTCOME_SUCCESS);
    assert_holds("c");
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {
        an_operator_s_number_goes_before_the_jobs_own,
        a_limit_that_is_set_counts_for_jobs_that_are_queued,
        without_the_operator_s_number_the_jobs_own_counts_again,
    };
    return lifecycle_suite("limit", tests, CQ_ARRAY_LEN(tests));
}
