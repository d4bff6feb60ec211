/* Limits of how many jobs of a key start in a window of time: scripts/parts/windows.lua, by fetch, finish and
 * abandon. */
#include "lifecycle/maintain/abandon.h"
#include "lifecycle/manage/limit.h"
#include "lifecycle/manage/remove.h"
#include "tests/lifecycle/windows.h"

START_TEST(no_more_start_in_a_window_and_the_rest_go_on_in_order)
{
    begin();
    set_rate("api", 2, 10);
    for (const char *id = "abcd"; *id; id++)
        enqueue_keyed((char[]){*id, '\0'});
    enqueue_plain("x");
    expect_start("a");
    clock_now += 4 * CQ_SECOND;
    expect_start("b");
    expect_start("x"); /* c and d leave the list: they hold up nobody */
    assert_set_aside("c");
    assert_set_aside("d");
    ck_assert_int_eq(INT("ZSCORE", "rq:scheduled:default", "c"),
                     NOW_S + 12); /* where a scheduler would find it, a little late */
    ck_assert_int_eq(INT("ZSCORE", "rq:scheduled:default", "d"), NOW_S + 16);
    expect_wait(6000);
    clock_now += 5999999;
    expect_wait(1);
    clock_now += 1; /* 10 s after a */
    expect_start("c");
    expect_wait(4000);
    clock_now += 4 * CQ_SECOND;
    expect_start("d");
    expect_wait(0);
    ck_assert_int_eq(INT("EXISTS", "rq:cq:waiting", "rq:cq:waiting:api", "rq:scheduled:default"), 0);
    ck_assert_int_eq(INT("LLEN", "rq:cq:starts:api"), 2);
    ck_assert_int_gt(INT("TTL", "rq:cq:starts:api"), 10);
}
END_TEST

/* Any window of the length, wherever it begins: the rule itself, over many jobs and uneven times. */
START_TEST(whatever_the_times_of_asking_no_window_has_too_many_starts)
{
    enum { JOBS = 60, RATE = 5, WINDOW_S = 7 };
    cq_time starts[JOBS];
    int count = 0;
    unsigned seed = 12345;
    begin();
    set_rate("api", RATE, WINDOW_S);
    for (int i = 0; i < JOBS; i++) {
        char id[16];
        snprintf(id, sizeof(id), "j%03d", i);
        enqueue_keyed(id);
    }
    for (int asked = 0; count < JOBS && asked < 10000; asked++) {
        seed = seed * 1103515245u + 12345u;
        clock_now += (cq_time)(seed / 65536 % 900) * 1000;
        while (count < JOBS && fetch_now() == CQ_FETCH_STARTED) {
            char id[16];
            snprintf(id, sizeof(id), "j%03d", count);
            ck_assert_msg(cq_str_is(started.job_id, id), "%.*s before %s", (int)started.job_id.len,
                          started.job_id.data, id);
            starts[count++] = clock_now;
        }
    }
    ck_assert_int_eq(count, JOBS);
    for (int i = RATE; i < JOBS; i++)
        ck_assert_msg(starts[i] - starts[i - RATE] >= WINDOW_S * CQ_SECOND, "start %d is too early", i);
    /* And not much later than it must be: each group of five within a second of asking after the last. */
    ck_assert_int_le(starts[JOBS - 1] - starts[0],
                     (JOBS / RATE - 1) * (WINDOW_S + 1) * CQ_SECOND + CQ_SECOND);
}
END_TEST

START_TEST(who_waits_goes_before_who_comes_later)
{
    begin();
    set_rate("api", 1, 10);
    enqueue_keyed("a");
    enqueue_keyed("b");
    expect_start("a");
    expect_wait(10000);
    enqueue_keyed("c");
    clock_now += 10 * CQ_SECOND;
    expect_start("b");
    expect_wait(10000);
    assert_set_aside("c");
}
END_TEST

START_TEST(a_busy_worker_keeps_to_the_rate_between_two_jobs)
{
    begin();
    set_rate("api", 1, 10);
    enqueue_keyed("a");
    enqueue_keyed("b");
    enqueue_plain("x");
    ck_assert_int_eq(birth(NOW, true), CQ_OK);
    start("a", RUN_1);
    struct cq_finish outcome = finish_of("a", CQ_OUTCOME_SUCCESS);
    struct cq_fetch next = fetch_of(RUN_2);
    outcome.next = &next;
    struct cq_finished finished = finish_with(&outcome);
    ck_assert_int_eq(finished.next_verdict, CQ_FETCH_STARTED);
    ck_assert(cq_str_is(finished.next.job_id, "x"));
    assert_set_aside("b");
}
END_TEST

START_TEST(a_scheduler_that_brings_one_back_early_changes_nothing)
{
    begin();
    set_rate("api", 1, 10);
    enqueue_keyed("a");
    enqueue_keyed("b");
    enqueue_keyed("c");
    expect_start("a");
    expect_wait(10000);
    /* As RQ's does. */
    RUN("ZREM", "rq:scheduled:default", "b");
    RUN("HSET", "rq:job:b", "status", "queued", "enqueued_at", "2026-11-20T22:11:52.000000Z");
    RUN("RPUSH", "rq:queue:default", "b");
    expect_wait(10000);
    assert_set_aside("b");
    clock_now += 10 * CQ_SECOND;
    expect_start("c"); /* b's new time of enqueueing is a later one */
    clock_now += 10 * CQ_SECOND;
    expect_start("b");
}
END_TEST

