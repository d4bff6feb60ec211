#include "lifecycle/maintain/abandon.h"
#include "tests/lifecycle/steps.h"

/* The value of a field of the newest result. */
static struct cq_str result_field(const char *id, const char *field)
{
    static struct cq_reply *entries;
    char key[128];
    snprintf(key, sizeof(key), "rq:results:%s", id);
    cq_reply_free(entries);
    entries = redis_server_run(server, "XREVRANGE", key, "+", "-", "COUNT", "1", NULL);
    return cq_reply_field(cq_reply_at(cq_reply_at(entries, 0), 1), field);
}

static void assert_idle(void)
{
    assert_text("idle", "HGET", worker_key, "state");
    ck_assert_int_eq(INT("HEXISTS", worker_key, "current_job"), 0);
    ck_assert_int_eq(INT("TTL", worker_key), 480);
    ck_assert_int_eq(INT("EXISTS", "rq:worker:w1:executions"), 0);
}

static void assert_no_execution(const char *id)
{
    char key[128];
    ck_assert_int_eq(INT("EXISTS", "rq:wip:default"), 0);
    snprintf(key, sizeof(key), "rq:execution:%s:" RUN_1, id);
    ck_assert_int_eq(INT("EXISTS", key), 0);
    snprintf(key, sizeof(key), "rq:executions:%s", id);
    ck_assert_int_eq(INT("EXISTS", key), 0);
}

START_TEST(success_writes_what_rq_reads)
{
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job);
    struct cq_finish finish = finish_of("j1", CQ_OUTCOME_SUCCESS);
    finish.return_value = CQ_STR_LIT("\x80\x05K\x03.");
    finish.meta = CQ_STR_LIT("meta!");
    ck_assert_int_eq(finish_with(&finish).verdict, CQ_VERDICT_FINISHED);
    assert_text("finished", "HGET", "rq:job:j1", "status");
    assert_text("2026-11-20T22:11:52.500123Z", "HGET", "rq:job:j1", "ended_at");
    assert_text("meta!", "HGET", "rq:job:j1", "meta");
    ck_assert_int_eq(INT("TTL", "rq:job:j1"), 500);
    ck_assert_int_eq(INT("ZSCORE", "rq:finished:default", "j1"), NOW_S + 1 + 500);
    ck_assert(cq_str_is(result_field("j1", "type"), "1"));
    ck_assert(cq_str_is(result_field("j1", "return_value"), "gAVLAy4="));
    ck_assert(cq_str_is(result_field("j1", "worker_name"), "w1"));
    ck_assert(cq_str_is(result_field("j1", "execution_id"), RUN_1));
    ck_assert(cq_str_is(result_field("j1", "execution_started_at"), "1795212711.000123"));
    ck_assert(cq_str_is(result_field("j1", "execution_ended_at"), "1795212712.500123"));
    ck_assert_ptr_null(result_field("j1", "exc_string").data);
    ck_assert_int_eq(INT("TTL", "rq:results:j1"), 500);
    ck_assert_int_eq(INT("HGET", worker_key, "successful_job_count"), 1);
    ck_assert_int_eq(INT("HEXISTS", worker_key, "failed_job_count"), 0);
    assert_text("1.500000", "HGET", worker_key, "total_working_time");
    assert_idle();
    assert_no_execution("j1");
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

START_TEST(no_value_leaves_return_value_out)
{
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job);
    ck_assert_int_eq(finish("j1", CQ_OUTCOME_SUCCESS), CQ_VERDICT_FINISHED);
    ck_assert(cq_str_is(result_field("j1", "type"), "1"));
    ck_assert_ptr_null(result_field("j1", "return_value").data);
}
END_TEST

START_TEST(a_job_s_own_result_ttl_comes_before_the_worker_s)
{
    struct cq_job job = new_job("j1", "default");
    job.result_ttl_s = 60;
    enqueue_and_start(&job);
    ck_assert_int_eq(finish("j1", CQ_OUTCOME_SUCCESS), CQ_VERDICT_FINISHED);
    ck_assert_int_eq(INT("TTL", "rq:job:j1"), 60);
    ck_assert_int_eq(INT("TTL", "rq:results:j1"), 60);
}
END_TEST

