/* The last lines that a failed job wrote: how long they are kept, and what takes them away. */
#include "lifecycle/maintain/abandon.h"
#include "lifecycle/manage/empty.h"
#include "lifecycle/manage/remove.h"
#include "lifecycle/manage/requeue.h"
#include "tests/lifecycle/steps.h"

#define KEY "rq:cq:output:j1"

static enum cq_finish_verdict finish_saying(enum cq_outcome outcome, const char *output)
{
    struct cq_finish finish = finish_of("j1", outcome);
    finish.output = cq_str(output);
    return finish_with(&finish).verdict;
}

static void fail_saying(const struct cq_job *job, const char *output)
{
    enqueue_and_start(job);
    ck_assert_int_eq(finish_saying(CQ_OUTCOME_FAILED, output), CQ_VERDICT_FAILED);
}

START_TEST(the_output_of_a_failed_job_is_kept_as_long_as_the_job)
{
    struct cq_job job = new_job("j1", "default");
    job.failure_ttl_s = 60;
    fail_saying(&job, "one\ntwo\n");
    assert_text("one\ntwo\n", "GET", KEY);
    ck_assert_int_eq(INT("TTL", KEY), 60);
    ck_assert_str_eq(cq_key_output(CQ_STR_LIT("j1")).text, KEY);
}
END_TEST

START_TEST(for_ever_is_a_year)
{
    struct cq_job job = new_job("j1", "default");
    fail_saying(&job, "x");
    ck_assert_int_eq(INT("TTL", KEY), 31536000);
    RUN("FLUSHALL");
    job.failure_ttl_s = CQ_TTL_FOREVER;
    fail_saying(&job, "x");
    ck_assert_int_eq(INT("TTL", KEY), 31536000);
    RUN("FLUSHALL");
    job.failure_ttl_s = 31536001;
    fail_saying(&job, "x");
    ck_assert_int_eq(INT("TTL", KEY), 31536000);
}
END_TEST

START_TEST(a_job_that_said_nothing_leaves_no_key_and_not_that_of_before)
{
    struct cq_job job = new_job("j1", "default");
    fail_saying(&job, NULL);
    ck_assert_int_eq(INT("EXISTS", KEY), 0);
    RUN("SET", KEY, "old");
    fail_saying(&job, NULL);
    ck_assert_int_eq(INT("EXISTS", KEY), 0);
}
END_TEST

START_TEST(nothing_stays_of_a_failed_job_with_a_failure_ttl_of_0)
{
    struct cq_job job = new_job("j1", "default");
    job.failure_ttl_s = 0;
    enqueue_and_start(&job);
    ck_assert_int_eq(finish_saying(CQ_OUTCOME_FAILED, "x"), CQ_VERDICT_DELETED);
    ck_assert_int_eq(INT("EXISTS", KEY), 0);
}
END_TEST

START_TEST(a_stopped_job_and_one_without_the_default_handler_keep_theirs_too)
{
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job);
    ck_assert_int_eq(finish_saying(CQ_OUTCOME_STOPPED, "stopped here"), CQ_VERDICT_STOPPED);
    assert_text("stopped here", "GET", KEY);
    RUN("FLUSHALL");
    enqueue_and_start(&job);
    struct cq_finish finish = finish_of("j1", CQ_OUTCOME_FAILED);
    finish.output = CQ_STR_LIT("failed here");
    finish.unregistered = true;
    ck_assert_int_eq(finish_with(&finish).verdict, CQ_VERDICT_FAILED);
    assert_text("failed here", "GET", KEY);
}
END_TEST

START_TEST(a_retry_keeps_it_until_the_job_succeeds)
{
    struct cq_job job = new_job("j1", "default");
    job.retries_left = 1;
    enqueue_and_start(&job);
    ck_assert_int_eq(finish_saying(CQ_OUTCOME_FAILED, "first attempt"), CQ_VERDICT_REQUEUED);
    assert_text("first attempt", "GET", KEY);
    start("j1", RUN_1);
    assert_text("first attempt", "GET", KEY);
    ck_assert_int_eq(finish_saying(CQ_OUTCOME_SUCCESS, NULL), CQ_VERDICT_FINISHED);
    ck_assert_int_eq(INT("EXISTS", KEY), 0);
}
END_TEST

START_TEST(a_retry_that_the_function_asked_for_keeps_it_too)
{
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job);
    struct cq_finish finish = finish_of("j1", CQ_OUTCOME_RETRY);
    finish.output = CQ_STR_LIT("again please");
    finish.retry_max = 3;
    ck_assert_int_eq(finish_with(&finish).verdict, CQ_VERDICT_REQUEUED);
    assert_text("again please", "GET", KEY);
    start("j1", RUN_1);
    ck_assert_int_eq(finish_saying(CQ_OUTCOME_SUCCESS, "not kept"), CQ_VERDICT_FINISHED);
    ck_assert_int_eq(INT("EXISTS", KEY), 0);
}
END_TEST

