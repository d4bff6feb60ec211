#include "lifecycle/give_back.h"
#include "tests/lifecycle/steps.h"

static void build(const char *id, const char *execution)
{
    struct cq_give_back give_back = {
        .job_id = cq_str(id),
        .queue = default_queue[0],
        .execution_id = cq_str(execution),
        .worker = CQ_STR_LIT("w1"),
        .now = NOW,
        .worker_ttl_s = 420,
    };
    cq_give_back_build(&give_back, &call);
}

static enum cq_give_back_verdict give_back_run(const char *id, const char *execution)
{
    enum cq_give_back_verdict verdict = CQ_GIVE_BACK_FENCED;
    struct cq_error err = {0};
    build(id, execution);
    ck_assert_msg(cq_give_back_read(step(), &verdict, &err) == CQ_OK, "%s", err.text);
    return verdict;
}

static enum cq_give_back_verdict give_back(const char *id)
{
    return give_back_run(id, RUN_1);
}

static void started(const char *id)
{
    struct cq_job job = new_job(id, "default");
    enqueue_and_start(&job);
}

START_TEST(the_job_is_at_the_front_of_its_queue_as_if_it_had_not_run)
{
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job);
    enqueue_plain("later");
    RUN("HSET", "rq:job:j1", "retries_left", "2", "retry_intervals", "[5]");
    ck_assert_int_eq(give_back("j1"), CQ_GIVE_BACK_REQUEUED);
    assert_text("j1", "LINDEX", "rq:queue:default", "0");
    assert_text("later", "LINDEX", "rq:queue:default", "1");
    assert_text("queued", "HGET", "rq:job:j1", "status");
    assert_text("", "HGET", "rq:job:j1", "started_at");
    assert_text("", "HGET", "rq:job:j1", "worker_name");
    assert_text("2", "HGET", "rq:job:j1", "retries_left");
    ck_assert_int_eq(INT("TTL", "rq:job:j1"), -1);
    ck_assert_int_eq(INT("EXISTS", "rq:wip:default", "rq:executions:j1", "rq:execution:j1:" RUN_1,
                         "rq:results:j1", "rq:failed:default", "rq:worker:w1:executions"),
                     0);
    ck_assert_int_eq(job_places("j1"), 1);
    start("j1", RUN_2);
}
END_TEST

START_TEST(its_worker_is_idle_and_has_counted_nothing)
{
    started("j1");
    assert_text("j1", "HGET", worker_key, "current_job");
    give_back("j1");
    assert_text("idle", "HGET", worker_key, "state");
    assert_missing("HGET", worker_key, "current_job");
    assert_missing("HGET", worker_key, "failed_job_count");
    assert_missing("HGET", worker_key, "successful_job_count");
    ck_assert_int_eq(INT("TTL", worker_key), 480);
}
END_TEST

START_TEST(a_worker_that_has_another_job_by_now_keeps_it)
{
    started("j1");
    RUN("HSET", worker_key, "current_job", "j2");
    give_back("j1");
    assert_text("busy", "HGET", worker_key, "state");
    assert_text("j2", "HGET", worker_key, "current_job");
    RUN("DEL", worker_key);
    enqueue_plain("j3");
    start("j1", RUN_2);
    ck_assert_int_eq(give_back_run("j1", RUN_2), CQ_GIVE_BACK_REQUEUED);
    ck_assert_int_eq(INT("EXISTS", worker_key), 0);
}
END_TEST

/* In whichever order their horses die. */
START_TEST(jobs_given_back_together_keep_the_order_of_their_starts)
{
    static const int orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {0, 2, 1}};
    static const char *const ids[] = {"a", "b", "c"}, *const runs[] = {RUN_1, RUN_2, RUN_3};
    for (size_t round = 0; round < CQ_ARRAY_LEN(orders); round++) {
        RUN("FLUSHDB");
        ck_assert_int_eq(birth(NOW, true), CQ_OK);
        for (int i = 0; i < 3; i++)
            enqueue_plain(ids[i]);
        enqueue_plain("waiting");
        for (int i = 0; i < 3; i++) {
            struct cq_fetch fetch = fetch_of(runs[i]);
            struct cq_started job = {0};
            fetch.now = NOW + i; /* a microsecond apart is enough */
            ck_assert_int_eq(fetch_with(&fetch, &job), CQ_FETCH_STARTED);
        }
        for (int i = 0; i < 3; i++)
            ck_assert_int_eq(give_back_run(ids[orders[round][i]], runs[orders[round][i]]),
                             CQ_GIVE_BACK_REQUEUED);
        struct cq_reply *list = redis_server_run(server, "LRANGE", "rq:queue:default", "0", "-1", NULL);
        ck_assert_uint_eq(cq_reply_len(list), 4);
        for (size_t i = 0; i < 3; i++)
            ck_assert_msg(
                cq_str_is(cq_reply_str(cq_reply_at(list, i)), ids[i]), "round %zu: place %zu is %.*s", round,
                i, (int)cq_reply_str(cq_reply_at(list, i)).len, cq_reply_str(cq_reply_at(list, i)).data);
        cq_reply_free(list);
    }
}
END_TEST

