/* Limits of how many jobs of a key may run: scripts/parts/slots.lua, by the transitions that use them. */
#include "lifecycle/manage/cancel.h"
#include "lifecycle/manage/remove.h"
#include "tests/lifecycle/limited.h"

START_TEST(jobs_above_the_limit_wait_and_the_oldest_goes_when_one_ends)
{
    enqueue_limited("a");
    enqueue_limited("b");
    enqueue_limited("c");
    assert_holds("a");
    assert_waits("b");
    assert_waits("c");
    ck_assert_int_eq(INT("SISMEMBER", "rq:rl-keys", "api"), 1);
    assert_text("1", "HGET", "rq:rl:api", "concurrency");
    assert_text("api", "HGET", "rq:job:b", "rate_limit_key");
    assert_text("1", "HGET", "rq:job:b", "rate_limit_concurrency");

    start("a", RUN_1);
    ck_assert_int_eq(finish("a", CQ_OUTCOME_SUCCESS), CQ_VERDICT_FINISHED);
    assert_missing("ZSCORE", ALLOWED, "a");
    assert_holds("b");
    assert_waits("c");
}
END_TEST

START_TEST(the_worker_whose_job_ends_gets_the_next_of_the_key_at_once)
{
    enqueue_limited("a");
    enqueue_limited("b");
    start("a", RUN_1);
    struct cq_finish outcome = finish_of("a", CQ_OUTCOME_FAILED);
    struct cq_fetch next = fetch_of(RUN_2);
    outcome.next = &next;
    struct cq_finished finished = finish_with(&outcome);
    ck_assert_int_eq(finished.verdict, CQ_VERDICT_FAILED);
    ck_assert_int_eq(finished.next_verdict, CQ_FETCH_STARTED);
    ck_assert(cq_str_is(finished.next.job_id, "b"));
    ck_assert_int_eq(INT("ZCARD", ALLOWED), 1);
}
END_TEST

START_TEST(every_end_gives_the_slot_back)
{
    static const enum cq_outcome outcomes[] = {CQ_OUTCOME_SUCCESS, CQ_OUTCOME_FAILED, CQ_OUTCOME_STOPPED};
    for (size_t i = 0; i < CQ_ARRAY_LEN(outcomes); i++) {
        for (int ttl = 0; ttl < 2; ttl++) {
            RUN("FLUSHALL");
            load_scripts();
            struct cq_job job = limited_job("a");
            job.result_ttl_s = job.failure_ttl_s = ttl ? 100 : 0; /* 0: the job is deleted by its end */
            enqueue(&job);
            enqueue_limited("b");
            start("a", RUN_1);
            finish("a", outcomes[i]);
            assert_holds("b");
            ck_assert_int_eq(INT("ZCARD", ALLOWED), 1);
        }
    }
}
END_TEST

START_TEST(a_retry_at_once_keeps_its_slot_and_a_later_one_does_not)
{
    struct cq_job job = limited_job("a");
    job.retries_left = 2;
    job.retry_intervals = CQ_STR_LIT("[0, 60]");
    enqueue(&job);
    enqueue_limited("b");
    start("a", RUN_1);
    ck_assert_int_eq(finish("a", CQ_OUTCOME_FAILED), CQ_VERDICT_REQUEUED);
    assert_holds("a");
    assert_waits("b");
    start("a", RUN_1);
    ck_assert_int_eq(finish("a", CQ_OUTCOME_FAILED), CQ_VERDICT_SCHEDULED);
    assert_missing("ZSCORE", ALLOWED, "a");
    assert_holds("b");
}
END_TEST

START_TEST(a_repeat_later_gives_its_slot_back)
{
    struct cq_job job = limited_job("a");
    job.repeats_left = 1;
    job.repeat_intervals = CQ_STR_LIT("[60]");
    enqueue(&job);
    enqueue_limited("b");
    start("a", RUN_1);
    ck_assert_int_eq(finish("a", CQ_OUTCOME_SUCCESS), CQ_VERDICT_SCHEDULED);
    assert_holds("b");
}
END_TEST

START_TEST(a_job_that_waits_for_others_takes_no_slot_before_it_is_its_turn)
{
    struct cq_str parent = CQ_STR_LIT("p");
    enqueue_limited("p");
    struct cq_job job = limited_job("a");
    struct cq_enqueue dependent = {.job = &job, .now = NOW, .dependencies = &parent, .dependency_count = 1};
    cq_enqueue_build(&dependent, &call);
    ck_assert_int_eq(enqueue_status(step()), CQ_JOB_DEFERRED);
    enqueue_limited("b");
    start("p", RUN_1);
    ck_assert_int_eq(finish("p", CQ_OUTCOME_SUCCESS), CQ_VERDICT_FINISHED);
    assert_holds("b"); /* it waited longer */
    assert_waits("a");
    start("b", RUN_1);
    finish("b", CQ_OUTCOME_SUCCESS);
    assert_holds("a");
}
END_TEST

