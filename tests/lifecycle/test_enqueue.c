#include "tests/lifecycle/steps.h"

START_TEST(enqueue_writes_what_rq_reads)
{
    struct cq_job job = new_job("j1", "default");
    job.result_ttl_s = 60;
    job.retries_left = 3;
    job.retry_intervals = CQ_STR_LIT("[10, 20]");
    struct cq_enqueue with = {.job = &job, .now = NOW + CQ_SECOND};
    int64_t len = 0;
    cq_enqueue_build(&with, &call);
    ck_assert_int_eq(cq_enqueue_read(step(), &len, NULL), CQ_OK);
    ck_assert_int_eq(len, 1);
    assert_text("queued", "HGET", "rq:job:j1", "status");
    assert_text("2026-11-20T22:11:52.000123Z", "HGET", "rq:job:j1", "enqueued_at");
    assert_text(NOW_ISO, "HGET", "rq:job:j1", "created_at");
    assert_text("", "HGET", "rq:job:j1", "ended_at");
    assert_text("180", "HGET", "rq:job:j1", "timeout");
    assert_text("60", "HGET", "rq:job:j1", "result_ttl");
    assert_text("[10, 20]", "HGET", "rq:job:j1", "retry_intervals");
    assert_missing("HGET", "rq:job:j1", "failure_ttl");
    ck_assert_int_eq(INT("SISMEMBER", "rq:queues", "rq:queue:default"), 1);
    ck_assert_int_eq(INT("TTL", "rq:job:j1"), -1);
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

START_TEST(enqueue_at_front_is_fetched_first)
{
    enqueue_plain("j1");
    struct cq_job job = new_job("j2", "default");
    struct cq_enqueue with = {.job = &job, .at_front = true, .now = NOW};
    int64_t len = 0;
    cq_enqueue_build(&with, &call);
    ck_assert_int_eq(cq_enqueue_read(step(), &len, NULL), CQ_OK);
    ck_assert_int_eq(len, 2);
    assert_text("j2", "LINDEX", "rq:queue:default", "0");
}
END_TEST

START_TEST(ttl_expires_the_job_that_waits)
{
    struct cq_job job = new_job("j1", "default");
    job.ttl_s = 90;
    enqueue(&job);
    ck_assert_int_eq(INT("TTL", "rq:job:j1"), 90);
    assert_text("90", "HGET", "rq:job:j1", "ttl");
}
END_TEST

START_TEST(unique_refuses_an_id_that_exists_and_changes_nothing)
{
    enqueue_plain("j1");
    RUN("LPOP", "rq:queue:default");
    struct cq_job job = new_job("j1", "other");
    struct cq_enqueue with = {.job = &job, .unique = true, .now = NOW + CQ_SECOND};
    struct cq_error err = {0};
    cq_enqueue_build(&with, &call);
    ck_assert_int_eq(cq_enqueue_read(step(), NULL, &err), CQ_ERR_DUPLICATE_JOB);
    ck_assert_str_eq(err.text, "Job with ID 'j1' already exists");
    assert_text("default", "HGET", "rq:job:j1", "origin");
    ck_assert_int_eq(INT("EXISTS", "rq:queue:other"), 0);
    ck_assert_int_eq(INT("SISMEMBER", "rq:queues", "rq:queue:other"), 0);
}
END_TEST

START_TEST(an_id_enqueued_again_leaves_its_registry)
{
    enqueue_plain("j1");
    RUN("LPOP", "rq:queue:default");
    RUN("ZADD", "rq:failed:default", "5", "j1");
    struct cq_job job = new_job("j1", "default");
    struct cq_enqueue with = {.job = &job, .now = NOW + CQ_SECOND};
    cq_enqueue_build(&with, &call);
    ck_assert_int_eq(cq_enqueue_read(step(), NULL, NULL), CQ_OK);
    ck_assert_int_eq(job_places("j1"), 1);
    assert_text("j1", "LINDEX", "rq:queue:default", "0");
}
END_TEST

START_TEST(a_cut_before_enqueue_leaves_nothing_and_a_cut_after_it_one_job)
{
    struct cq_job job = new_job("j1", "default");
    struct cq_enqueue with = {.job = &job, .now = NOW};
    cq_enqueue_build(&with, &call);
    cut_call(false);
    ck_assert_int_eq(job_places("j1"), 0);
    ck_assert_int_eq(INT("EXISTS", "rq:job:j1"), 0);
    cut_call(true);
    ck_assert_int_eq(job_places("j1"), 1);
    int64_t len = 0;
    ck_assert_int_eq(cq_enqueue_read(step(), &len, NULL), CQ_OK); /* sent again */
    ck_assert_int_eq(len, 1);
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

START_TEST(queue_names_may_hold_colons_spaces_and_utf8)
{
    struct cq_job job = new_job("site::j1", "bench:odd n\xc3\xa4me");
    enqueue(&job);
    assert_text("site::j1", "LINDEX", "rq:queue:bench:odd n\xc3\xa4me", "0");
    ck_assert_int_eq(job_places_in("site::j1", "bench:odd n\xc3\xa4me"), 1);
}
END_TEST

START_TEST(an_id_enqueued_on_another_queue_leaves_the_registry_of_its_old_one)
{
    RUN("HSET", "rq:job:j1", "status", "failed", "origin", "old");
    RUN("ZADD", "rq:failed:old", "9999999999", "j1");
    enqueue_plain("j1");
    ck_assert_int_eq(job_places_in("j1", "old"), 0);
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {
        enqueue_writes_what_rq_reads,
        enqueue_at_front_is_fetched_first,
        ttl_expires_the_job_that_waits,
        unique_refuses_an_id_that_exists_and_changes_nothing,
        an_id_enqueued_again_leaves_its_registry,
        a_cut_before_enqueue_leaves_nothing_and_a_cut_after_it_one_job,
        queue_names_may_hold_colons_spaces_and_utf8,
        an_id_enqueued_on_another_queue_leaves_the_registry_of_its_old_one,
    };
    return lifecycle_suite("enqueue", tests, CQ_ARRAY_LEN(tests));
}
