#include "lifecycle/many.h"

#include "tests/lifecycle/steps.h"

/* On the list of `default`, jobs of these ids. */
static void stage(const char *const ids[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char key[64];
        snprintf(key, sizeof(key), "rq:job:%s", ids[i]);
        RUN("HSET", key, "status", "queued", "origin", "default", "created_at", NOW_ISO);
        RUN("RPUSH", "rq:queue:default", ids[i]);
    }
}

/* It goes to the front when it is released. */
static void wait_for(const char *id, const char *parent)
{
    char key[64];
    snprintf(key, sizeof(key), "rq:job:%s", id);
    RUN("HSET", key, "status", "deferred", "origin", "default", "created_at", NOW_ISO, "enqueue_at_front", "1");
    RUN("ZADD", "rq:deferred:default", "1", id);
    snprintf(key, sizeof(key), "rq:job::%s:dependencies", id);
    RUN("SADD", key, parent);
    snprintf(key, sizeof(key), "rq:job:%s:dependents", parent);
    RUN("SADD", key, id);
}

static struct cq_many_done many(enum cq_many_verb verb, const struct cq_str *ids, size_t id_count)
{
    struct cq_many with = {.verb = verb,
                           .place = CQ_PLACE_QUEUED,
                           .queue = default_queue[0],
                           .limit = 10,
                           .dependents = true,
                           .since = NOW,
                           .now = NOW,
                           .ids = ids,
                           .id_count = id_count};
    struct cq_many_done done;
    with.after.score = id_count ? CQ_STR_LIT("0") : CQ_STR_NONE;
    cq_many_build(&with, &call);
    ck_assert_int_eq(cq_many_read(step(), &done, NULL), CQ_OK);
    return done;
}

START_TEST(dependents_that_a_cancel_puts_before_the_others_stay_on_the_list)
{
    stage((const char *const[]){"a", "b"}, 2);
    wait_for("first", "a");
    struct cq_many_done done = many(CQ_MANY_CANCEL, NULL, 0);
    ck_assert_int_eq(done.done, 2);
    ck_assert_int_eq(INT("LLEN", "rq:queue:default"), 1);
    assert_text("first", "LINDEX", "rq:queue:default", "0");
    ck_assert_int_eq(job_places("first"), 1);
}
END_TEST

START_TEST(of_named_ids_none_other_leaves_the_list_when_dependents_come_before_them)
{
    const struct cq_str ids[] = {CQ_STR_LIT("a"), CQ_STR_LIT("c")};
    stage((const char *const[]){"a", "b", "c", "d"}, 4);
    wait_for("first", "a");
    ck_assert_int_eq(many(CQ_MANY_CANCEL, ids, 2).done, 2);
    ck_assert_int_eq(INT("LLEN", "rq:queue:default"), 3);
    assert_text("first", "LINDEX", "rq:queue:default", "0");
    assert_text("b", "LINDEX", "rq:queue:default", "1");
    assert_text("d", "LINDEX", "rq:queue:default", "2");
}
END_TEST

/* A canceled dependent that was requeued is queued, and among the dependents still. */
START_TEST(dependents_that_a_delete_takes_off_the_list_take_no_other_along)
{
    stage((const char *const[]){"a", "b", "c", "d"}, 4);
    RUN("SADD", "rq:job:a:dependents", "b");
    const struct cq_str ids[] = {CQ_STR_LIT("a"), CQ_STR_LIT("b")};
    ck_assert_int_eq(many(CQ_MANY_DELETE, ids, 2).done, 1);
    ck_assert_int_eq(INT("LLEN", "rq:queue:default"), 2);
    RUN("SADD", "rq:job:c:dependents", "d");
    RUN("RPUSH", "rq:queue:default", "e");
    RUN("HSET", "rq:job:e", "status", "queued", "origin", "default");
    struct cq_many_done done = many(CQ_MANY_DELETE, NULL, 0);
    ck_assert_int_eq(done.done, 2);
    ck_assert_int_eq(INT("EXISTS", "rq:queue:default", "rq:job:a", "rq:job:b", "rq:job:c", "rq:job:d", "rq:job:e"), 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        dependents_that_a_cancel_puts_before_the_others_stay_on_the_list,
        of_named_ids_none_other_leaves_the_list_when_dependents_come_before_them,
        dependents_that_a_delete_takes_off_the_list_take_no_other_along,
    };
    return run_suite("many", tests, CQ_ARRAY_LEN(tests)) != 0;
}
