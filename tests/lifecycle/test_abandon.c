#include "job/result.h"
#include "lifecycle/maintain/abandon.h"
#include "tests/lifecycle/steps.h"

static const cq_time later = NOW + 200 * CQ_SECOND;

/* Run abandon over the default queue. Returns how many executions it ended; the first of them in *item. */
static size_t abandon(bool requeue, struct cq_abandoned *item)
{
    struct cq_abandon with = {.queue = default_queue[0], .now = later, .requeue = requeue, .limit = 100};
    struct cq_error err = {0};
    size_t count = 99;
    cq_abandon_build(&with, &call);
    const struct cq_reply *reply = step();
    ck_assert_msg(cq_abandon_read(reply, &count, &err) == CQ_OK, "%s", err.text);
    if (count)
        cq_abandon_item(reply, 0, item);
    return count;
}

static struct cq_abandoned item;

START_TEST(a_live_execution_is_left_alone)
{
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job);
    struct cq_abandon with = {.queue = default_queue[0], .now = NOW + 89 * CQ_SECOND, .limit = 100};
    size_t count = 99;
    cq_abandon_build(&with, &call);
    ck_assert_int_eq(cq_abandon_read(step(), &count, NULL), CQ_OK);
    ck_assert_uint_eq(count, 0);
    assert_text("started", "HGET", "rq:job:j1", "status");
}
END_TEST

START_TEST(without_retries_it_fails_with_rq_s_text)
{
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job);
    ck_assert_uint_eq(abandon(false, &item), 1);
    ck_assert(cq_str_is(item.job_id, "j1") && cq_str_is(item.execution_id, RUN_1));
    ck_assert_str_eq(item.verdict, "failed");
    assert_text("failed", "HGET", "rq:job:j1", "status");
    ck_assert_int_eq(INT("ZSCORE", "rq:failed:default", "j1"), NOW_S + 200 + 31536000);
    ck_assert_int_eq(INT("TTL", "rq:job:j1"), 31536000);
    ck_assert_int_eq(job_places("j1"), 1);
    ck_assert_int_eq(INT("EXISTS", "rq:execution:j1:" RUN_1, "rq:executions:j1", "rq:worker:w1:executions"),
                     0);

    struct cq_arena arena = CQ_ARENA_INIT;
    struct cq_result result;
    struct cq_error err = {0};
    struct cq_reply *entries = redis_server_run(server, "XREVRANGE", "rq:results:j1", "+", "-", NULL);
    ck_assert_msg(cq_result_read(cq_reply_at(entries, 0), &arena, &result, &err) == CQ_OK, "%s", err.text);
    ck_assert_int_eq(result.type, CQ_RESULT_FAILED);
    ck_assert_str_eq(
        result.exc_string.data,
        "Moved to FailedJobRegistry, due to AbandonedJobError, at 2026-11-20 22:15:11.000123+00:00");
    cq_reply_free(entries);
    cq_arena_release(&arena);
}
END_TEST

