/* A job with more dependents than one call may look at: the others follow, also when
 * the caller ends in between. */
#include "lifecycle/maintain/abandon.h"
#include "lifecycle/manage/empty.h"
#include "lifecycle/manage/requeue.h"
#include "tests/lifecycle/steps.h"

enum { MANY = 1300, CHUNK = 500 };

/* Deferred as RQ does it: c0, c1 ... of the parent, on the queue. */
static void defer_many(const char *queue, const char *failures)
{
    static const char lua[] = "for i = 0, ARGV[1] - 1 do local id = 'c' .. i\n"
                              "redis.call('HSET', 'rq:job:' .. id, 'status', 'deferred', 'origin', ARGV[2], "
                              "'allow_dependency_failures', ARGV[3])\n"
                              "redis.call('SADD', 'rq:job::' .. id .. ':dependencies', 'parent')\n"
                              "redis.call('SADD', 'rq:job:parent:dependents', id)\n"
                              "redis.call('ZADD', 'rq:deferred:' .. ARGV[2], 1, id) end";
    char count[16];
    snprintf(count, sizeof(count), "%d", MANY);
    RUN("EVAL", lua, "0", count, queue, failures);
}

static void run_parent(int64_t result_ttl_s)
{
    struct cq_job job = new_job("parent", "default");
    job.result_ttl_s = result_ttl_s;
    enqueue_and_start(&job);
}

static struct cq_abandoned item;

/* A worker's maintenance of the queue; true: there is more. */
static bool maintain(void)
{
    struct cq_abandon with = {.queue = default_queue[0], .now = NOW + CQ_SECOND, .limit = 100};
    size_t count = 99;
    cq_abandon_build(&with, &call);
    const struct cq_reply *reply = step();
    ck_assert_int_eq(cq_abandon_read(reply, &count, NULL), CQ_OK);
    if (count)
        cq_abandon_item(reply, 0, &item);
    return cq_abandon_more(reply);
}

static void assert_nothing_set_aside(void)
{
    struct cq_reply *keys = redis_server_run(server, "KEYS", "rq:cq:*", NULL);
    ck_assert_uint_eq(cq_reply_len(keys), 0);
    cq_reply_free(keys);
}

static void assert_each_is_queued_once(const char *list)
{
    ck_assert_int_eq(INT("LLEN", list), MANY);
    for (int i = 0; i < MANY; i += 97) {
        char id[16], job[32];
        snprintf(id, sizeof(id), "c%d", i);
        snprintf(job, sizeof(job), "rq:job:%s", id);
        assert_text("queued", "HGET", job, "status");
        ck_assert_int_eq(job_places_in(id, list + strlen("rq:queue:")), 1);
    }
}

START_TEST(one_call_releases_a_part_and_maintenance_the_rest)
{
    run_parent(500);
    defer_many("other", "0");
    ck_assert_int_eq(finish("parent", CQ_OUTCOME_SUCCESS), CQ_VERDICT_FINISHED);
    ck_assert_int_eq(INT("LLEN", "rq:queue:other"), CHUNK);
    ck_assert(maintain());
    ck_assert_int_eq(INT("LLEN", "rq:queue:other"), 2 * CHUNK);
    ck_assert(!maintain());
    assert_each_is_queued_once("rq:queue:other");
    ck_assert_int_eq(INT("EXISTS", "rq:deferred:other", "rq:job:parent:dependents"), 0);
    assert_nothing_set_aside();
}
END_TEST

START_TEST(a_worker_that_finds_no_job_releases_before_it_rests)
{
    run_parent(500);
    defer_many("other", "0");
    struct cq_finish with = finish_of("parent", CQ_OUTCOME_SUCCESS);
    struct cq_fetch next = fetch_of(RUN_2);
    struct cq_started started;
    with.next = &next;
    ck_assert_int_eq(finish_with(&with).next_verdict, CQ_FETCH_AGAIN);
    ck_assert_int_eq(fetch_with(&next, &started), CQ_FETCH_AGAIN);
    ck_assert_int_eq(fetch_with(&next, &started), CQ_FETCH_AGAIN);
    ck_assert_int_eq(fetch_with(&next, &started), CQ_FETCH_EMPTY);
    assert_each_is_queued_once("rq:queue:other");
    assert_nothing_set_aside();
}
END_TEST