START_TEST(what_rqs_scheduler_may_be_queueing_is_left_to_it)
{
    static const char rqs[] = "rq:scheduler-lock:default";
    begin();
    set_rate("api", 1, 10);
    enqueue_keyed("a");
    enqueue_keyed("b");
    expect_start("a");
    expect_wait(10000);
    RUN("SET", rqs, "0f3c8a52d7e94b61a2c45e6f7a8b9c0d");
    clock_now += 12 * CQ_SECOND;
    expect_wait(1000); /* it is due: read by the scheduler, perhaps, which is about to push it */
    assert_set_aside("b");
    RUN("SET", rqs, "1234567890120004711"); /* a cq's, which does both in one step */
    clock_now += CQ_SECOND;
    expect_start("b");
    enqueue_keyed("c");
    expect_wait(10000);
    RUN("SET", rqs, "0f3c8a52d7e94b61a2c45e6f7a8b9c0d");
    clock_now += 10 * CQ_SECOND;
    expect_start("c"); /* RQ's looks at it a second later only */
}
END_TEST

START_TEST(a_job_that_was_scheduled_anew_is_not_brought_back_before_its_time)
{
    begin();
    set_rate("api", 1, 10);
    enqueue_keyed("a");
    enqueue_keyed("b");
    expect_start("a");
    expect_wait(10000);
    /* Run by a worker of RQ meanwhile, and to be retried in an hour. */
    RUN("HSET", "rq:job:b", "enqueued_at", "2026-11-20T22:11:53.000000Z");
    RUN("ZADD", "rq:scheduled:default", "1795216311", "b");
    clock_now += 10 * CQ_SECOND;
    expect_wait(0);
    ck_assert_int_eq(INT("ZSCORE", "rq:scheduled:default", "b"), 1795216311);
    ck_assert_int_eq(INT("EXISTS", "rq:cq:waiting:api"), 0);
}
END_TEST

START_TEST(canceled_and_deleted_jobs_are_not_waited_for)
{
    begin();
    set_rate("api", 1, 10);
    for (const char *id = "abcd"; *id; id++)
        enqueue_keyed((char[]){*id, '\0'});
    expect_start("a");
    expect_wait(10000);
    cq_remove_build(CQ_STR_LIT("b"), NOW, &call);
    ck_assert_int_eq(cq_remove_read(step(), NULL), CQ_OK);
    RUN("ZREM", "rq:scheduled:default", "c"); /* RQ's cancel */
    RUN("HSET", "rq:job:c", "status", "canceled");
    clock_now += 10 * CQ_SECOND;
    expect_start("d");
    expect_wait(0);
}
END_TEST

START_TEST(a_limit_taken_away_or_changed_counts_at_once)
{
    begin();
    set_rate("api", 1, 3600);
    for (const char *id = "abcde"; *id; id++)
        enqueue_keyed((char[]){*id, '\0'});
    expect_start("a");
    expect_wait(3600000);
    set_rate("api", 2, 3600);
    expect_start("b");
    expect_wait(3600000);
    cq_limit_remove_build(CQ_STR_LIT("api"), clock_now, &call);
    bool before = false;
    ck_assert_int_eq(cq_limit_read(step(), &before, NULL), CQ_OK);
    ck_assert(before);
    expect_start("c");
    expect_start("d");
    expect_start("e");
    ck_assert_int_eq(
        INT("EXISTS", "rq:cq:limit:api", "rq:cq:limits", "rq:cq:starts:api", "rq:cq:waiting:api"), 0);
}
END_TEST

START_TEST(a_lower_rate_counts_what_has_started)
{
    begin();
    set_rate("api", 3, 10);
    for (const char *id = "abcd"; *id; id++)
        enqueue_keyed((char[]){*id, '\0'});
    expect_start("a");
    clock_now += CQ_SECOND;
    expect_start("b");
    set_rate("api", 1, 10);
    expect_wait(10000);
    clock_now += 10 * CQ_SECOND;
    expect_start("c");
}
END_TEST

START_TEST(jobs_without_workers_awake_are_brought_back_by_abandon)
{
    begin();
    set_rate("api", 1, 10);
    enqueue_keyed("a");
    enqueue_keyed("b");
    expect_start("a");
    expect_wait(10000);
    struct cq_abandon abandon = {.queue = CQ_STR_LIT("other"), .now = NOW + 10 * CQ_SECOND, .limit = 100};
    size_t count;
    cq_abandon_build(&abandon, &call);
    ck_assert_int_eq(cq_abandon_read(step(), &count, NULL), CQ_OK);
    assert_text("b", "LINDEX", "rq:queue:default", "0");
    assert_text("queued", "HGET", "rq:job:b", "status");
    ck_assert_int_eq(job_places("b"), 1);
}
END_TEST

