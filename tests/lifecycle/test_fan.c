/* Many jobs that one job waits for: each of them may cost a few commands when it ends, however many there
 * are. */
#include "lifecycle/maintain/abandon.h"
#include "tests/lifecycle/steps.h"

enum { MANY = 2000 };

/* p0, p1 ... run as RUN_1, all at once; child waits for them. */
static void fan_in(const char *failures)
{
    static const char lua[] =
        "for i = 0, ARGV[1] - 1 do local id = 'p' .. i\n"
        "redis.call('HSET', 'rq:job:' .. id, 'status', 'started', 'origin', 'default', 'worker_name', 'w1')\n"
        "redis.call('ZADD', 'rq:wip:default', ARGV[3], id .. ':' .. ARGV[4])\n"
        "redis.call('SADD', 'rq:job:' .. id .. ':dependents', 'child')\n"
        "redis.call('SADD', 'rq:job::child:dependencies', id) end\n"
        "redis.call('HSET', 'rq:job:child', 'status', 'deferred', 'origin', 'default', "
        "'allow_dependency_failures', ARGV[2])\n"
        "redis.call('ZADD', 'rq:deferred:default', 1, 'child')";
    char count[16], due[16];
    snprintf(count, sizeof(count), "%d", MANY);
    snprintf(due, sizeof(due), "%d", NOW_S + 600);
    ck_assert_int_eq(birth(NOW, true), CQ_OK);
    RUN("EVAL", lua, "0", count, failures, due, RUN_1);
}

/* How often Redis was asked for one field of a hash since the last call of this. */
static long long looks(void)
{
    struct cq_str stats = TEXT("INFO", "commandstats");
    char text[16384];
    snprintf(text, sizeof(text), "%.*s", (int)stats.len, stats.data);
    const char *hget = strstr(text, "cmdstat_hget:calls=");
    long long calls = hget ? strtoll(hget + strlen("cmdstat_hget:calls="), NULL, 10) : 0;
    RUN("CONFIG", "RESETSTAT");
    return calls;
}

static void finish_parents(int from, int to, enum cq_outcome outcome)
{
    char id[16];
    for (int i = from; i < to; i++) {
        snprintf(id, sizeof(id), "p%d", i);
        finish(id, outcome);
    }
}

START_TEST(each_of_many_dependencies_is_looked_at_once)
{
    fan_in("0");
    looks();
    finish_parents(0, MANY - 1, CQ_OUTCOME_SUCCESS);
    ck_assert_int_lt(looks(), 4 * MANY);
    ck_assert_int_eq(INT("SCARD", "rq:job::child:dependencies"), 1);
    assert_text("deferred", "HGET", "rq:job:child", "status");
    finish_parents(MANY - 1, MANY, CQ_OUTCOME_SUCCESS);
    assert_text("queued", "HGET", "rq:job:child", "status");
    ck_assert_int_eq(job_places("child"), 1);
}
END_TEST

/* RQ leaves the set as it was: what its workers have finished is found finished once, not each time. */
START_TEST(what_workers_of_rq_have_finished_is_looked_at_once)
{
    static const char lua[] =
        "for i = 1000, 1998 do redis.call('HSET', 'rq:job:p' .. i, 'status', 'finished') end";
    fan_in("0");
    RUN("EVAL", lua, "0");
    looks();
    finish_parents(0, 1000, CQ_OUTCOME_SUCCESS);
    ck_assert_int_lt(looks(), 4 * MANY);
    finish_parents(MANY - 1, MANY, CQ_OUTCOME_SUCCESS);
    assert_text("queued", "HGET", "rq:job:child", "status");
}
END_TEST

START_TEST(many_that_failed_are_enough_for_a_job_that_allows_it)
{
    fan_in("1");
    finish_parents(0, MANY / 2, CQ_OUTCOME_FAILED);
    finish_parents(MANY / 2, MANY - 1, CQ_OUTCOME_SUCCESS);
    assert_text("deferred", "HGET", "rq:job:child", "status");
    finish_parents(MANY - 1, MANY, CQ_OUTCOME_FAILED);
    assert_text("queued", "HGET", "rq:job:child", "status");
}
END_TEST

/* Many dependents that each wait for many others: one call stops when it has looked often enough, and later
 * ones continue. */
START_TEST(many_dependents_with_many_dependencies_are_released_in_pieces)
{
    static const char lua[] =
        "for i = 1, 300 do redis.call('HSET', 'rq:job:o' .. i, 'status', 'failed') end\n"
        "for c = 1, 100 do local id = 'c' .. c\n"
        "redis.call('HSET', 'rq:job:' .. id, 'status', 'deferred', 'origin', 'other', "
        "'allow_dependency_failures', '1')\n"
        "redis.call('ZADD', 'rq:deferred:other', 1, id)\n"
        "redis.call('SADD', 'rq:job:parent:dependents', id)\n"
        "redis.call('SADD', 'rq:job::' .. id .. ':dependencies', 'parent')\n"
        "for i = 1, 300 do redis.call('SADD', 'rq:job::' .. id .. ':dependencies', 'o' .. i) end end";
    struct cq_job job = new_job("parent", "default");
    enqueue_and_start(&job);
    RUN("EVAL", lua, "0");
    looks();
    finish("parent", CQ_OUTCOME_SUCCESS);
    int calls = 0;
    do {
        ck_assert_int_lt(looks(), 6000);
        struct cq_abandon with = {.queue = default_queue[0], .now = NOW + CQ_SECOND, .limit = 100};
        cq_abandon_build(&with, &call);
        step();
        calls++;
    } while (cq_abandon_more(held));
    ck_assert_int_gt(calls, 3);
    ck_assert_int_eq(INT("LLEN", "rq:queue:other"), 100);
    ck_assert_int_eq(INT("ZCARD", "rq:deferred:other"), 0);
    ck_assert_int_eq(INT("EXISTS", "rq:cq:releasing:default"), 0);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {
        each_of_many_dependencies_is_looked_at_once,
        what_workers_of_rq_have_finished_is_looked_at_once,
        many_that_failed_are_enough_for_a_job_that_allows_it,
        many_dependents_with_many_dependencies_are_released_in_pieces,
    };
    return lifecycle_suite("fan", tests, CQ_ARRAY_LEN(tests));
}
