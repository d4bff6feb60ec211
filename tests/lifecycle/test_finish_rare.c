#include "lifecycle/maintain/abandon.h"
#include "tests/lifecycle/steps.h"

/* Rarer ends of an execution: canceled while it ran, and failed without RQ's default exception handler. */

static struct cq_reply *last_result(const char *id)
{
    char key[128];
    snprintf(key, sizeof(key), "rq:results:%s", id);
    return redis_server_run(server, "XREVRANGE", key, "+", "-", NULL);
}

static void assert_last_result(const char *id, const char *type, const char *field, const char *value)
{
    struct cq_reply *entries = last_result(id);
    const struct cq_reply *fields = cq_reply_at(cq_reply_at(entries, 0), 1);
    ck_assert(cq_str_is(cq_reply_field(fields, "type"), type));
    ck_assert(cq_str_is(cq_reply_field(fields, field), value));
    cq_reply_free(entries);
}

/* What rq.job.Job.cancel does to a job that runs. */
static void cancel_as_rq(const char *id, const char *execution)
{
    char job[128], member[256];
    snprintf(job, sizeof(job), "rq:job:%s", id);
    snprintf(member, sizeof(member), "%s:%s", id, execution);
    RUN("HSET", job, "status", "canceled");
    RUN("ZREM", "rq:wip:default", member);
    RUN("ZADD", "rq:canceled:default", "0", id);
}

static void start_with_dependent(void)
{
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job);
    RUN("HSET", "rq:job:j2", "status", "deferred", "origin", "default");
    RUN("ZADD", "rq:deferred:default", "0", "j2");
    RUN("SADD", "rq:job:j1:dependents", "j2");
    RUN("SADD", "rq:job::j2:dependencies", "j1");
}

START_TEST(a_job_canceled_while_it_ran_keeps_its_result_and_stays_canceled)
{
    start_with_dependent();
    cancel_as_rq("j1", RUN_1);
    struct cq_finish with = finish_of("j1", CQ_OUTCOME_SUCCESS);
    with.return_value = CQ_STR_LIT("\x80\x05K\x03.");
    ck_assert_int_eq(finish_with(&with).verdict, CQ_VERDICT_CANCELED);
    assert_last_result("j1", "1", "return_value", "gAVLAy4=");
    assert_text("canceled", "HGET", "rq:job:j1", "status");
    ck_assert_int_eq(INT("EXISTS", "rq:finished:default"), 0);
    ck_assert_int_eq(job_places("j1"), 1);
    assert_text("deferred", "HGET", "rq:job:j2", "status");
    ck_assert_int_eq(INT("LLEN", "rq:queue:default"), 0);
    ck_assert_int_eq(INT("EXISTS", "rq:executions:j1"), 0);
    ck_assert_int_eq(INT("HGET", worker_key, "successful_job_count"), 1);
    ck_assert_int_eq(finish_with(&with).verdict, CQ_VERDICT_CANCELED); /* sent again */
    ck_assert_int_eq(INT("XLEN", "rq:results:j1"), 1);
    ck_assert_int_eq(INT("HGET", worker_key, "successful_job_count"), 1);
}
END_TEST

START_TEST(a_job_canceled_while_it_ran_is_not_retried)
{
    const enum cq_outcome outcomes[] = {CQ_OUTCOME_FAILED, CQ_OUTCOME_RETRY, CQ_OUTCOME_STOPPED};
    for (size_t i = 0; i < CQ_ARRAY_LEN(outcomes); i++) {
        redis_server_flush(server);
        struct cq_job job = new_job("j1", "default");
        job.retries_left = 3;
        enqueue_and_start(&job);
        cancel_as_rq("j1", RUN_1);
        struct cq_finish with = finish_of("j1", outcomes[i]);
        with.retry_max = 3;
        with.retry_intervals = CQ_STR_LIT("[0]");
        ck_assert_int_eq(finish_with(&with).verdict, CQ_VERDICT_CANCELED);
        assert_text("canceled", "HGET", "rq:job:j1", "status");
        assert_text("3", "HGET", "rq:job:j1", "retries_left");
        ck_assert_int_eq(INT("XLEN", "rq:results:j1"), outcomes[i] == CQ_OUTCOME_FAILED);
        ck_assert_int_eq(job_places("j1"), 1);
    }
}
END_TEST

