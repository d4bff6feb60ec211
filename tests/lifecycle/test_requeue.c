#include "lifecycle/manage/remove.h"
#include "lifecycle/manage/requeue.h"
#include "tests/lifecycle/steps.h"

static enum cq_code requeue(const char *id, struct cq_str queue, struct cq_error *err)
{
    cq_requeue_build("failed", cq_str(id), queue, false, NOW, &call);
    return cq_requeue_read(step(), err);
}

static void fail_job(const char *id)
{
    struct cq_job job = new_job(id, "default");
    enqueue_and_start(&job);
    ck_assert_int_eq(finish(id, CQ_OUTCOME_FAILED), CQ_VERDICT_FAILED);
}

START_TEST(requeue_moves_failed_job_to_its_queue)
{
    fail_job("j1");
    RUN("HSET", "rq:job:j1", "exc_info", "old", "result", "old");
    ck_assert_int_eq(requeue("j1", CQ_STR_NONE, NULL), CQ_OK);
    assert_text("queued", "HGET", "rq:job:j1", "status");
    assert_text("", "HGET", "rq:job:j1", "started_at");
    assert_text("", "HGET", "rq:job:j1", "ended_at");
    assert_text(NOW_ISO, "HGET", "rq:job:j1", "enqueued_at");
    assert_missing("HGET", "rq:job:j1", "exc_info");
    assert_missing("HGET", "rq:job:j1", "result");
    ck_assert_int_eq(INT("TTL", "rq:job:j1"), -1);
    ck_assert_int_eq(INT("ZCARD", "rq:failed:default"), 0);
    ck_assert_int_eq(job_places("j1"), 1);
    start("j1", RUN_1);
}
END_TEST

START_TEST(a_job_that_has_not_failed_is_refused)
{
    enqueue_plain("j1");
    struct cq_error err = {0};
    ck_assert_int_eq(requeue("j1", default_queue[0], &err), CQ_ERR_INVALID_OPERATION);
    ck_assert_str_eq(err.text, "job j1 is not in the failed registry of queue default");
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

START_TEST(a_job_that_is_gone_is_an_error_and_its_entry_goes)
{
    RUN("ZADD", "rq:failed:default", "1", "gone");
    struct cq_error err = {0};
    ck_assert_int_eq(requeue("gone", default_queue[0], &err), CQ_ERR_NO_SUCH_JOB);
    ck_assert_str_eq(err.text, "no such job: gone");
    ck_assert_int_eq(INT("EXISTS", "rq:failed:default", "rq:job:gone", "rq:queue:default"), 0);
}
END_TEST

START_TEST(an_id_of_any_length_is_looked_for)
{
    static char id[5000];
    memset(id, 'a', sizeof(id) - 1);
    ck_assert_int_eq(requeue(id, CQ_STR_NONE, NULL), CQ_ERR_NO_SUCH_JOB);
    cq_remove_build(cq_str(id), NOW, &call);
    ck_assert_int_eq(cq_remove_read(step(), NULL), CQ_ERR_NO_SUCH_JOB);
}
END_TEST

START_TEST(sent_again_it_is_refused_and_the_job_queued_once)
{
    fail_job("j1");
    cq_requeue_build("failed", CQ_STR_LIT("j1"), default_queue[0], false, NOW, &call);
    cut_call(false);
    assert_text("failed", "HGET", "rq:job:j1", "status");
    cut_call(true);
    ck_assert_int_eq(job_places("j1"), 1);
    ck_assert_int_eq(requeue("j1", default_queue[0], NULL), CQ_ERR_INVALID_OPERATION);
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

/* RQ's cancel does not find an execution that was silent for long, and leaves it in rq:wip: alive again it
 * must not count. */
START_TEST(a_canceled_job_that_waits_again_is_not_what_still_runs)
{
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job);
    RUN("HSET", "rq:job:j1", "status", "canceled");
    RUN("ZADD", "rq:canceled:default", "1", "j1");
    cq_requeue_build("canceled", CQ_STR_LIT("j1"), default_queue[0], false, NOW, &call);
    ck_assert_int_eq(cq_requeue_read(step(), NULL), CQ_OK);
    ck_assert_int_eq(INT("ZCARD", "rq:wip:default"), 0);
    ck_assert_int_eq(finish("j1", CQ_OUTCOME_SUCCESS), CQ_VERDICT_FENCED);
    assert_text("queued", "HGET", "rq:job:j1", "status");
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {
        requeue_moves_failed_job_to_its_queue,
        a_job_that_has_not_failed_is_refused,
        a_job_that_is_gone_is_an_error_and_its_entry_goes,
        an_id_of_any_length_is_looked_for,
        sent_again_it_is_refused_and_the_job_queued_once,
        a_canceled_job_that_waits_again_is_not_what_still_runs,
    };
    return lifecycle_suite("requeue", tests, CQ_ARRAY_LEN(tests));
}
