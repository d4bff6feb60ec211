/* Slots that leaked, and keys of a limit that hold something else: scripts/parts/repair.lua, and what
 * slots.lua does first. */
#include "tests/lifecycle/limited.h"

START_TEST(a_key_that_holds_something_else_makes_no_job_without_a_place)
{
    static const char *const broken[] = {"rq:rl:api", "rq:rl-keys", ALLOWED, LIMITED, "rq:queue:default"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(broken); i++) {
        struct cq_job job = limited_job("a");
        struct cq_enqueue with = {.job = &job, .now = NOW};
        RUN("FLUSHALL");
        RUN("SET", broken[i], "text");
        cq_enqueue_build(&with, &call);
        ck_assert_msg(cq_enqueue_read(step(), NULL, NULL) != CQ_OK, "%s", broken[i]);
        ck_assert_msg(INT("EXISTS", "rq:job:a") == 0, "%s: it exists", broken[i]);
    }
}
END_TEST

START_TEST(a_job_whose_list_is_something_else_waits_on_behind_the_others)
{
    enqueue_limited("a");
    struct cq_job elsewhere = limited_job("b");
    elsewhere.origin = CQ_STR_LIT("odd");
    enqueue(&elsewhere);
    enqueue_limited("c");
    RUN("SET", "rq:queue:odd", "text");
    start("a", RUN_1);
    finish("a", CQ_OUTCOME_SUCCESS);
    assert_waits("b");
    assert_holds("c");
    RUN("DEL", "rq:queue:odd");
    start("c", RUN_1);
    finish("c", CQ_OUTCOME_SUCCESS);
    assert_text("b", "LINDEX", "rq:queue:odd", "0");
    assert_text("queued", "HGET", "rq:job:b", "status");
}
END_TEST

START_TEST(slots_that_leaked_are_found)
{
    enqueue_limited("b");
    RUN("ZADD", ALLOWED, "1", "gone"); /* its hash expired */
    RUN("ZADD", ALLOWED, "1", "ended");
    RUN("HSET", "rq:job:ended", "status", "finished", "rate_limit_key", "api"); /* by a worker of RQ 2.12 */
    enqueue_limited("c");
    RUN("DEL", "rq:job:b"); /* its ttl was over */
    RUN("LREM", "rq:queue:default", "0", "b");
    abandon_at(NOW, false);
    assert_holds("c");
    ck_assert_int_eq(INT("ZCARD", ALLOWED), 1);
}
END_TEST

START_TEST(one_look_finds_the_leaks_of_many_keys)
{
    enum { KEYS = 40 };
    for (int i = 0; i < KEYS; i++) {
        char key[16], id[16], allowed[64];
        snprintf(key, sizeof(key), "key%d", i);
        snprintf(id, sizeof(id), "waits%d", i);
        snprintf(allowed, sizeof(allowed), "rq:rl:%s:allowed", key);
        RUN("ZADD", allowed, "1", "gone");
        struct cq_job job = limited_job(id);
        job.rate_limit_key = cq_str(key);
        enqueue(&job);
    }
    ck_assert_int_eq(INT("LLEN", "rq:queue:default"), 0);
    abandon_at(NOW, false);
    ck_assert_int_eq(INT("LLEN", "rq:queue:default"), KEYS);
}
END_TEST

START_TEST(a_key_that_nobody_uses_is_forgotten)
{
    enqueue_limited("a");
    start("a", RUN_1);
    finish("a", CQ_OUTCOME_SUCCESS);
    ck_assert_int_eq(INT("EXISTS", "rq:rl-keys"), 1);
    abandon_at(NOW, false);
    ck_assert_int_eq(INT("EXISTS", "rq:rl-keys", "rq:rl:api", ALLOWED, LIMITED), 0);
}
END_TEST

START_TEST(broken_keys_of_a_limit_neither_hide_an_outcome_nor_lose_a_job)
{
    enqueue_limited("a");
    start("a", RUN_1);
    RUN("DEL", LIMITED, ALLOWED);
    RUN("SET", LIMITED, "text");
    RUN("SET", ALLOWED, "text");
    ck_assert_int_eq(finish("a", CQ_OUTCOME_SUCCESS), CQ_VERDICT_FINISHED);
    abandon_at(NOW, false);
    struct cq_job job = limited_job("b");
    struct cq_enqueue other = {.job = &job, .now = NOW};
    cq_enqueue_build(&other, &call);
    ck_assert_int_eq(cq_enqueue_read(step(), NULL, NULL), CQ_ERR_REDIS);
    ck_assert_int_eq(job_places("b"), 0);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {
        a_key_that_holds_something_else_makes_no_job_without_a_place,
        a_job_whose_list_is_something_else_waits_on_behind_the_others,
        slots_that_leaked_are_found,
        one_look_finds_the_leaks_of_many_keys,
        a_key_that_nobody_uses_is_forgotten,
        broken_keys_of_a_limit_neither_hide_an_outcome_nor_lose_a_job,
    };
    return lifecycle_suite("repair", tests, CQ_ARRAY_LEN(tests));
}
