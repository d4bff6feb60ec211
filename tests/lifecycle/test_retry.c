/* finish, when the job is to run again: after an exception with retries left, or because its function asked
 * for it. */
#include "tests/lifecycle/steps.h"

static struct cq_job retried_job(int64_t left, const char *intervals)
{
    struct cq_job job = new_job("j1", "default");
    job.retries_left = left;
    if (intervals)
        job.retry_intervals = cq_str(intervals);
    return job;
}

START_TEST(an_exception_with_retries_left_requeues_at_once_without_intervals)
{
    struct cq_job job = retried_job(2, NULL);
    enqueue_and_start(&job);
    enqueue_plain("j2");
    ck_assert_int_eq(finish("j1", CQ_OUTCOME_FAILED), CQ_VERDICT_REQUEUED);
    assert_text("queued", "HGET", "rq:job:j1", "status");
    assert_text("1", "HGET", "rq:job:j1", "retries_left");
    assert_text("2026-11-20T22:11:52.500123Z", "HGET", "rq:job:j1", "enqueued_at");
    assert_text("j1", "LINDEX", "rq:queue:default", "-1");
    ck_assert_int_eq(INT("EXISTS", "rq:results:j1"), 0);
    ck_assert_int_eq(INT("HGET", worker_key, "failed_job_count"), 1);
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

START_TEST(enqueue_at_front_on_retry_goes_to_the_front)
{
    struct cq_job job = retried_job(1, "[0]");
    job.enqueue_at_front_on_retry = true;
    enqueue_and_start(&job);
    enqueue_plain("j2");
    ck_assert_int_eq(finish("j1", CQ_OUTCOME_FAILED), CQ_VERDICT_REQUEUED);
    assert_text("j1", "LINDEX", "rq:queue:default", "0");
}
END_TEST

START_TEST(intervals_are_taken_in_order_and_the_last_failure_is_buried)
{
    struct cq_job job = retried_job(3, "[10, 20]");
    enqueue_and_start(&job);
    const int expected[] = {
        10, 10, 20}; /* more retries than intervals: RQ repeats the first, so that the last come last */
    for (size_t i = 0; i < CQ_ARRAY_LEN(expected); i++) {
        ck_assert_int_eq(finish("j1", CQ_OUTCOME_FAILED), CQ_VERDICT_SCHEDULED);
        assert_text("scheduled", "HGET", "rq:job:j1", "status");
        ck_assert_int_eq(INT("ZSCORE", "rq:scheduled:default", "j1"), NOW_S + 1 + expected[i]);
        ck_assert_int_eq(job_places("j1"), 1);
        RUN("DEL", "rq:scheduled:default");
        RUN("RPUSH", "rq:queue:default", "j1");
        start("j1", RUN_1);
    }
    assert_text("0", "HGET", "rq:job:j1", "retries_left");
    ck_assert_int_eq(finish("j1", CQ_OUTCOME_FAILED), CQ_VERDICT_FAILED);
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

START_TEST(a_retried_job_with_a_ttl_expires_while_it_waits)
{
    struct cq_job job = retried_job(1, NULL);
    job.ttl_s = 70;
    enqueue_and_start(&job);
    ck_assert_int_eq(INT("TTL", "rq:job:j1"), -1);
    ck_assert_int_eq(finish("j1", CQ_OUTCOME_FAILED), CQ_VERDICT_REQUEUED);
    ck_assert_int_eq(INT("TTL", "rq:job:j1"), 70);
}
END_TEST

START_TEST(unreadable_intervals_mean_at_once)
{
    const char *const lists[] = {"", "[", "{}", "[]", "null", "[\"x\"]", "[[1]]", "[1e400]", "[-5]"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(lists); i++) {
        redis_server_flush(server);
        struct cq_job job = retried_job(1, lists[i]);
        enqueue_and_start(&job);
        enum cq_finish_verdict verdict = finish("j1", CQ_OUTCOME_FAILED);
        ck_assert_msg(verdict == CQ_VERDICT_REQUEUED || verdict == CQ_VERDICT_SCHEDULED, "%s gives %d",
                      lists[i], verdict);
        ck_assert_int_eq(job_places("j1"), 1);
    }
}
END_TEST

START_TEST(a_returned_retry_counts_up_and_leaves_a_result_of_type_4)
{
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job);
    struct cq_finish with = finish_of("j1", CQ_OUTCOME_RETRY);
    with.retry_max = 2;
    with.retry_intervals = CQ_STR_LIT("[0, 30]");
    ck_assert_int_eq(finish_with(&with).verdict, CQ_VERDICT_REQUEUED);
    assert_text("1", "HGET", "rq:job:j1", "number_of_retries");
    ck_assert_int_eq(job_places("j1"), 1);
    struct cq_reply *entries = redis_server_run(server, "XREVRANGE", "rq:results:j1", "+", "-", NULL);
    ck_assert(cq_str_is(cq_reply_field(cq_reply_at(cq_reply_at(entries, 0), 1), "type"), "4"));
    ck_assert_ptr_null(cq_reply_field(cq_reply_at(cq_reply_at(entries, 0), 1), "exc_string").data);
    cq_reply_free(entries);

    start("j1", RUN_1);
    ck_assert_int_eq(finish_with(&with).verdict, CQ_VERDICT_SCHEDULED);
    ck_assert_int_eq(INT("ZSCORE", "rq:scheduled:default", "j1"), NOW_S + 1 + 30);
    assert_text("2", "HGET", "rq:job:j1", "number_of_retries");
    ck_assert_int_eq(INT("HGET", worker_key, "failed_job_count"), 2);
}
END_TEST

START_TEST(a_returned_retry_beyond_its_max_fails_with_type_5)
{
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job);
    INT("HSET", "rq:job:j1", "number_of_retries", "2");
    struct cq_finish with = finish_of("j1", CQ_OUTCOME_RETRY);
    with.retry_max = 2;
    with.retry_intervals = CQ_STR_LIT("[0]");
    ck_assert_int_eq(finish_with(&with).verdict, CQ_VERDICT_FAILED);
    assert_text("failed", "HGET", "rq:job:j1", "status");
    struct cq_reply *entries = redis_server_run(server, "XREVRANGE", "rq:results:j1", "+", "-", NULL);
    ck_assert(cq_str_is(cq_reply_field(cq_reply_at(cq_reply_at(entries, 0), 1), "type"), "5"));
    cq_reply_free(entries);
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

START_TEST(a_retry_sent_again_queues_the_job_once)
{
    struct cq_job job = retried_job(5, NULL);
    enqueue_and_start(&job);
    struct cq_finish with = finish_of("j1", CQ_OUTCOME_FAILED);
    ck_assert_int_eq(cq_finish_build(&with, &call, NULL), CQ_OK);
    cut_call(true);
    ck_assert_int_eq(job_places("j1"), 1);
    ck_assert_int_eq(finish_with(&with).verdict, CQ_VERDICT_FENCED);
    ck_assert_int_eq(job_places("j1"), 1);
    assert_text("4", "HGET", "rq:job:j1", "retries_left");
}
END_TEST

START_TEST(a_retry_that_is_also_the_next_job_starts_once_however_often_it_is_sent)
{
    struct cq_job job = retried_job(5, NULL);
    enqueue_and_start(&job);
    struct cq_finish with = finish_of("j1", CQ_OUTCOME_FAILED);
    struct cq_fetch next = fetch_of(RUN_2);
    with.next = &next;
    struct cq_finished finished = finish_with(&with);
    ck_assert_int_eq(finished.verdict, CQ_VERDICT_REQUEUED);
    ck_assert_int_eq(finished.next_verdict, CQ_FETCH_STARTED);
    ck_assert(cq_str_is(finished.next.job_id, "j1"));
    next.resume = true;
    finished = finish_with(&with);
    ck_assert_int_eq(finished.next_verdict, CQ_FETCH_STARTED);
    ck_assert(cq_str_is(finished.next.job_id, "j1"));
    ck_assert_int_eq(job_places("j1"), 1);
    assert_text("4", "HGET", "rq:job:j1", "retries_left");
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {
        an_exception_with_retries_left_requeues_at_once_without_intervals,
        enqueue_at_front_on_retry_goes_to_the_front,
        intervals_are_taken_in_order_and_the_last_failure_is_buried,
        a_retried_job_with_a_ttl_expires_while_it_waits,
        unreadable_intervals_mean_at_once,
        a_returned_retry_counts_up_and_leaves_a_result_of_type_4,
        a_returned_retry_beyond_its_max_fails_with_type_5,
        a_retry_sent_again_queues_the_job_once,
        a_retry_that_is_also_the_next_job_starts_once_however_often_it_is_sent,
    };
    return lifecycle_suite("retry", tests, CQ_ARRAY_LEN(tests));
}
