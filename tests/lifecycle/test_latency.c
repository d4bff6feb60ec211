/* The strategy `latency`: the order of queues in fetch.lua and finish.lua (scripts/parts/latency.lua). */
#include "tests/lifecycle/steps.h"

static struct cq_started started;

static const struct cq_str queues[] = {{"high", 4}, {"default", 7}, {"low", 3}};

/* An id on a queue, enqueued so long ago. */
static void enqueue_ago(const char *id, const char *queue, int64_t ago_s)
{
    char iso[CQ_TIME_ISO_SIZE];
    struct cq_job job = new_job(id, queue);
    enqueue(&job);
    cq_time_iso(NOW - ago_s * CQ_SECOND, iso);
    RUN("HSET", cq_key_job(cq_str(id)).text, "enqueued_at", iso);
}

static struct cq_fetch latency_fetch(const char *execution)
{
    struct cq_fetch fetch = fetch_of(execution);
    fetch.queues = queues;
    fetch.queue_count = CQ_ARRAY_LEN(queues);
    fetch.targets = CQ_STR_LIT("5 60 600 ");
    return fetch;
}

static void expect_next(const char *id, const char *execution)
{
    struct cq_fetch fetch = latency_fetch(execution);
    ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_STARTED);
    ck_assert_msg(cq_str_is(started.job_id, id), "started %.*s, not %s", (int)started.job_id.len,
                  started.job_id.data, id);
    ck_assert(cq_str_is(cq_reply_field(started.fields, "origin"), queues[started.queue_index].data));
}

START_TEST(the_queue_closest_to_missing_its_own_target_comes_first)
{
    enqueue_ago("h1", "high", 1);     /* 0.2 of its target */
    enqueue_ago("d1", "default", 30); /* 0.5 */
    enqueue_ago("l1", "low", 540);    /* 0.9 */
    enqueue_ago("d2", "default", 29);
    expect_next("l1", RUN_1);
    expect_next("d1", RUN_2);
    expect_next("d2", RUN_3);
    expect_next("h1", "44444444444444444444444444444444");
}
END_TEST

START_TEST(of_queues_that_are_equally_late_the_first_named_comes_first)
{
    enqueue_ago("l1", "low", 0);
    enqueue_ago("d1", "default", 0);
    enqueue_ago("h1", "high", 0);
    expect_next("h1", RUN_1);
    expect_next("d1", RUN_2);
    expect_next("l1", RUN_3);
}
END_TEST

START_TEST(midnights_and_leap_days_are_no_jumps)
{
    const char *const times[] = {"2028-02-29T23:59:59.500000Z", "2028-03-01T00:00:00.500000Z",
                                 "2027-12-31T23:59:59Z"};
    const cq_time late = 1;
    for (size_t i = 0; i < CQ_ARRAY_LEN(times); i++) {
        cq_time when;
        redis_server_flush(server);
        ck_assert(cq_time_parse_iso(cq_str(times[i]), &when));
        enqueue_ago("h1", "high", 0);
        enqueue_ago("d1", "default", 0);
        RUN("HSET", "rq:job:h1", "enqueued_at", times[i]);
        RUN("HSET", "rq:job:d1", "enqueued_at", times[i]);
        /* One microsecond after it: high is later by its smaller target; with the wrong day it would be by
         * years, or early. */
        struct cq_fetch fetch = latency_fetch(RUN_1);
        fetch.now = when + late;
        ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_STARTED);
        ck_assert(cq_str_is(started.job_id, "h1"));
        /* And of two jobs a second apart the older one, whatever month or year is between. */
        struct cq_job low = new_job("l1", "low");
        enqueue(&low);
        char earlier[CQ_TIME_ISO_SIZE];
        cq_time_iso(when - 11 * CQ_SECOND, earlier);
        RUN("HSET", "rq:job:l1", "enqueued_at", earlier);
        fetch = latency_fetch(RUN_2);
        fetch.now = when + CQ_SECOND; /* default: 1 s of 60; low: 12 s of 600 */
        ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_STARTED);
        ck_assert(cq_str_is(started.job_id, "l1"));
    }
}
END_TEST

START_TEST(a_head_that_is_no_job_or_without_a_time_hides_nobody)
{
    enqueue_ago("h1", "high", 100);
    enqueue_ago("l1", "low", 1);
    RUN("LPUSH", "rq:queue:low", "gone");
    RUN("HDEL", "rq:job:l1", "enqueued_at");
    expect_next("l1", RUN_1);
    expect_next("h1", RUN_2);
    struct cq_fetch fetch = latency_fetch(RUN_3);
    ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_EMPTY);
}
END_TEST

START_TEST(between_two_jobs_the_order_is_judged_anew)
{
    struct cq_job first = new_job("d0", "default");
    enqueue_and_start(&first);
    enqueue_ago("h1", "high", 1);
    enqueue_ago("l1", "low", 540);
    struct cq_finish outcome = finish_of("d0", CQ_OUTCOME_SUCCESS);
    struct cq_fetch next = latency_fetch(RUN_2);
    outcome.next = &next;
    struct cq_finished finished = finish_with(&outcome);
    ck_assert_int_eq(finished.next_verdict, CQ_FETCH_STARTED);
    ck_assert(cq_str_is(finished.next.job_id, "l1"));
    ck_assert_uint_eq(finished.next.queue_index, 2);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {
        the_queue_closest_to_missing_its_own_target_comes_first,
        of_queues_that_are_equally_late_the_first_named_comes_first,
        midnights_and_leap_days_are_no_jumps,
        a_head_that_is_no_job_or_without_a_time_hides_nobody,
        between_two_jobs_the_order_is_judged_anew,
    };
    return lifecycle_suite("latency", tests, CQ_ARRAY_LEN(tests));
}