START_TEST(with_retries_left_it_is_retried)
{
    struct cq_job job = new_job("j1", "default");
    job.retries_left = 2;
    job.retry_intervals = CQ_STR_LIT("[0, 60]");
    enqueue_and_start(&job);
    ck_assert_uint_eq(abandon(false, &item), 1);
    ck_assert_str_eq(item.verdict, "retried");
    assert_text("1", "HGET", "rq:job:j1", "retries_left");
    ck_assert_int_eq(job_places("j1"), 1);
    start("j1", RUN_1);
    ck_assert_uint_eq(abandon(false, &item), 1);
    ck_assert_int_eq(INT("ZSCORE", "rq:scheduled:default", "j1"), NOW_S + 260);
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

START_TEST(the_failure_callback_is_asked_for_once_when_the_attempt_failed)
{
    struct cq_job job = new_job("j1", "default");
    job.failure_callback_name = CQ_STR_LIT("app.report");
    job.retries_left = 1;
    enqueue_and_start(&job);
    ck_assert_uint_eq(abandon(false, &item), 1);
    ck_assert_str_eq(item.verdict, "retried");
    ck_assert(item.has_failure_callback);
    start("j1", RUN_1);
    ck_assert_uint_eq(abandon(false, &item), 1);
    ck_assert_str_eq(item.verdict, "failed");
    ck_assert(item.has_failure_callback);
    ck_assert_uint_eq(abandon(false, &item), 0);
}
END_TEST

START_TEST(no_failure_callback_is_asked_for_without_one_or_without_a_failure)
{
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job); /* the field is there, and empty */
    ck_assert_uint_eq(abandon(false, &item), 1);
    ck_assert_str_eq(item.verdict, "failed");
    ck_assert(!item.has_failure_callback);

    job.failure_callback_name = CQ_STR_LIT("app.report");
    enqueue_and_start(&job);
    ck_assert_uint_eq(abandon(true, &item), 1);
    ck_assert_str_eq(item.verdict, "requeued");
    ck_assert(!item.has_failure_callback);

    start("j1", RUN_1);
    RUN("HSET", "rq:job:j1", "status", "canceled");
    ck_assert_uint_eq(abandon(false, &item), 1);
    ck_assert_str_eq(item.verdict, "dropped");
    ck_assert(!item.has_failure_callback);
}
END_TEST

START_TEST(by_option_it_goes_back_to_the_front)
{
    struct cq_job job = new_job("j1", "default");
    job.retries_left = 2;
    enqueue_and_start(&job);
    enqueue_plain("j2");
    ck_assert_uint_eq(abandon(true, &item), 1);
    ck_assert_str_eq(item.verdict, "requeued");
    assert_text("j1", "LINDEX", "rq:queue:default", "0");
    assert_text("2", "HGET", "rq:job:j1", "retries_left");
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

START_TEST(a_job_that_is_gone_or_has_moved_on_loses_the_entry_only)
{
    const char *const moved[] = {"finished", "failed", "stopped", "canceled", "scheduled", "deferred"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(moved); i++) {
        struct cq_job job = new_job("j1", "default");
        enqueue_and_start(&job);
        RUN("HSET", "rq:job:j1", "status", moved[i]);
        ck_assert_uint_eq(abandon(true, &item), 1);
        ck_assert_str_eq(item.verdict, "dropped");
        assert_text(moved[i], "HGET", "rq:job:j1", "status");
        ck_assert_int_eq(INT("EXISTS", "rq:wip:default", "rq:queue:default"), 0);
    }
    RUN("DEL", "rq:job:j1");
    RUN("ZADD", "rq:wip:default", "1", "j1:" RUN_1);
    ck_assert_uint_eq(abandon(false, &item), 1);
    ck_assert_str_eq(item.verdict, "dropped");
    ck_assert_int_eq(INT("EXISTS", "rq:job:j1", "rq:wip:default"), 0);
}
END_TEST

START_TEST(a_job_that_also_runs_elsewhere_goes_on)
{
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job);
    RUN("RPUSH", "rq:queue:default", "j1");
    struct cq_fetch fetch = fetch_of(RUN_2);
    fetch.now = later;
    struct cq_started started;
    ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_STARTED);
    ck_assert_uint_eq(abandon(false, &item), 1);
    ck_assert_str_eq(item.verdict, "dropped");
    assert_text("started", "HGET", "rq:job:j1", "status");
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

START_TEST(bare_ids_of_rq_1_and_ids_with_colons_are_told_apart)
{
    RUN("HSET", "rq:job:old", "status", "started", "origin", "default", "data", "x");
    RUN("HSET", "rq:job:site::old", "status", "started", "origin", "default", "data", "x");
    RUN("HSET", "rq:job:site::new", "status", "started", "origin", "default", "data", "x");
    RUN("ZADD", "rq:wip:default", "1", "old", "2", "site::old", "3", "site::new:" RUN_1);
    ck_assert_uint_eq(abandon(false, &item), 3);
    const char *const ids[] = {"old", "site::old", "site::new"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(ids); i++) {
        ck_assert_ptr_nonnull(TEXT("ZSCORE", "rq:failed:default", ids[i]).data);
        ck_assert_int_eq(job_places(ids[i]), 1);
    }
}
END_TEST

