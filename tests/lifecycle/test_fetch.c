#include "lifecycle/manage/suspend.h"
#include "tests/lifecycle/steps.h"

static struct cq_started started;

START_TEST(fetch_starts_the_job_as_rq_does)
{
    ck_assert_int_eq(birth(NOW, false), CQ_OK);
    struct cq_job job = new_job("j1", "default");
    job.ttl_s = 90;
    enqueue(&job);
    struct cq_fetch fetch = fetch_of(RUN_1);
    ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_STARTED);
    ck_assert(cq_str_is(started.job_id, "j1"));
    ck_assert_uint_eq(started.queue_index, 0);
    ck_assert(cq_str_is(cq_reply_field(started.fields, "status"), "started"));
    ck_assert(cq_str_is(cq_reply_field(started.fields, "data"), "data"));
    ck_assert(cq_str_is(cq_reply_field(started.fields, "started_at"), NOW_ISO));

    ck_assert_int_eq(INT("TTL", "rq:job:j1"), -1);
    assert_text(NOW_ISO, "HGET", "rq:job:j1", "last_heartbeat");
    assert_text("w1", "HGET", "rq:job:j1", "worker_name");
    ck_assert_int_eq(INT("ZSCORE", "rq:wip:default", "j1:" RUN_1), NOW_S + 90);
    ck_assert_int_eq(INT("ZSCORE", "rq:executions:j1", RUN_1), NOW_S + 150);
    ck_assert_int_eq(INT("TTL", "rq:executions:j1"), 150);
    ck_assert_int_eq(INT("TTL", "rq:execution:j1:" RUN_1), 90);
    assert_text(RUN_1, "HGET", "rq:execution:j1:" RUN_1, "id");
    assert_text("1795212711.000123", "HGET", "rq:execution:j1:" RUN_1, "created_at");
    assert_text("w1", "HGET", "rq:execution:j1:" RUN_1, "worker_name");
    assert_text("busy", "HGET", worker_key, "state");
    assert_text("j1", "HGET", worker_key, "current_job");
    assert_text("0", "HGET", worker_key, "current_job_working_time");
    ck_assert_int_eq(INT("TTL", worker_key), 90);
    ck_assert_int_eq(INT("SISMEMBER", "rq:worker:w1:executions", "j1:" RUN_1), 1);
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

START_TEST(a_short_timeout_shortens_the_heartbeat_and_none_does_not)
{
    struct cq_job job = new_job("j1", "default");
    job.timeout_s = 5;
    enqueue(&job);
    job = new_job("j2", "default");
    job.timeout_s = CQ_TTL_FOREVER;
    enqueue(&job);
    start("j1", RUN_1);
    start("j2", RUN_2);
    ck_assert_int_eq(INT("ZSCORE", "rq:wip:default", "j1:" RUN_1), NOW_S + 65);
    ck_assert_int_eq(INT("ZSCORE", "rq:wip:default", "j2:" RUN_2), NOW_S + 90);
}
END_TEST

START_TEST(with_reused_horses_the_worker_s_hash_lasts_as_long_as_the_job_may)
{
    const int timeouts[] = {20, 300, 5000, CQ_TTL_FOREVER};
    const int lasts[] = {90, 360, 480, 480}; /* at least the heartbeat's, at most an idle worker's */
    for (size_t i = 0; i < CQ_ARRAY_LEN(timeouts); i++) {
        redis_server_flush(server);
        ck_assert_int_eq(birth(NOW, false), CQ_OK);
        struct cq_job job = new_job("j1", "default");
        job.timeout_s = timeouts[i];
        enqueue(&job);
        struct cq_fetch fetch = fetch_of(RUN_1);
        fetch.lasting = true;
        ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_STARTED);
        ck_assert_int_eq(INT("TTL", worker_key), lasts[i]);
        ck_assert_int_eq(INT("TTL", "rq:worker:w1:executions"), lasts[i]);
    }
}
END_TEST