START_TEST(dependents_on_the_parent_s_queue_are_all_run)
{
    run_parent(500);
    defer_many("default", "0");
    struct cq_finish with = finish_of("parent", CQ_OUTCOME_SUCCESS);
    struct cq_fetch next = fetch_of(RUN_2);
    struct cq_started started;
    with.next = &next;
    struct cq_finished finished = finish_with(&with);
    int ran = finished.next_verdict == CQ_FETCH_STARTED;
    enum cq_fetch_verdict verdict;
    do {
        char execution[40];
        snprintf(execution, sizeof(execution), "%032d", ran);
        next.execution_id = cq_str(execution);
        verdict = fetch_with(&next, &started);
        ran += verdict == CQ_FETCH_STARTED;
    } while (verdict != CQ_FETCH_EMPTY);
    ck_assert_int_eq(ran, MANY);
}
END_TEST

START_TEST(a_parent_that_leaves_nothing_behind_still_releases_them)
{
    run_parent(0);
    defer_many("other", "0");
    ck_assert_int_eq(finish("parent", CQ_OUTCOME_SUCCESS), CQ_VERDICT_DELETED);
    ck_assert_int_eq(INT("EXISTS", "rq:job:parent", "rq:job:parent:dependents"), 0);
    while (maintain())
        ;
    assert_each_is_queued_once("rq:queue:other");
    assert_nothing_set_aside();
}
END_TEST

START_TEST(a_call_sent_twice_sets_nothing_aside_twice)
{
    run_parent(500);
    defer_many("other", "0");
    struct cq_finish with = finish_of("parent", CQ_OUTCOME_SUCCESS);
    ck_assert_int_eq(cq_finish_build(&with, &call, NULL), CQ_OK);
    cut_call(true);
    ck_assert_int_eq(finish_with(&with).verdict, CQ_VERDICT_FINISHED);
    ck_assert_int_eq(INT("LLEN", "rq:cq:releasing:default"), 1);
    while (maintain())
        cut_call(true);
    assert_each_is_queued_once("rq:queue:other");
}
END_TEST

START_TEST(a_failed_parent_keeps_those_that_do_not_allow_it)
{
    run_parent(500);
    defer_many("other", "0");
    RUN("HSET", "rq:job:c7", "allow_dependency_failures", "1");
    ck_assert_int_eq(finish("parent", CQ_OUTCOME_FAILED), CQ_VERDICT_FAILED);
    while (maintain())
        ;
    ck_assert_int_eq(INT("LLEN", "rq:queue:other"), 1);
    assert_text("c7", "LINDEX", "rq:queue:other", "0");
    ck_assert_int_eq(INT("SCARD", "rq:job:parent:dependents"), MANY - 1);
    ck_assert_int_eq(INT("ZCARD", "rq:deferred:other"), MANY - 1);
    ck_assert_int_gt(INT("TTL", "rq:job:parent:dependents"), 31535000);
    assert_nothing_set_aside();
}
END_TEST

START_TEST(a_parent_that_is_requeued_and_succeeds_meanwhile_releases_all)
{
    run_parent(500);
    defer_many("other", "0");
    ck_assert_int_eq(finish("parent", CQ_OUTCOME_FAILED), CQ_VERDICT_FAILED);
    ck_assert(maintain());
    cq_requeue_build("failed", CQ_STR_LIT("parent"), CQ_STR_NONE, false, NOW, &call);
    ck_assert_int_eq(cq_requeue_read(step(), NULL), CQ_OK);
    start("parent", RUN_1);
    struct cq_finish with = finish_of("parent", CQ_OUTCOME_SUCCESS);
    with.ended_at += CQ_SECOND;
    ck_assert_int_eq(finish_with(&with).verdict, CQ_VERDICT_FINISHED);
    while (maintain())
        ;
    assert_each_is_queued_once("rq:queue:other");
    assert_nothing_set_aside();
}
END_TEST

START_TEST(canceled_dependents_and_those_with_another_open_dependency_come_back)
{
    run_parent(500);
    defer_many("other", "0");
    RUN("HSET", "rq:job:c1", "status", "canceled");
    RUN("SADD", "rq:job::c2:dependencies", "second");
    RUN("HSET", "rq:job:second", "status", "queued");
    RUN("DEL", "rq:job:c3");
    ck_assert_int_eq(finish("parent", CQ_OUTCOME_SUCCESS), CQ_VERDICT_FINISHED);
    while (maintain())
        ;
    ck_assert_int_eq(INT("LLEN", "rq:queue:other"), MANY - 3);
    ck_assert_int_eq(INT("SCARD", "rq:job:parent:dependents"), 2);
    ck_assert_int_eq(INT("SISMEMBER", "rq:job:parent:dependents", "c1"), 1);
    assert_text("deferred", "HGET", "rq:job:c2", "status");
    ck_assert_int_gt(INT("TTL", "rq:job:parent:dependents"), 0);
}
END_TEST