START_TEST(a_horse_of_rq_that_died_before_the_start_loses_no_job)
{
    RUN("HSET", "rq:job:j1", "status", "queued", "origin", "default", "data", "x", "retries_left", "1");
    RUN("ZADD", "rq:wip:default", "1", "j1:" RUN_1);
    RUN("RPUSH", "rq:queue:default:intermediate", "j1");
    ck_assert_uint_eq(abandon(false, &item), 1);
    ck_assert_str_eq(item.verdict, "retried");
    ck_assert_int_eq(job_places("j1"), 1);

    RUN("ZADD", "rq:wip:default", "1", "j1:" RUN_1); /* now it is on the list: the entry is stale */
    ck_assert_uint_eq(abandon(false, &item), 1);
    ck_assert_str_eq(item.verdict, "dropped");
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

START_TEST(dependents_that_allow_failure_are_released)
{
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job);
    RUN("HSET", "rq:job:child", "status", "deferred", "origin", "default", "allow_dependency_failures", "1");
    RUN("SADD", "rq:job:j1:dependents", "child");
    RUN("SADD", "rq:job::child:dependencies", "j1");
    RUN("ZADD", "rq:deferred:default", "1", "child");
    ck_assert_uint_eq(abandon(false, &item), 1);
    assert_text("queued", "HGET", "rq:job:child", "status");
    ck_assert_int_eq(job_places("child"), 1);
}
END_TEST

