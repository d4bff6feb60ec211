/* What the end of a job does to those that wait for it. Deferred jobs are written here as RQ writes them. */
#include "lifecycle/manage/cancel.h"
#include "lifecycle/manage/requeue.h"
#include "tests/lifecycle/steps.h"

static void defer(const char *id, const char *queue, const char *parent, const char *field, const char *value)
{
    char job[64], dependents[64], dependencies[64], deferred[64];
    snprintf(job, sizeof(job), "rq:job:%s", id);
    snprintf(dependents, sizeof(dependents), "rq:job:%s:dependents", parent);
    snprintf(dependencies, sizeof(dependencies), "rq:job::%s:dependencies", id);
    snprintf(deferred, sizeof(deferred), "rq:deferred:%s", queue);
    RUN("HSET", job, "status", "deferred", "origin", queue, "data", "x", field, value);
    RUN("SADD", dependents, id);
    RUN("SADD", dependencies, parent);
    RUN("ZADD", deferred, "1", id);
}

static void run_parent(void)
{
    struct cq_job job = new_job("parent", "default");
    enqueue_and_start(&job);
}

START_TEST(success_releases_a_dependent_to_its_own_queue)
{
    run_parent();
    defer("child", "other", "parent", "description", "");
    ck_assert_int_eq(finish("parent", CQ_OUTCOME_SUCCESS), CQ_VERDICT_FINISHED);
    assert_text("queued", "HGET", "rq:job:child", "status");
    assert_text("2026-11-20T22:11:52.500123Z", "HGET", "rq:job:child", "enqueued_at");
    ck_assert_int_eq(job_places_in("child", "other"), 1);
    ck_assert_int_eq(INT("LLEN", "rq:queue:other"), 1);
    ck_assert_int_eq(INT("SISMEMBER", "rq:queues", "rq:queue:other"), 1);
    ck_assert_int_eq(INT("EXISTS", "rq:job:parent:dependents"), 0);
}
END_TEST

START_TEST(a_dependent_with_enqueue_at_front_goes_to_the_front)
{
    run_parent();
    enqueue_plain("before");
    defer("child", "default", "parent", "enqueue_at_front", "1");
    ck_assert_int_eq(finish("parent", CQ_OUTCOME_SUCCESS), CQ_VERDICT_FINISHED);
    assert_text("child", "LINDEX", "rq:queue:default", "0");
}
END_TEST

START_TEST(a_released_dependent_can_be_the_next_job)
{
    run_parent();
    defer("child", "default", "parent", "description", "");
    struct cq_finish with = finish_of("parent", CQ_OUTCOME_SUCCESS);
    struct cq_fetch next = fetch_of(RUN_2);
    with.next = &next;
    struct cq_finished finished = finish_with(&with);
    ck_assert_int_eq(finished.next_verdict, CQ_FETCH_STARTED);
    ck_assert(cq_str_is(finished.next.job_id, "child"));
    ck_assert_int_eq(job_places("child"), 1);
}
END_TEST

START_TEST(another_open_dependency_keeps_a_dependent_waiting)
{
    run_parent();
    defer("child", "default", "parent", "description", "");
    RUN("SADD", "rq:job::child:dependencies", "second");
    const char *const open[] = {"queued", "started", "scheduled", "failed", "stopped", "canceled"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(open); i++) {
        RUN("HSET", "rq:job:second", "status", open[i]);
        ck_assert_int_eq(finish("parent", CQ_OUTCOME_SUCCESS), CQ_VERDICT_FINISHED);
        assert_text("deferred", "HGET", "rq:job:child", "status");
        ck_assert_int_eq(job_places("child"), 1);
        ck_assert_int_eq(INT("SISMEMBER", "rq:job:parent:dependents", "child"), 1);
        ck_assert_int_eq(INT("TTL", "rq:job:parent:dependents"), 500);
        run_parent();
    }
    RUN("HSET", "rq:job:second", "status", "finished");
    ck_assert_int_eq(finish("parent", CQ_OUTCOME_SUCCESS), CQ_VERDICT_FINISHED);
    assert_text("queued", "HGET", "rq:job:child", "status");
}
END_TEST