START_TEST(an_abandoned_parent_sets_them_aside_too)
{
    run_parent(500);
    defer_many("other", "1");
    struct cq_abandon with = {.queue = default_queue[0], .now = NOW + 1000 * CQ_SECOND, .limit = 100};
    size_t count = 0;
    cq_abandon_build(&with, &call);
    ck_assert_int_eq(cq_abandon_read(step(), &count, NULL), CQ_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert(cq_abandon_more(held));
    ck_assert_int_eq(INT("LLEN", "rq:queue:other"), CHUNK);
    while (maintain())
        ;
    assert_each_is_queued_once("rq:queue:other");
}
END_TEST

START_TEST(many_dependencies_are_looked_at_to_the_last)
{
    run_parent(500);
    static const char lua[] =
        "for i = 1, 3000 do redis.call('SADD', 'rq:job::child:dependencies', 'd' .. i) end";
    RUN("EVAL", lua, "0");
    RUN("HSET", "rq:job:child", "status", "deferred", "origin", "default");
    RUN("SADD", "rq:job:parent:dependents", "child");
    RUN("HSET", "rq:job:d2999", "status", "started");
    ck_assert_int_eq(finish("parent", CQ_OUTCOME_SUCCESS), CQ_VERDICT_FINISHED);
    assert_text("deferred", "HGET", "rq:job:child", "status");
    RUN("HSET", "rq:job:d2999", "status", "finished");
    run_parent(500);
    ck_assert_int_eq(finish("parent", CQ_OUTCOME_SUCCESS), CQ_VERDICT_FINISHED);
    assert_text("queued", "HGET", "rq:job:child", "status");
}
END_TEST

START_TEST(empty_takes_many_dependents_in_several_calls)
{
    struct cq_job job = new_job("parent", "default");
    enqueue(&job);
    defer_many("other", "0");
    RUN("SADD", "rq:job:c5:dependents", "grandchild");
    RUN("HSET", "rq:job:grandchild", "status", "deferred", "origin", "other");
    RUN("ZADD", "rq:deferred:other", "1", "grandchild");
    int64_t removed = 9, left = 0, calls = 0;
    do {
        cq_empty_build(default_queue[0], 100, &call);
        ck_assert_int_eq(cq_empty_read(step(), &removed, &left, NULL), CQ_OK);
        calls++;
        ck_assert_int_eq(removed, left ? 0 : 1);
    } while (left);
    ck_assert_int_eq(calls, 3);
    ck_assert_int_eq(
        INT("EXISTS", "rq:deferred:other", "rq:job:parent", "rq:job:parent:dependents", "rq:job:grandchild"),
        0);
    struct cq_reply *keys = redis_server_run(server, "KEYS", "rq:job:*", NULL);
    ck_assert_uint_eq(cq_reply_len(keys), 0);
    cq_reply_free(keys);
}
END_TEST

/* The call ends on its way through a chain: what it has in hand must be found again. */
START_TEST(empty_finds_its_way_through_a_long_chain_again)
{
    static const char lua[] =
        "for i = 1, 2500 do redis.call('HSET', 'rq:job:c' .. i, 'status', 'deferred', 'origin', 'other')\n"
        "redis.call('ZADD', 'rq:deferred:other', 1, 'c' .. i)\n"
        "redis.call('SADD', 'rq:job:' .. (i == 1 and 'parent' or 'c' .. (i - 1)) .. ':dependents', 'c' .. i) "
        "end";
    struct cq_job job = new_job("parent", "default");
    enqueue(&job);
    RUN("EVAL", lua, "0");
    int64_t removed = 0, left = 1;
    for (int calls = 0; left; calls++) {
        cq_empty_build(default_queue[0], 100, &call);
        ck_assert_int_eq(cq_empty_read(step(), &removed, &left, NULL), CQ_OK);
        ck_assert_int_lt(calls, 10);
    }
    ck_assert_int_eq(INT("EXISTS", "rq:deferred:other"), 0);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {
        one_call_releases_a_part_and_maintenance_the_rest,
        a_worker_that_finds_no_job_releases_before_it_rests,
        dependents_on_the_parent_s_queue_are_all_run,
        a_parent_that_leaves_nothing_behind_still_releases_them,
        a_call_sent_twice_sets_nothing_aside_twice,
        a_failed_parent_keeps_those_that_do_not_allow_it,
        a_parent_that_is_requeued_and_succeeds_meanwhile_releases_all,
        canceled_dependents_and_those_with_another_open_dependency_come_back,
        an_abandoned_parent_sets_them_aside_too,
        many_dependencies_are_looked_at_to_the_last,
        empty_takes_many_dependents_in_several_calls,
        empty_finds_its_way_through_a_long_chain_again,
    };
    return lifecycle_suite("release", tests, CQ_ARRAY_LEN(tests));
}