START_TEST(enqueue_says_that_a_job_waits_and_sent_again_does_nothing)
{
    enqueue_limited("a");
    struct cq_job job = limited_job("b");
    struct cq_enqueue later = {.job = &job, .now = NOW + 5};
    for (int i = 0; i < 2; i++) {
        int64_t len = -1;
        cq_enqueue_build(&later, &call);
        const struct cq_reply *reply = step();
        ck_assert_int_eq(cq_enqueue_read(reply, &len, NULL), CQ_OK);
        ck_assert_int_eq(enqueue_status(reply), CQ_JOB_RATE_LIMITED);
        ck_assert_int_eq(len, 0);
    }
    ck_assert_int_eq(INT("ZCARD", LIMITED), 1);
    start("a", RUN_1);
    finish("a", CQ_OUTCOME_SUCCESS);
    cq_enqueue_build(&later, &call);
    ck_assert_int_eq(enqueue_status(step()), CQ_JOB_QUEUED);
    ck_assert_int_eq(INT("LLEN", "rq:queue:default"), 1);
    assert_holds("b");
}
END_TEST

START_TEST(at_front_is_the_front_of_the_queue_once_there_is_a_slot)
{
    enqueue_limited("a");
    struct cq_job job = limited_job("b");
    struct cq_enqueue front = {.job = &job, .now = NOW, .at_front = true};
    cq_enqueue_build(&front, &call);
    ck_assert_int_eq(enqueue_status(step()), CQ_JOB_RATE_LIMITED);
    start("a", RUN_1);
    enqueue_plain("x");
    finish("a", CQ_OUTCOME_SUCCESS);
    assert_text("b", "LINDEX", "rq:queue:default", "0");
}
END_TEST

START_TEST(canceled_deleted_and_replaced_jobs_wait_no_more)
{
    enqueue_limited("a");
    enqueue_limited("b");
    enqueue_limited("c");
    enqueue_limited("d");
    cq_remove_build(CQ_STR_LIT("b"), NOW, &call);
    ck_assert_int_eq(cq_remove_read(step(), NULL), CQ_OK);
    assert_missing("ZSCORE", LIMITED, "b");
    struct cq_job plain = new_job("c", "default");
    plain.created_at = NOW + 9;
    enqueue(&plain);
    assert_missing("ZSCORE", LIMITED, "c");
    ck_assert_int_eq(job_places("c"), 1);
    assert_waits("d");
}
END_TEST

START_TEST(a_queued_job_that_is_canceled_or_deleted_passes_its_slot_on_at_once)
{
    enqueue_limited("a");
    enqueue_limited("b");
    enqueue_limited("c");
    struct cq_cancel cancel = {.job_id = CQ_STR_LIT("a"), .now = NOW};
    cq_cancel_build(&cancel, &call);
    ck_assert_int_eq(cq_cancel_read(step(), NULL), CQ_OK);
    assert_missing("ZSCORE", ALLOWED, "a");
    assert_holds("b");
    assert_waits("c");
    cq_remove_build(CQ_STR_LIT("b"), NOW, &call);
    ck_assert_int_eq(cq_remove_read(step(), NULL), CQ_OK);
    assert_holds("c");
}
END_TEST

START_TEST(of_a_running_job_that_is_deleted_the_slot_goes_on_and_of_a_canceled_one_at_its_end)
{
    enqueue_limited("a");
    enqueue_limited("b");
    enqueue_limited("c");
    start("a", RUN_1);
    struct cq_cancel cancel = {.job_id = CQ_STR_LIT("a"), .now = NOW};
    cq_cancel_build(&cancel, &call);
    ck_assert_int_eq(cq_cancel_read(step(), NULL), CQ_OK);
    assert_waits("b");
    ck_assert_int_eq(finish("a", CQ_OUTCOME_SUCCESS), CQ_VERDICT_CANCELED);
    assert_holds("b");
    start("b", RUN_2);
    cq_remove_build(CQ_STR_LIT("b"), NOW, &call);
    ck_assert_int_eq(cq_remove_read(step(), NULL), CQ_OK);
    assert_holds("c");
}
END_TEST