START_TEST(the_last_failure_s_output_replaces_the_one_before)
{
    struct cq_job job = new_job("j1", "default");
    job.retries_left = 1;
    enqueue_and_start(&job);
    ck_assert_int_eq(finish_saying(CQ_OUTCOME_FAILED, "first"), CQ_VERDICT_REQUEUED);
    start("j1", RUN_1);
    ck_assert_int_eq(finish_saying(CQ_OUTCOME_FAILED, "second"), CQ_VERDICT_FAILED);
    assert_text("second", "GET", KEY);
}
END_TEST

START_TEST(a_success_that_was_never_retried_asks_redis_for_nothing_more)
{
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job);
    RUN("SET", KEY, "of somebody else");
    ck_assert_int_eq(finish_saying(CQ_OUTCOME_SUCCESS, NULL), CQ_VERDICT_FINISHED);
    ck_assert_int_eq(INT("EXISTS", KEY), 1);
}
END_TEST

START_TEST(requeue_remove_empty_and_a_new_enqueue_take_it_away)
{
    struct cq_job job = new_job("j1", "default");
    fail_saying(&job, "x");
    cq_requeue_build("failed", job.id, CQ_STR_NONE, false, NOW, &call);
    ck_assert_int_eq(cq_requeue_read(step(), NULL), CQ_OK);
    ck_assert_int_eq(INT("EXISTS", KEY), 0);

    RUN("SET", KEY, "x");
    cq_empty_build(default_queue[0], 10, &call);
    step();
    ck_assert_int_eq(INT("EXISTS", "rq:job:j1", KEY), 0);

    fail_saying(&job, "x");
    cq_remove_build(job.id, NOW, &call);
    ck_assert_int_eq(cq_remove_read(step(), NULL), CQ_OK);
    ck_assert_int_eq(INT("EXISTS", KEY), 0);

    fail_saying(&job, "x");
    enqueue(&job);
    ck_assert_int_eq(INT("EXISTS", KEY), 0);
}
END_TEST

START_TEST(an_abandoned_attempt_does_not_show_the_output_of_the_one_before)
{
    struct cq_job job = new_job("j1", "default");
    job.retries_left = 2;
    enqueue_and_start(&job);
    ck_assert_int_eq(finish_saying(CQ_OUTCOME_FAILED, "first"), CQ_VERDICT_REQUEUED);
    start("j1", RUN_1);
    struct cq_abandon abandon = {.queue = default_queue[0], .now = NOW + 1000 * CQ_SECOND, .limit = 100};
    cq_abandon_build(&abandon, &call);
    step();
    assert_text("queued", "HGET", "rq:job:j1", "status");
    ck_assert_int_eq(INT("EXISTS", KEY), 0);
}
END_TEST

START_TEST(an_outcome_that_comes_too_late_writes_no_output)
{
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job);
    RUN("DEL", "rq:wip:default");
    ck_assert_int_eq(finish_saying(CQ_OUTCOME_FAILED, "late"), CQ_VERDICT_FENCED);
    ck_assert_int_eq(INT("EXISTS", KEY), 0);
}
END_TEST

START_TEST(of_long_output_the_last_lines_are_kept)
{
    char *text = malloc(CQ_OUTPUT_MAX + 100);
    struct cq_job job = new_job("j1", "default");
    memset(text, 'x', CQ_OUTPUT_MAX + 99);
    text[CQ_OUTPUT_MAX + 99] = '\0';
    text[200] = '\n';
    fail_saying(&job, text);
    ck_assert_int_eq(INT("STRLEN", KEY), CQ_OUTPUT_MAX + 99 - 201);

    memcpy(text + 98, "\xc3\xa4\xc3", 3); /* the cut is inside of a character */
    memcpy(text + 101, "\xa4", 1);
    text[200] = 'x';
    fail_saying(&job, text);
    ck_assert_int_eq(INT("STRLEN", KEY), CQ_OUTPUT_MAX - 1);
    assert_text("\xc3\xa4x", "GETRANGE", KEY, "0", "2");
    free(text);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {
        the_output_of_a_failed_job_is_kept_as_long_as_the_job,
        for_ever_is_a_year,
        a_job_that_said_nothing_leaves_no_key_and_not_that_of_before,
        nothing_stays_of_a_failed_job_with_a_failure_ttl_of_0,
        a_stopped_job_and_one_without_the_default_handler_keep_theirs_too,
        a_retry_keeps_it_until_the_job_succeeds,
        a_retry_that_the_function_asked_for_keeps_it_too,
        the_last_failure_s_output_replaces_the_one_before,
        a_success_that_was_never_retried_asks_redis_for_nothing_more,
        requeue_remove_empty_and_a_new_enqueue_take_it_away,
        an_abandoned_attempt_does_not_show_the_output_of_the_one_before,
        an_outcome_that_comes_too_late_writes_no_output,
        of_long_output_the_last_lines_are_kept,
    };
    return lifecycle_suite("output", tests, CQ_ARRAY_LEN(tests));
}