START_TEST(result_ttl_minus_one_keeps_for_ever)
{
    struct cq_job job = new_job("j1", "default");
    job.result_ttl_s = CQ_TTL_FOREVER;
    enqueue_and_start(&job);
    ck_assert_int_eq(finish("j1", CQ_OUTCOME_SUCCESS), CQ_VERDICT_FINISHED);
    ck_assert_int_eq(INT("TTL", "rq:job:j1"), -1);
    ck_assert_int_eq(INT("TTL", "rq:results:j1"), -1);
    assert_text("inf", "ZSCORE", "rq:finished:default", "j1");
}
END_TEST

START_TEST(result_ttl_zero_leaves_nothing)
{
    struct cq_job job = new_job("j1", "default");
    job.result_ttl_s = 0;
    job.group_id = CQ_STR_LIT("g");
    RUN("SADD", "rq:group:g", "j1");
    enqueue_and_start(&job);
    ck_assert_int_eq(finish("j1", CQ_OUTCOME_SUCCESS), CQ_VERDICT_DELETED);
    ck_assert_int_eq(job_places("j1"), 0);
    ck_assert_int_eq(INT("EXISTS", "rq:job:j1", "rq:results:j1", "rq:executions:j1", "rq:group:g"), 0);
    ck_assert_int_eq(INT("HGET", worker_key, "successful_job_count"), 1);
}
END_TEST

START_TEST(failure_without_retries_is_buried_with_its_text)
{
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job);
    ck_assert_int_eq(finish("j1", CQ_OUTCOME_FAILED), CQ_VERDICT_FAILED);
    assert_text("failed", "HGET", "rq:job:j1", "status");
    assert_text("2026-11-20T22:11:52.500123Z", "HGET", "rq:job:j1", "ended_at");
    ck_assert_int_eq(INT("TTL", "rq:job:j1"), 31536000);
    ck_assert_int_eq(INT("ZSCORE", "rq:failed:default", "j1"), NOW_S + 1 + 31536000);
    ck_assert(cq_str_is(result_field("j1", "type"), "2"));
    ck_assert(cq_str_starts(result_field("j1", "exc_string"), "eJ"));
    ck_assert_int_eq(INT("TTL", "rq:results:j1"),
                     31536000); /* RQ gives it an end only with a failure_ttl of the job's own */
    ck_assert_int_eq(INT("HGET", worker_key, "failed_job_count"), 1);
    ck_assert_int_eq(job_places("j1"), 1);
    assert_idle();
    assert_no_execution("j1");
}
END_TEST

START_TEST(failure_ttl_minus_one_keeps_for_ever_and_scores_as_in_rq)
{
    struct cq_job job = new_job("j1", "default");
    job.failure_ttl_s = CQ_TTL_FOREVER;
    enqueue_and_start(&job);
    ck_assert_int_eq(finish("j1", CQ_OUTCOME_FAILED), CQ_VERDICT_FAILED);
    ck_assert_int_eq(INT("TTL", "rq:job:j1"), -1);
    ck_assert_int_eq(INT("TTL", "rq:results:j1"), -1);
    assert_text("-1", "ZSCORE", "rq:failed:default", "j1");
}
END_TEST

START_TEST(failure_ttl_ends_job_and_result)
{
    struct cq_job job = new_job("j1", "default");
    job.failure_ttl_s = 70;
    enqueue_and_start(&job);
    ck_assert_int_eq(finish("j1", CQ_OUTCOME_FAILED), CQ_VERDICT_FAILED);
    ck_assert_int_eq(INT("TTL", "rq:job:j1"), 70);
    ck_assert_int_eq(INT("TTL", "rq:results:j1"), 70);
    ck_assert_int_eq(INT("ZSCORE", "rq:failed:default", "j1"), NOW_S + 1 + 70);
}
END_TEST