START_TEST(queues_are_looked_at_in_order)
{
    static const struct cq_str queues[] = {{"high", 4}, {"low: n\xc3\xa4me", 10}};
    struct cq_job low = new_job("j1", "low: n\xc3\xa4me"), high = new_job("j2", "high");
    enqueue(&low);
    enqueue(&high);
    struct cq_fetch fetch = fetch_of(RUN_1);
    fetch.queues = queues;
    fetch.queue_count = 2;
    ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_STARTED);
    ck_assert(cq_str_is(started.job_id, "j2"));
    ck_assert_uint_eq(started.queue_index, 0);
    fetch.execution_id = CQ_STR_LIT(RUN_2);
    ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_STARTED);
    ck_assert(cq_str_is(started.job_id, "j1"));
    ck_assert_uint_eq(started.queue_index, 1);
    ck_assert_int_eq(job_places_in("j1", "low: n\xc3\xa4me"), 1);
    fetch.execution_id = CQ_STR_LIT(RUN_3);
    ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_EMPTY);
}
END_TEST

START_TEST(suspended_starts_nothing)
{
    enqueue_plain("j1");
    cq_suspend_build(0, &call);
    step();
    struct cq_fetch fetch = fetch_of(RUN_1);
    ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_SUSPENDED);
    ck_assert_int_eq(INT("LLEN", "rq:queue:default"), 1);
    cq_resume_build(&call);
    step();
    start("j1", RUN_1);
}
END_TEST

START_TEST(suspension_for_a_while_ends_by_itself)
{
    cq_suspend_build(30, &call);
    step();
    ck_assert_int_eq(INT("TTL", "rq:suspended"), 30);
}
END_TEST

START_TEST(ids_without_a_hash_and_canceled_jobs_are_dropped)
{
    RUN("RPUSH", "rq:queue:default", "gone", "text", "canceled");
    RUN("SET", "rq:job:text", "not a hash");
    RUN("HSET", "rq:job:canceled", "status", "canceled", "data", "x", "origin", "default");
    RUN("ZADD", "rq:canceled:default", "1", "canceled");
    RUN("XADD", "rq:results:gone", "*", "type", "4");
    RUN("SET", "rq:cq:output:gone", "what an attempt before it expired wrote");
    RUN("XADD", "rq:results:canceled", "*", "type", "2");
    enqueue_plain("j1");
    start("j1", RUN_1);
    ck_assert_int_eq(INT("LLEN", "rq:queue:default"), 0);
    ck_assert_int_eq(INT("EXISTS", "rq:results:gone", "rq:cq:output:gone"), 0);
    ck_assert_int_eq(INT("EXISTS", "rq:results:canceled"), 1);
    ck_assert_int_eq(job_places("canceled"), 1);
    assert_text("canceled", "HGET", "rq:job:canceled", "status");
}
END_TEST

START_TEST(a_queue_full_of_dead_ids_takes_several_calls)
{
    cq_command_clear(&call);
    cq_command_texts(&call, "RPUSH", "rq:queue:default", NULL);
    for (int i = 0; i < 2001; i++)
        cq_command_argf(&call, "dead%d", i);
    ck_assert_int_eq(cq_reply_int(step()), 2001);
    enqueue_plain("j1");
    struct cq_fetch fetch = fetch_of(RUN_1);
    ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_AGAIN);
    start("j1", RUN_1);
}
END_TEST

START_TEST(a_hash_without_data_reaches_the_worker)
{
    RUN("HSET", "rq:job:j1", "last_heartbeat", NOW_ISO);
    RUN("RPUSH", "rq:queue:default", "j1");
    struct cq_fetch fetch = fetch_of(RUN_1);
    ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_STARTED);
    ck_assert_ptr_null(cq_reply_field(started.fields, "data").data);
    assert_text("default", "HGET", "rq:job:j1", "origin");
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

START_TEST(a_job_that_runs_already_is_run_once_more)
{
    enqueue_plain("j1");
    start("j1", RUN_1);
    RUN("RPUSH", "rq:queue:default", "j1");
    start("j1", RUN_2);
    ck_assert_int_eq(INT("ZCARD", "rq:wip:default"), 2);
}
END_TEST