START_TEST(an_abandoned_job_gives_its_slot_back_unless_it_is_queued_again)
{
    const cq_time later = NOW + 1000 * CQ_SECOND;
    enqueue_limited("a");
    enqueue_limited("b");
    start("a", RUN_1);
    abandon_at(later, true);
    assert_holds("a");
    assert_waits("b");
    start("a", RUN_1);
    abandon_at(later, false);
    assert_text("failed", "HGET", "rq:job:a", "status");
    assert_missing("ZSCORE", ALLOWED, "a");
    assert_holds("b");
}
END_TEST

START_TEST(a_job_that_expires_while_it_waits_leaves_nothing)
{
    enqueue_limited("a");
    enqueue_limited("b");
    enqueue_limited("c");
    RUN("DEL", "rq:job:b"); /* its ttl was over, and it had run before */
    RUN("XADD", "rq:results:b", "*", "type", "2");
    RUN("SET", "rq:cq:output:b", "lines");
    start("a", RUN_1);
    finish("a", CQ_OUTCOME_SUCCESS);
    assert_holds("c");
    ck_assert_int_eq(INT("EXISTS", "rq:results:b", "rq:cq:output:b"), 0);
}
END_TEST

START_TEST(a_canceled_job_that_runs_keeps_its_slot_until_it_ends)
{
    enqueue_limited("a");
    enqueue_limited("b");
    ck_assert_int_eq(birth(NOW, true), CQ_OK);
    start("a", RUN_1);
    RUN("HSET", "rq:job:a", "status", "canceled"); /* as RQ's cancel leaves it */
    RUN("ZREM", "rq:wip:default", "a:" RUN_1);
    RUN("ZADD", "rq:canceled:default", "1", "a");
    abandon_at(NOW, false);
    assert_waits("b");
    ck_assert_int_eq(finish("a", CQ_OUTCOME_SUCCESS), CQ_VERDICT_CANCELED);
    assert_holds("b");
}
END_TEST

static void assert_nothing_to_start(void)
{
    struct cq_fetch fetch = fetch_of(RUN_2);
    struct cq_started started = {0};
    ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_EMPTY);
}

/* RQ 2.12's requeue, scheduler and dependents push it; or its key had no limit yet. */
static void push_past_the_limit(const char *id)
{
    RUN("HSET", cq_key_job(cq_str(id)).text, "status", "queued");
    RUN("ZREM", LIMITED, id);
    RUN("RPUSH", "rq:queue:default", id);
}

START_TEST(a_job_that_is_on_its_list_without_a_slot_takes_one_or_waits)
{
    enqueue_limited("a");
    enqueue_limited("b");
    enqueue_limited("c");
    push_past_the_limit("c");
    push_past_the_limit("b");
    start("a", RUN_1);
    assert_nothing_to_start();
    assert_waits("b");
    assert_waits("c");
    finish("a", CQ_OUTCOME_SUCCESS);
    assert_holds("b");
    RUN("ZREM", ALLOWED, "b");
    start("b", RUN_2); /* a slot is free: it takes that */
    ck_assert_ptr_nonnull(TEXT("ZSCORE", ALLOWED, "b").data);
    enqueue_limited("d");
    assert_waits("d");
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {
        jobs_above_the_limit_wait_and_the_oldest_goes_when_one_ends,
        the_worker_whose_job_ends_gets_the_next_of_the_key_at_once,
        every_end_gives_the_slot_back,
        a_retry_at_once_keeps_its_slot_and_a_later_one_does_not,
        a_repeat_later_gives_its_slot_back,
        a_job_that_waits_for_others_takes_no_slot_before_it_is_its_turn,
        enqueue_says_that_a_job_waits_and_sent_again_does_nothing,
        at_front_is_the_front_of_the_queue_once_there_is_a_slot,
        canceled_deleted_and_replaced_jobs_wait_no_more,
        a_queued_job_that_is_canceled_or_deleted_passes_its_slot_on_at_once,
        of_a_running_job_that_is_deleted_the_slot_goes_on_and_of_a_canceled_one_at_its_end,
        an_abandoned_job_gives_its_slot_back_unless_it_is_queued_again,
        a_job_that_expires_while_it_waits_leaves_nothing,
        a_canceled_job_that_runs_keeps_its_slot_until_it_ends,
        a_job_that_is_on_its_list_without_a_slot_takes_one_or_waits,
    };
    return lifecycle_suite("slots", tests, CQ_ARRAY_LEN(tests));
}