START_TEST(failure_ttl_zero_leaves_nothing)
{
    struct cq_job job = new_job("j1", "default");
    job.failure_ttl_s = 0;
    enqueue_and_start(&job);
    ck_assert_int_eq(finish("j1", CQ_OUTCOME_FAILED), CQ_VERDICT_DELETED);
    ck_assert_int_eq(job_places("j1"), 0);
    ck_assert_int_eq(INT("EXISTS", "rq:job:j1", "rq:results:j1"), 0);
}
END_TEST

START_TEST(stopped_is_never_retried)
{
    struct cq_job job = new_job("j1", "default");
    job.retries_left = 3;
    enqueue_and_start(&job);
    ck_assert_int_eq(finish("j1", CQ_OUTCOME_STOPPED), CQ_VERDICT_STOPPED);
    assert_text("stopped", "HGET", "rq:job:j1", "status");
    ck_assert_ptr_nonnull(TEXT("ZSCORE", "rq:failed:default", "j1").data);
    ck_assert(cq_str_is(result_field("j1", "type"), "2"));
    assert_text("3", "HGET", "rq:job:j1", "retries_left");
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

START_TEST(the_next_job_is_started_in_the_same_call)
{
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job);
    enqueue_plain("j2");
    struct cq_finish with = finish_of("j1", CQ_OUTCOME_SUCCESS);
    struct cq_fetch next = fetch_of(RUN_2);
    with.next = &next;
    struct cq_finished finished = finish_with(&with);
    ck_assert_int_eq(finished.verdict, CQ_VERDICT_FINISHED);
    ck_assert_int_eq(finished.next_verdict, CQ_FETCH_STARTED);
    ck_assert(cq_str_is(finished.next.job_id, "j2"));
    ck_assert(cq_str_is(cq_reply_field(finished.next.fields, "status"), "started"));
    assert_text("busy", "HGET", worker_key, "state");
    assert_text("j2", "HGET", worker_key, "current_job");
    ck_assert_int_eq(INT("TTL", worker_key), 90);
    ck_assert_int_eq(INT("SCARD", "rq:worker:w1:executions"), 1);
    ck_assert_int_eq(job_places("j1"), 1);
    ck_assert_int_eq(job_places("j2"), 1);
    ck_assert_int_eq(INT("HGET", worker_key, "successful_job_count"), 1);
}
END_TEST

START_TEST(nothing_next_makes_the_worker_idle)
{
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job);
    struct cq_finish with = finish_of("j1", CQ_OUTCOME_SUCCESS);
    struct cq_fetch next = fetch_of(RUN_2);
    with.next = &next;
    ck_assert_int_eq(finish_with(&with).next_verdict, CQ_FETCH_EMPTY);
    assert_idle();
}
END_TEST

START_TEST(suspended_commits_the_outcome_and_starts_nothing)
{
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job);
    enqueue_plain("j2");
    RUN("SET", "rq:suspended", "1");
    struct cq_finish with = finish_of("j1", CQ_OUTCOME_SUCCESS);
    struct cq_fetch next = fetch_of(RUN_2);
    with.next = &next;
    struct cq_finished finished = finish_with(&with);
    ck_assert_int_eq(finished.verdict, CQ_VERDICT_FINISHED);
    ck_assert_int_eq(finished.next_verdict, CQ_FETCH_SUSPENDED);
    assert_text("queued", "HGET", "rq:job:j2", "status");
    assert_idle();
}
END_TEST