START_TEST(a_dependency_that_is_gone_counts_as_met)
{
    run_parent();
    defer("child", "default", "parent", "description", "");
    RUN("SADD", "rq:job::child:dependencies", "gone");
    RUN("SADD", "rq:job:gone:dependents", "child"); /* as it is left when RQ lets the job expire */
    ck_assert_int_eq(finish("parent", CQ_OUTCOME_SUCCESS), CQ_VERDICT_FINISHED);
    assert_text("queued", "HGET", "rq:job:child", "status");
    ck_assert_int_eq(INT("EXISTS", "rq:job:gone:dependents"), 0);
}
END_TEST

START_TEST(failure_releases_only_those_that_allow_it)
{
    run_parent();
    defer("strict", "default", "parent", "allow_dependency_failures", "0");
    defer("child", "default", "parent", "allow_dependency_failures", "1");
    ck_assert_int_eq(finish("parent", CQ_OUTCOME_FAILED), CQ_VERDICT_FAILED);
    assert_text("queued", "HGET", "rq:job:child", "status");
    assert_text("deferred", "HGET", "rq:job:strict", "status");
    ck_assert_int_eq(INT("SISMEMBER", "rq:job:parent:dependents", "strict"), 1);
    ck_assert_int_eq(job_places("child"), 1);
    ck_assert_int_eq(job_places("strict"), 1);
}
END_TEST

START_TEST(a_stopped_or_retried_job_releases_nobody)
{
    const enum cq_outcome outcomes[] = {CQ_OUTCOME_STOPPED, CQ_OUTCOME_FAILED};
    for (size_t i = 0; i < CQ_ARRAY_LEN(outcomes); i++) {
        struct cq_job job = new_job("parent", "default");
        job.retries_left = 1;
        enqueue_and_start(&job);
        defer("child", "default", "parent", "allow_dependency_failures", "1");
        finish("parent", outcomes[i]);
        assert_text("deferred", "HGET", "rq:job:child", "status");
        ck_assert_int_eq(job_places("child"), 1);
    }
}
END_TEST

START_TEST(a_requeued_parent_releases_those_that_still_wait)
{
    run_parent();
    defer("child", "default", "parent", "description", "");
    ck_assert_int_eq(finish("parent", CQ_OUTCOME_FAILED), CQ_VERDICT_FAILED);
    ck_assert_int_eq(INT("TTL", "rq:job:parent:dependents"), 31536000);
    cq_requeue_build("failed", CQ_STR_LIT("parent"), CQ_STR_NONE, false, NOW, &call);
    ck_assert_int_eq(cq_requeue_read(step(), NULL), CQ_OK);
    ck_assert_int_eq(INT("TTL", "rq:job:parent:dependents"), -1);
    start("parent", RUN_1);
    ck_assert_int_eq(finish("parent", CQ_OUTCOME_SUCCESS), CQ_VERDICT_FINISHED);
    assert_text("queued", "HGET", "rq:job:child", "status");
}
END_TEST

START_TEST(canceled_and_already_released_dependents_are_not_queued)
{
    run_parent();
    defer("canceled", "default", "parent", "description", "");
    RUN("ZREM", "rq:deferred:default", "canceled");
    RUN("ZADD", "rq:canceled:default", "1", "canceled");
    RUN("HSET", "rq:job:canceled", "status", "canceled");
    defer("ran", "default", "parent", "description", "");
    RUN("ZREM", "rq:deferred:default", "ran");
    RUN("ZADD", "rq:finished:default", "9999999999", "ran");
    RUN("HSET", "rq:job:ran", "status", "finished");
    RUN("SADD", "rq:job:parent:dependents", "gone");
    ck_assert_int_eq(finish("parent", CQ_OUTCOME_SUCCESS), CQ_VERDICT_FINISHED);
    ck_assert_int_eq(INT("LLEN", "rq:queue:default"), 0);
    ck_assert_int_eq(job_places("canceled"), 1);
    ck_assert_int_eq(job_places("ran"), 1);
    ck_assert_int_eq(INT("SISMEMBER", "rq:job:parent:dependents", "gone"), 0);
}
END_TEST