START_TEST(origin_becomes_the_queue_that_it_came_from)
{
    struct cq_job job = new_job("j1", "elsewhere");
    enqueue(&job);
    RUN("RENAME", "rq:queue:elsewhere", "rq:queue:default");
    start("j1", RUN_1);
    assert_text("default", "HGET", "rq:job:j1", "origin");
}
END_TEST

START_TEST(a_worker_whose_hash_is_gone_still_fetches_and_gets_no_partial_hash)
{
    enqueue_plain("j1");
    start("j1", RUN_1);
    ck_assert_int_eq(INT("EXISTS", worker_key), 0);
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

START_TEST(a_fetch_sent_again_gives_the_same_job)
{
    ck_assert_int_eq(birth(NOW, false), CQ_OK);
    enqueue_plain("j1");
    enqueue_plain("j2");
    struct cq_fetch fetch = fetch_of(RUN_1);
    cq_fetch_build(&fetch, &call);
    cut_call(false);
    assert_text("queued", "HGET", "rq:job:j1", "status");
    ck_assert_int_eq(job_places("j1"), 1);
    cut_call(true);
    assert_text("started", "HGET", "rq:job:j1", "status");
    ck_assert_int_eq(job_places("j1"), 1);
    fetch.resume = true;
    ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_STARTED);
    ck_assert(cq_str_is(started.job_id, "j1"));
    ck_assert_uint_eq(started.queue_index, 0);
    ck_assert(cq_str_is(cq_reply_field(started.fields, "data"), "data"));
    ck_assert_int_eq(job_places("j1"), 1);
    ck_assert_int_eq(job_places("j2"), 1);
    assert_text("queued", "HGET", "rq:job:j2", "status");
}
END_TEST

START_TEST(a_fetch_sent_again_that_had_started_nothing_starts_a_job)
{
    enqueue_plain("j1");
    struct cq_fetch fetch = fetch_of(RUN_1);
    fetch.resume = true;
    ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_STARTED);
    ck_assert(cq_str_is(started.job_id, "j1"));
}
END_TEST

START_TEST(a_worker_that_stops_gets_what_its_lost_fetch_started_and_nothing_else)
{
    ck_assert_int_eq(birth(NOW, false), CQ_OK);
    enqueue_plain("j1");
    struct cq_fetch fetch = fetch_of(RUN_1);
    fetch.resume = fetch.resume_only = true;
    ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_EMPTY);
    assert_text("queued", "HGET", "rq:job:j1", "status");
    fetch.resume = fetch.resume_only = false;
    ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_STARTED);
    fetch.resume = fetch.resume_only = true;
    ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_STARTED);
    ck_assert(cq_str_is(started.job_id, "j1"));
}
END_TEST

START_TEST(a_fetch_is_resumed_with_colons_another_order_and_no_worker_hash)
{
    static const struct cq_str queues[] = {{"a", 1}, {"b:c", 3}}, turned[] = {{"b:c", 3}, {"a", 1}};
    struct cq_job job = new_job("site::j1", "b:c"), other = new_job("j2", "b:c");
    enqueue(&job);
    enqueue(&other);
    struct cq_fetch fetch = fetch_of(RUN_1);
    fetch.queues = queues;
    fetch.queue_count = 2;
    ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_STARTED);
    fetch.queues = turned;
    fetch.resume = true;
    ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_STARTED);
    ck_assert(cq_str_is(started.job_id, "site::j1"));
    ck_assert_uint_eq(started.queue_index, 0);
}
END_TEST

START_TEST(nothing_found_makes_a_worker_idle_and_keeps_suspended_as_it_is)
{
    ck_assert_int_eq(birth(NOW, false), CQ_OK);
    RUN("HSET", worker_key, "state", "busy", "current_job", "j0");
    RUN("SET", "rq:suspended", "1");
    struct cq_fetch fetch = fetch_of(RUN_1);
    ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_SUSPENDED);
    assert_text("busy", "HGET", worker_key, "state");
    RUN("DEL", "rq:suspended");
    RUN("EXPIRE", worker_key, "9");
    ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_EMPTY);
    assert_text("idle", "HGET", worker_key, "state");
    ck_assert_int_eq(INT("HEXISTS", worker_key, "current_job"), 0);
    ck_assert_int_eq(INT("TTL", worker_key), 480);
}
END_TEST