START_TEST(a_late_outcome_is_refused)
{
    struct cq_job job = new_job("j1", "default");
    job.retries_left = 1;
    enqueue_and_start(&job);
    struct cq_abandon abandon = {.queue = default_queue[0], .now = NOW + 200 * CQ_SECOND, .limit = 100};
    cq_abandon_build(&abandon, &call);
    step();
    start("j1", RUN_2);
    struct cq_finish with = finish_of("j1", CQ_OUTCOME_SUCCESS);
    ck_assert_int_eq(finish_with(&with).verdict, CQ_VERDICT_FENCED);
    assert_text("started", "HGET", "rq:job:j1", "status");
    assert_missing("HGET", "rq:job:j1", "result");
    ck_assert_int_eq(INT("EXISTS", "rq:results:j1"), 0);
    ck_assert_int_eq(INT("HEXISTS", worker_key, "successful_job_count"), 0);
    ck_assert_int_eq(job_places("j1"), 1);
    with.execution_id = CQ_STR_LIT(RUN_2);
    ck_assert_int_eq(finish_with(&with).verdict, CQ_VERDICT_FINISHED);
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

START_TEST(a_fenced_worker_still_gets_its_next_job)
{
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job);
    enqueue_plain("j2");
    RUN("DEL", "rq:wip:default");
    struct cq_finish with = finish_of("j1", CQ_OUTCOME_FAILED);
    struct cq_fetch next = fetch_of(RUN_2);
    with.next = &next;
    struct cq_finished finished = finish_with(&with);
    ck_assert_int_eq(finished.verdict, CQ_VERDICT_FENCED);
    ck_assert_int_eq(finished.next_verdict, CQ_FETCH_STARTED);
    assert_text("started", "HGET", "rq:job:j1", "status");
}
END_TEST

START_TEST(a_job_deleted_while_it_ran_is_not_brought_back)
{
    struct cq_job job = new_job("j1", "default");
    const enum cq_outcome outcomes[] = {CQ_OUTCOME_SUCCESS, CQ_OUTCOME_FAILED, CQ_OUTCOME_STOPPED,
                                        CQ_OUTCOME_RETRY};
    for (size_t i = 0; i < CQ_ARRAY_LEN(outcomes); i++) {
        enqueue_and_start(&job);
        RUN("DEL", "rq:job:j1");
        struct cq_finish with = finish_of("j1", outcomes[i]);
        with.meta = CQ_STR_LIT("m");
        with.retry_max = 2;
        with.retry_intervals = CQ_STR_LIT("[1]");
        ck_assert_int_eq(finish_with(&with).verdict, CQ_VERDICT_DELETED);
        ck_assert_int_eq(INT("EXISTS", "rq:job:j1", "rq:results:j1", "rq:executions:j1"), 0);
        ck_assert_int_eq(job_places("j1"), 0);
    }
    ck_assert_int_eq(INT("HGET", worker_key, "successful_job_count"), 1);
    ck_assert_int_eq(INT("HGET", worker_key, "failed_job_count"), 3);
}
END_TEST

START_TEST(a_worker_whose_hash_expired_gets_no_partial_one)
{
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job);
    RUN("DEL", worker_key);
    ck_assert_int_eq(finish("j1", CQ_OUTCOME_SUCCESS), CQ_VERDICT_FINISHED);
    ck_assert_int_eq(INT("EXISTS", worker_key), 0);
}
END_TEST

START_TEST(a_cut_before_finish_leaves_the_job_started_and_a_cut_after_it_finished_once)
{
    const enum cq_outcome outcomes[] = {CQ_OUTCOME_SUCCESS, CQ_OUTCOME_FAILED, CQ_OUTCOME_STOPPED};
    const char *const statuses[] = {"finished", "failed", "stopped"};
    const enum cq_finish_verdict verdicts[] = {CQ_VERDICT_FINISHED, CQ_VERDICT_FAILED, CQ_VERDICT_STOPPED};
    for (size_t i = 0; i < CQ_ARRAY_LEN(outcomes); i++) {
        redis_server_flush(server);
        struct cq_job job = new_job("j1", "default");
        enqueue_and_start(&job);
        enqueue_plain("j2");
        enqueue_plain("j3");
        struct cq_finish with = finish_of("j1", outcomes[i]);
        struct cq_fetch next = fetch_of(RUN_2);
        with.next = &next;
        ck_assert_int_eq(cq_finish_build(&with, &call, NULL), CQ_OK);
        cut_call(false);
        assert_text("started", "HGET", "rq:job:j1", "status");
        ck_assert_int_eq(job_places("j1"), 1);
        cut_call(true);
        assert_text(statuses[i], "HGET", "rq:job:j1", "status");
        ck_assert_int_eq(job_places("j1"), 1);
        next.resume = true;
        struct cq_finished finished = finish_with(&with); /* sent again */
        ck_assert_int_eq(finished.verdict, verdicts[i]);
        ck_assert_int_eq(finished.next_verdict, CQ_FETCH_STARTED);
        ck_assert(cq_str_is(finished.next.job_id, "j2"));
        ck_assert_int_eq(job_places("j1"), 1);
        ck_assert_int_eq(job_places("j2"), 1);
        assert_text("queued", "HGET", "rq:job:j3", "status");
        ck_assert_int_eq(INT("XLEN", "rq:results:j1"), 1);
        ck_assert_int_eq(INT("HGET", worker_key,
                             outcomes[i] == CQ_OUTCOME_SUCCESS ? "successful_job_count" : "failed_job_count"),
                         1);
    }
}
END_TEST