START_TEST(what_is_no_job_in_a_dependency_set_does_no_harm)
{
    run_parent();
    defer("child", "default", "parent", "description", "");
    RUN("SET", "rq:job:text", "no hash");
    RUN("SADD", "rq:job:parent:dependents", "text");
    RUN("SADD", "rq:job::child:dependencies", "text");
    ck_assert_int_eq(finish("parent", CQ_OUTCOME_SUCCESS), CQ_VERDICT_FINISHED);
    assert_text("queued", "HGET", "rq:job:child", "status");
    ck_assert_int_eq(job_places("parent"), 1);
}
END_TEST

START_TEST(result_ttl_zero_releases_before_it_deletes)
{
    struct cq_job job = new_job("parent", "default");
    job.result_ttl_s = 0;
    enqueue_and_start(&job);
    defer("child", "default", "parent", "description", "");
    ck_assert_int_eq(finish("parent", CQ_OUTCOME_SUCCESS), CQ_VERDICT_DELETED);
    assert_text("queued", "HGET", "rq:job:child", "status");
    ck_assert_int_eq(INT("EXISTS", "rq:job:parent", "rq:job:parent:dependents"), 0);
    start("child", RUN_2);
}
END_TEST

START_TEST(the_dependencies_of_a_finished_dependent_expire_with_it)
{
    run_parent();
    defer("child", "default", "parent", "dependency_ids", "[\"parent\"]");
    ck_assert_int_eq(finish("parent", CQ_OUTCOME_SUCCESS), CQ_VERDICT_FINISHED);
    start("child", RUN_1);
    ck_assert_int_eq(finish("child", CQ_OUTCOME_SUCCESS), CQ_VERDICT_FINISHED);
    ck_assert_int_eq(INT("TTL", "rq:job::child:dependencies"), 500);
}
END_TEST

/* A slot of its key is free, and nobody has come for it yet: a dependent that is released does. */
START_TEST(a_canceled_job_that_waits_for_a_slot_is_not_let_through_by_its_own_dependents)
{
    RUN("HSET", "rq:job:parent", "status", "rate_limited", "origin", "default", "rate_limit_key", "api",
        "rate_limit_concurrency", "1");
    RUN("ZADD", "rq:rl:api:rate_limited", "1", "parent");
    RUN("HSET", "rq:job:child", "status", "deferred", "origin", "default", "rate_limit_key", "api",
        "rate_limit_concurrency", "1");
    RUN("ZADD", "rq:deferred:default", "1", "child");
    RUN("SADD", "rq:job::child:dependencies", "parent");
    RUN("SADD", "rq:job:parent:dependents", "child");
    struct cq_cancel with = {.job_id = CQ_STR_LIT("parent"), .dependents = true, .now = NOW};
    cq_cancel_build(&with, &call);
    ck_assert_int_eq(cq_cancel_read(step(), NULL), CQ_OK);
    assert_text("canceled", "HGET", "rq:job:parent", "status");
    assert_text("queued", "HGET", "rq:job:child", "status");
    ck_assert_int_eq(INT("LLEN", "rq:queue:default"), 1);
    assert_text("child", "LINDEX", "rq:queue:default", "0");
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {
        success_releases_a_dependent_to_its_own_queue,
        a_dependent_with_enqueue_at_front_goes_to_the_front,
        a_released_dependent_can_be_the_next_job,
        another_open_dependency_keeps_a_dependent_waiting,
        a_dependency_that_is_gone_counts_as_met,
        failure_releases_only_those_that_allow_it,
        a_stopped_or_retried_job_releases_nobody,
        a_requeued_parent_releases_those_that_still_wait,
        canceled_and_already_released_dependents_are_not_queued,
        what_is_no_job_in_a_dependency_set_does_no_harm,
        result_ttl_zero_releases_before_it_deletes,
        the_dependencies_of_a_finished_dependent_expire_with_it,
        a_canceled_job_that_waits_for_a_slot_is_not_let_through_by_its_own_dependents,
    };
    return lifecycle_suite("dependents", tests, CQ_ARRAY_LEN(tests));
}