START_TEST(a_job_with_a_broken_key_is_neither_lost_nor_in_the_way)
{
    enqueue_plain("j1");
    enqueue_plain("j2");
    RUN("SET", "rq:executions:j1", "no sorted set");
    struct cq_fetch fetch = fetch_of(RUN_1);
    enum cq_fetch_verdict verdict;
    struct cq_error err = {0};
    cq_fetch_build(&fetch, &call);
    ck_assert_int_eq(cq_fetch_read(step(), &verdict, &started, &err), CQ_ERR_REDIS);
    ck_assert_msg(strstr(err.text, "WRONGTYPE"), "%s", err.text);
    assert_text("queued", "HGET", "rq:job:j1", "status");
    ck_assert_int_eq(job_places("j1"), 1);
    start("j2", RUN_2);
    RUN("DEL", "rq:executions:j1");
    start("j1", RUN_3);
}
END_TEST

START_TEST(odd_numbers_in_a_hash_do_not_stop_a_start)
{
    const char *const timeouts[] = {"", "1h", "nan", "inf", "-7", "1e300", "0.5"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(timeouts); i++) {
        RUN("HSET", "rq:job:odd", "data", "x", "origin", "default", "status", "queued", "timeout",
            timeouts[i], "ttl", "abc");
        RUN("RPUSH", "rq:queue:default", "odd");
        start("odd", RUN_1);
        ck_assert_int_eq(job_places("odd"), 1);
        RUN("DEL", "rq:wip:default", "rq:job:odd");
    }
}
END_TEST

START_TEST(a_next_job_with_a_broken_key_does_not_hide_the_outcome)
{
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job);
    enqueue_plain("bad");
    RUN("SET", "rq:executions:bad", "no zset");
    struct cq_fetch next = fetch_of(RUN_2);
    struct cq_finish finish = finish_of("j1", CQ_OUTCOME_SUCCESS);
    finish.next = &next;
    struct cq_finished finished = finish_with(&finish);
    ck_assert_int_eq(finished.verdict, CQ_VERDICT_FINISHED);
    ck_assert_int_eq(finished.next_verdict, CQ_FETCH_AGAIN); /* which tells what is wrong */
    assert_text("1", "HGET", worker_key, "successful_job_count");
    assert_text("queued", "HGET", "rq:job:bad", "status");
    ck_assert_int_eq(job_places("bad"), 1);
    assert_text("idle", "HGET", worker_key, "state");
    cq_fetch_build(&next, &call);
    enum cq_fetch_verdict verdict;
    ck_assert_int_eq(cq_fetch_read(step(), &verdict, &started, NULL), CQ_ERR_REDIS);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {
        fetch_starts_the_job_as_rq_does,
        a_short_timeout_shortens_the_heartbeat_and_none_does_not,
        with_reused_horses_the_worker_s_hash_lasts_as_long_as_the_job_may,
        queues_are_looked_at_in_order,
        suspended_starts_nothing,
        suspension_for_a_while_ends_by_itself,
        ids_without_a_hash_and_canceled_jobs_are_dropped,
        a_queue_full_of_dead_ids_takes_several_calls,
        a_hash_without_data_reaches_the_worker,
        a_job_that_runs_already_is_run_once_more,
        origin_becomes_the_queue_that_it_came_from,
        a_worker_whose_hash_is_gone_still_fetches_and_gets_no_partial_hash,
        a_fetch_sent_again_gives_the_same_job,
        a_fetch_sent_again_that_had_started_nothing_starts_a_job,
        a_worker_that_stops_gets_what_its_lost_fetch_started_and_nothing_else,
        a_fetch_is_resumed_with_colons_another_order_and_no_worker_hash,
        nothing_found_makes_a_worker_idle_and_keeps_suspended_as_it_is,
        a_job_with_a_broken_key_is_neither_lost_nor_in_the_way,
        a_next_job_with_a_broken_key_does_not_hide_the_outcome,
        odd_numbers_in_a_hash_do_not_stop_a_start,
    };
    return lifecycle_suite("fetch", tests, CQ_ARRAY_LEN(tests));
}