START_TEST(a_repeated_job_waits_again_and_counts_down)
{
    struct cq_job job = new_job("j1", "default");
    enqueue(&job);
    RUN("HSET", "rq:job:j1", "repeats_left", "2", "repeat_intervals", "[0, 40]");
    ck_assert_int_eq(birth(NOW, false), CQ_OK);
    start("j1", RUN_1);
    ck_assert_int_eq(finish("j1", CQ_OUTCOME_SUCCESS), CQ_VERDICT_SCHEDULED);
    assert_text("scheduled", "HGET", "rq:job:j1", "status");
    ck_assert_int_eq(INT("ZSCORE", "rq:scheduled:default", "j1"), NOW_S + 1 + 40);
    ck_assert_int_eq(INT("TTL", "rq:job:j1"), -1);
    ck_assert_int_eq(INT("XLEN", "rq:results:j1"), 1);
    ck_assert_int_eq(job_places("j1"), 1);

    RUN("DEL", "rq:scheduled:default");
    RUN("RPUSH", "rq:queue:default", "j1");
    start("j1", RUN_1);
    ck_assert_int_eq(finish("j1", CQ_OUTCOME_SUCCESS), CQ_VERDICT_REQUEUED);
    assert_text("queued", "HGET", "rq:job:j1", "status");
    assert_text("0", "HGET", "rq:job:j1", "repeats_left");
    ck_assert_int_eq(job_places("j1"), 1);

    start("j1", RUN_1);
    ck_assert_int_eq(finish("j1", CQ_OUTCOME_SUCCESS), CQ_VERDICT_FINISHED);
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

START_TEST(a_value_too_large_for_redis_is_refused_before_it_is_built)
{
    struct cq_finish with = finish_of("j1", CQ_OUTCOME_SUCCESS);
    struct cq_error err = {0};
    with.return_value = cq_str_n("x", (size_t)500 * 1024 * 1024); /* only its length is looked at */
    ck_assert_int_eq(cq_finish_build(&with, &call, &err), CQ_ERR_LIMIT);
    ck_assert_msg(strstr(err.text, "524288000"), "%s", err.text);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {
        success_writes_what_rq_reads,
        no_value_leaves_return_value_out,
        a_job_s_own_result_ttl_comes_before_the_worker_s,
        result_ttl_minus_one_keeps_for_ever,
        result_ttl_zero_leaves_nothing,
        failure_without_retries_is_buried_with_its_text,
        failure_ttl_minus_one_keeps_for_ever_and_scores_as_in_rq,
        failure_ttl_ends_job_and_result,
        failure_ttl_zero_leaves_nothing,
        stopped_is_never_retried,
        the_next_job_is_started_in_the_same_call,
        nothing_next_makes_the_worker_idle,
        suspended_commits_the_outcome_and_starts_nothing,
        a_late_outcome_is_refused,
        a_fenced_worker_still_gets_its_next_job,
        a_job_deleted_while_it_ran_is_not_brought_back,
        a_worker_whose_hash_expired_gets_no_partial_one,
        a_cut_before_finish_leaves_the_job_started_and_a_cut_after_it_finished_once,
        a_repeated_job_waits_again_and_counts_down,
        a_value_too_large_for_redis_is_refused_before_it_is_built,
    };
    return lifecycle_suite("finish", tests, CQ_ARRAY_LEN(tests));
}