/* Abandoned, retried, and only then canceled: the late outcome is of an execution that was given away. */
START_TEST(the_outcome_of_an_abandoned_execution_of_a_canceled_job_is_refused)
{
    struct cq_job job = new_job("j1", "default");
    job.retries_left = 1;
    enqueue_and_start(&job);
    struct cq_abandon abandon = {.queue = default_queue[0], .now = NOW + 200 * CQ_SECOND, .limit = 100};
    cq_abandon_build(&abandon, &call);
    step();
    RUN("HSET", "rq:job:j1", "status", "canceled");
    RUN("LREM", "rq:queue:default", "0", "j1");
    RUN("ZADD", "rq:canceled:default", "0", "j1");
    ck_assert_int_eq(finish("j1", CQ_OUTCOME_SUCCESS), CQ_VERDICT_FENCED);
    ck_assert_int_eq(INT("EXISTS", "rq:results:j1"), 0);
}
END_TEST

START_TEST(without_the_default_exception_handler_a_failed_job_is_in_no_registry)
{
    start_with_dependent();
    RUN("HSET", "rq:job:j2", "allow_dependency_failures", "1");
    struct cq_finish with = finish_of("j1", CQ_OUTCOME_FAILED);
    with.unregistered = true;
    ck_assert_int_eq(finish_with(&with).verdict, CQ_VERDICT_FAILED);
    assert_text("failed", "HGET", "rq:job:j1", "status");
    ck_assert_int_eq(INT("EXISTS", "rq:failed:default", "rq:results:j1", "rq:wip:default"), 0);
    ck_assert_int_eq(INT("TTL", "rq:job:j1"), -1);
    ck_assert_int_eq(INT("HGET", worker_key, "failed_job_count"), 1);
    assert_text("queued", "HGET", "rq:job:j2", "status");
}
END_TEST

START_TEST(without_the_default_exception_handler_a_job_is_still_retried)
{
    struct cq_job job = new_job("j1", "default");
    job.retries_left = 1;
    enqueue_and_start(&job);
    struct cq_finish with = finish_of("j1", CQ_OUTCOME_FAILED);
    with.unregistered = true;
    ck_assert_int_eq(finish_with(&with).verdict, CQ_VERDICT_REQUEUED);
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

START_TEST(a_returned_retry_is_the_result_of_its_run)
{
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job);
    struct cq_finish with = finish_of("j1", CQ_OUTCOME_RETRY);
    with.return_value = CQ_STR_LIT("\x80\x05K\x03.");
    with.retry_max = 1;
    with.retry_intervals = CQ_STR_LIT("[0]");
    ck_assert_int_eq(finish_with(&with).verdict, CQ_VERDICT_REQUEUED);
    assert_last_result("j1", "4", "return_value", "gAVLAy4=");
    start("j1", RUN_2);
    with.execution_id = CQ_STR_LIT(RUN_2);
    ck_assert_int_eq(finish_with(&with).verdict, CQ_VERDICT_FAILED);
    assert_last_result("j1", "5", "return_value", "gAVLAy4=");
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {
        a_job_canceled_while_it_ran_keeps_its_result_and_stays_canceled,
        a_job_canceled_while_it_ran_is_not_retried,
        the_outcome_of_an_abandoned_execution_of_a_canceled_job_is_refused,
        without_the_default_exception_handler_a_failed_job_is_in_no_registry,
        without_the_default_exception_handler_a_job_is_still_retried,
        a_returned_retry_is_the_result_of_its_run,
    };
    return lifecycle_suite("finish, rarer ends", tests, CQ_ARRAY_LEN(tests));
}