START_TEST(more_than_one_call_can_handle_takes_several)
{
    enum { JOBS = 450 };
    begin();
    set_rate("api", 1, 10);
    for (int i = 0; i < JOBS; i++) {
        char id[16];
        snprintf(id, sizeof(id), "j%03d", i);
        enqueue_keyed(id);
    }
    expect_start("j000");
    expect_wait(10000);
    ck_assert_int_eq(INT("ZCARD", "rq:cq:waiting:api"), JOBS - 1);
    ck_assert_int_eq(INT("LLEN", "rq:queue:default"), 0);
    set_rate("api", CQ_LIMIT_NONE, 0);
    for (int i = 1; i < JOBS; i++)
        ck_assert_int_eq(fetch_now(), CQ_FETCH_STARTED);
    expect_wait(0);
}
END_TEST

START_TEST(a_job_that_waits_for_the_window_keeps_its_slot)
{
    begin();
    set_rate("api", 1, 10);
    struct cq_job job = keyed_job("a");
    job.rate_limit_concurrency = 2;
    enqueue(&job);
    job.id = CQ_STR_LIT("b");
    enqueue(&job);
    job.id = CQ_STR_LIT("c");
    enqueue(&job);
    expect_start("a");
    expect_wait(10000);
    struct cq_abandon abandon = {.queue = default_queue[0], .now = NOW, .limit = 100};
    size_t count;
    cq_abandon_build(&abandon, &call);
    ck_assert_int_eq(cq_abandon_read(step(), &count, NULL), CQ_OK);
    ck_assert_ptr_nonnull(TEXT("ZSCORE", "rq:rl:api:allowed", "b").data);
    assert_text("rate_limited", "HGET", "rq:job:c", "status");
    RUN("ZREM", "rq:rl:api:allowed", "b"); /* as RQ 3's maintenance would */
    clock_now += 10 * CQ_SECOND;
    RUN("HSET", "rq:rl:api", "concurrency", "1");
    RUN("HSET", "rq:cq:limit:api", "concurrency", "1");
    expect_wait(0);
    assert_text("rate_limited", "HGET", "rq:job:b", "status");
    ck_assert_int_eq(job_places("b"), 0);
}
END_TEST

START_TEST(other_keys_and_jobs_without_one_are_not_touched)
{
    begin();
    set_rate("api", 1, 10);
    enqueue_keyed("a");
    enqueue_keyed("b");
    struct cq_job other = new_job("o", "default");
    other.rate_limit_key = CQ_STR_LIT("other");
    enqueue(&other);
    enqueue_plain("x");
    expect_start("a");
    expect_start("o");
    expect_start("x");
    ck_assert_int_eq(INT("EXISTS", "rq:cq:starts:other"), 0);
}
END_TEST

START_TEST(broken_keys_lose_no_job_and_stop_no_other)
{
    begin();
    set_rate("api", 1, 10);
    enqueue_keyed("a");
    enqueue_keyed("b");
    expect_start("a");
    RUN("SET", "rq:cq:waiting:api", "text");
    struct cq_fetch fetch = fetch_of(RUN_2);
    fetch.now = clock_now;
    enum cq_fetch_verdict verdict;
    cq_fetch_build(&fetch, &call);
    ck_assert_int_eq(cq_fetch_read(step(), &verdict, &started, NULL), CQ_ERR_REDIS);
    ck_assert_int_eq(job_places("b"), 1);
    enqueue_plain("x");
    RUN("LREM", "rq:queue:default", "0", "b");
    ck_assert_int_eq(fetch_now(), CQ_FETCH_STARTED);
    ck_assert(cq_str_is(started.job_id, "x"));
    RUN("DEL", "rq:cq:waiting:api");
    RUN("SET", "rq:cq:limit:odd", "text");
    RUN("ZADD", "rq:cq:waiting", "1", "odd");
    struct cq_job odd = new_job("y", "default");
    odd.rate_limit_key = CQ_STR_LIT("odd");
    enqueue(&odd);
    expect_start("y");
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {
        no_more_start_in_a_window_and_the_rest_go_on_in_order,
        whatever_the_times_of_asking_no_window_has_too_many_starts,
        who_waits_goes_before_who_comes_later,
        a_busy_worker_keeps_to_the_rate_between_two_jobs,
        a_scheduler_that_brings_one_back_early_changes_nothing,
        what_rqs_scheduler_may_be_queueing_is_left_to_it,
        a_job_that_was_scheduled_anew_is_not_brought_back_before_its_time,
        canceled_and_deleted_jobs_are_not_waited_for,
        a_limit_taken_away_or_changed_counts_at_once,
        a_lower_rate_counts_what_has_started,
        jobs_without_workers_awake_are_brought_back_by_abandon,
        more_than_one_call_can_handle_takes_several,
        a_job_that_waits_for_the_window_keeps_its_slot,
        other_keys_and_jobs_without_one_are_not_touched,
        broken_keys_lose_no_job_and_stop_no_other,
    };
    return lifecycle_suite("windows", tests, CQ_ARRAY_LEN(tests));
}