START_TEST(an_outcome_that_a_broken_key_refuses_can_be_sent_again)
{
    struct cq_job job = new_job("j1", "default");
    struct cq_finished finished;
    struct cq_error err = {0};
    enqueue_and_start(&job);
    RUN("SET", "rq:results:j1", "no stream");
    struct cq_finish finish = finish_of("j1", CQ_OUTCOME_SUCCESS);
    ck_assert_int_eq(cq_finish_build(&finish, &call, NULL), CQ_OK);
    ck_assert_int_eq(cq_finish_read(step(), &finished, &err), CQ_ERR_REDIS);
    ck_assert_int_eq(job_places("j1"), 1);
    RUN("DEL", "rq:results:j1");
    ck_assert_int_eq(cq_finish_build(&finish, &call, NULL), CQ_OK);
    ck_assert_int_eq(cq_finish_read(step(), &finished, &err), CQ_OK);
    ck_assert_int_eq(finished.verdict, CQ_VERDICT_FINISHED);
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

START_TEST(a_broken_job_does_not_hide_the_others)
{
    RUN("SET", "rq:job:bad", "no hash");
    RUN("HSET", "rq:job:good", "status", "started", "origin", "default", "data", "x");
    RUN("ZADD", "rq:wip:default", "1", "bad:" RUN_1, "2", "good:" RUN_1);
    ck_assert_uint_eq(abandon(false, &item), 2);
    ck_assert_str_eq(item.verdict, "dropped");
    assert_text("failed", "HGET", "rq:job:good", "status");
    ck_assert_int_eq(INT("EXISTS", "rq:wip:default"), 0);
}
END_TEST

START_TEST(one_call_ends_no_more_than_its_limit)
{
    RUN("ZADD", "rq:wip:default", "1", "a:" RUN_1, "2", "b:" RUN_1, "3", "c:" RUN_1);
    struct cq_abandon with = {.queue = default_queue[0], .now = later, .limit = 2};
    size_t count = 0;
    cq_abandon_build(&with, &call);
    ck_assert_int_eq(cq_abandon_read(step(), &count, NULL), CQ_OK);
    ck_assert_uint_eq(count, 2);
    ck_assert_int_eq(INT("ZCARD", "rq:wip:default"), 1);
}
END_TEST

START_TEST(long_lists_are_searched_for_few_ids_in_a_call)
{
    RUN("ZADD", "rq:wip:default", "1", "j1:" RUN_1, "2", "j2:" RUN_1);
    enqueue_plain("j1");
    enqueue_plain("j2");
    RUN("LMOVE", "rq:queue:default", "rq:queue:default", "LEFT", "RIGHT");
    put_thousands("rq:queue:default", "301");
    ck_assert_uint_eq(abandon(false, &item), 1);
    ck_assert_str_eq(item.verdict, "dropped");
    ck_assert_uint_eq(abandon(false, &item), 1);
    ck_assert(cq_str_is(item.job_id, "j2"));
    ck_assert_int_eq(INT("ZCARD", "rq:wip:default"), 0);
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

START_TEST(what_rqs_worker_is_about_to_end_is_left_to_it_for_a_minute)
{
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job);
    RUN("SET", "rq:clean_registries:default", "1", "EX", "899");
    ck_assert_uint_eq(abandon(false, &item), 0);
    assert_text("started", "HGET", "rq:job:j1", "status");
    RUN("EXPIRE", "rq:clean_registries:default", "839"); /* it died */
    ck_assert_uint_eq(abandon(false, &item), 1);
    ck_assert_str_eq(item.verdict, "failed");
}
END_TEST

START_TEST(sent_again_it_changes_nothing_more)
{
    struct cq_job job = new_job("j1", "default");
    job.retries_left = 2;
    enqueue_and_start(&job);
    struct cq_abandon with = {.queue = default_queue[0], .now = later, .limit = 100};
    cq_abandon_build(&with, &call);
    cut_call(false);
    assert_text("started", "HGET", "rq:job:j1", "status");
    cut_call(true);
    ck_assert_int_eq(job_places("j1"), 1);
    ck_assert_uint_eq(abandon(false, &item), 0);
    ck_assert_int_eq(job_places("j1"), 1);
    assert_text("1", "HGET", "rq:job:j1", "retries_left");
}
END_TEST

START_TEST(a_job_that_has_moved_to_another_queue_stays_there)
{
    RUN("HSET", "rq:job:runs", "status", "started", "origin", "other");
    RUN("ZADD", "rq:wip:default", "1", "runs:" RUN_1);
    RUN("ZADD", "rq:wip:other", "9999999999", "runs:" RUN_2);
    RUN("ZADD", "rq:executions:runs", "1", RUN_1, "9999999999", RUN_2);
    RUN("HSET", "rq:job:waits", "status", "queued", "origin", "other");
    RUN("RPUSH", "rq:queue:other", "waits");
    RUN("ZADD", "rq:wip:default", "2", "waits:" RUN_1);
    ck_assert_uint_eq(abandon(false, &item), 2);
    assert_text("started", "HGET", "rq:job:runs", "status");
    assert_text("queued", "HGET", "rq:job:waits", "status");
    ck_assert_int_eq(job_places("runs") + job_places("waits"), 0);
    ck_assert_int_eq(job_places_in("runs", "other"), 1);
    ck_assert_int_eq(job_places_in("waits", "other"), 1);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {
        a_live_execution_is_left_alone,
        without_retries_it_fails_with_rq_s_text,
        with_retries_left_it_is_retried,
        the_failure_callback_is_asked_for_once_when_the_attempt_failed,
        no_failure_callback_is_asked_for_without_one_or_without_a_failure,
        by_option_it_goes_back_to_the_front,
        a_job_that_is_gone_or_has_moved_on_loses_the_entry_only,
        a_job_that_also_runs_elsewhere_goes_on,
        a_job_that_has_moved_to_another_queue_stays_there,
        bare_ids_of_rq_1_and_ids_with_colons_are_told_apart,
        a_horse_of_rq_that_died_before_the_start_loses_no_job,
        dependents_that_allow_failure_are_released,
        an_outcome_that_a_broken_key_refuses_can_be_sent_again,
        a_broken_job_does_not_hide_the_others,
        one_call_ends_no_more_than_its_limit,
        long_lists_are_searched_for_few_ids_in_a_call,
        what_rqs_worker_is_about_to_end_is_left_to_it_for_a_minute,
        sent_again_it_changes_nothing_more,
    };
    return lifecycle_suite("abandon", tests, CQ_ARRAY_LEN(tests));
}