START_TEST(one_that_was_taken_again_meanwhile_is_not_looked_for)
{
    started("a");
    enqueue_plain("b");
    struct cq_fetch fetch = fetch_of(RUN_2);
    struct cq_started job = {0};
    fetch.now = NOW + 1;
    ck_assert_int_eq(fetch_with(&fetch, &job), CQ_FETCH_STARTED);
    give_back("a");
    start("a", RUN_3);
    enqueue_plain("c");
    ck_assert_int_eq(give_back_run("b", RUN_2), CQ_GIVE_BACK_REQUEUED);
    assert_text("b", "LINDEX", "rq:queue:default", "0");
    ck_assert_int_eq(job_places("a"), 1);
}
END_TEST

START_TEST(sent_again_it_changes_nothing)
{
    started("j1");
    build("j1", RUN_1);
    cut_call(false);
    assert_text("started", "HGET", "rq:job:j1", "status");
    cut_call(true);
    ck_assert_int_eq(job_places("j1"), 1);
    ck_assert_int_eq(give_back("j1"), CQ_GIVE_BACK_REQUEUED);
    ck_assert_int_eq(INT("LLEN", "rq:queue:default"), 1);
    start("j1", RUN_2);
    ck_assert_int_eq(give_back("j1"), CQ_GIVE_BACK_FENCED);
    assert_text("started", "HGET", "rq:job:j1", "status");
    assert_text("j1", "HGET", worker_key, "current_job");
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

START_TEST(an_execution_that_was_given_away_is_refused)
{
    started("j1");
    RUN("ZREM", "rq:wip:default", "j1:" RUN_1);
    ck_assert_int_eq(give_back("j1"), CQ_GIVE_BACK_FENCED);
    ck_assert_int_eq(INT("LLEN", "rq:queue:default"), 0);
    assert_text("started", "HGET", "rq:job:j1", "status");
}
END_TEST

START_TEST(a_job_that_was_canceled_or_deleted_meanwhile_stays_so)
{
    started("canceled");
    RUN("HSET", "rq:job:canceled", "status", "canceled");
    RUN("ZREM", "rq:wip:default", "canceled:" RUN_1);
    RUN("ZADD", "rq:canceled:default", "1", "canceled");
    ck_assert_int_eq(give_back("canceled"), CQ_GIVE_BACK_CANCELED);
    ck_assert_int_eq(job_places("canceled"), 1);
    started("deleted");
    RUN("DEL", "rq:job:deleted");
    ck_assert_int_eq(give_back("deleted"), CQ_GIVE_BACK_DELETED);
    ck_assert_int_eq(INT("EXISTS", "rq:job:deleted", "rq:wip:default", "rq:queue:default"), 0);
}
END_TEST

START_TEST(a_job_enqueued_anew_under_its_id_waits_once)
{
    started("j1");
    RUN("HSET", "rq:job:j1", "status", "queued");
    RUN("RPUSH", "rq:queue:default", "j1");
    ck_assert_int_eq(give_back("j1"), CQ_GIVE_BACK_FENCED);
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

START_TEST(a_ttl_of_its_own_starts_again)
{
    struct cq_job job = new_job("j1", "default");
    job.ttl_s = 60;
    enqueue_and_start(&job);
    give_back("j1");
    ck_assert_int_eq(INT("TTL", "rq:job:j1"), 60);
}
END_TEST

START_TEST(keys_that_hold_something_else_lose_no_job)
{
    started("j1");
    RUN("SET", "rq:queue:default", "no list");
    enum cq_give_back_verdict verdict;
    build("j1", RUN_1);
    ck_assert_int_eq(cq_give_back_read(step(), &verdict, NULL), CQ_ERR_REDIS);
    ck_assert_int_eq(INT("ZCARD", "rq:wip:default"), 1);
    RUN("DEL", "rq:queue:default");
    RUN("SET", "rq:job:odd", "no hash");
    RUN("ZADD", "rq:wip:default", "9999999999", "odd:" RUN_1);
    ck_assert_int_eq(give_back("odd"), CQ_GIVE_BACK_DELETED);
    assert_text("no hash", "GET", "rq:job:odd");
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {
        the_job_is_at_the_front_of_its_queue_as_if_it_had_not_run,
        its_worker_is_idle_and_has_counted_nothing,
        a_worker_that_has_another_job_by_now_keeps_it,
        jobs_given_back_together_keep_the_order_of_their_starts,
        one_that_was_taken_again_meanwhile_is_not_looked_for,
        sent_again_it_changes_nothing,
        an_execution_that_was_given_away_is_refused,
        a_job_that_was_canceled_or_deleted_meanwhile_stays_so,
        a_job_enqueued_anew_under_its_id_waits_once,
        a_ttl_of_its_own_starts_again,
        keys_that_hold_something_else_lose_no_job,
    };
    return lifecycle_suite("give_back", tests, CQ_ARRAY_LEN(tests));
}
