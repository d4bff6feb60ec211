/* remove and empty: nothing of a job stays behind. */
#include "lifecycle/manage/empty.h"
#include "lifecycle/manage/remove.h"
#include "tests/lifecycle/steps.h"

static int64_t keys(void)
{
    struct cq_reply *all = redis_server_run(server, "KEYS", "*j1*", NULL);
    int64_t count = (int64_t)cq_reply_len(all);
    cq_reply_free(all);
    return count;
}

static void decorate(const char *id)
{
    char key[64];
    snprintf(key, sizeof(key), "rq:job:%s", id);
    RUN("HSET", key, "group_id", "g");
    RUN("SADD", "rq:group:g", id);
    snprintf(key, sizeof(key), "rq:results:%s", id);
    RUN("XADD", key, "*", "type", "2");
    snprintf(key, sizeof(key), "rq:job::%s:dependencies", id);
    RUN("SADD", key, "parent");
    RUN("SADD", "rq:job:parent:dependents", id);
}

START_TEST(remove_takes_a_job_out_of_wherever_it_is)
{
    const char *const registries[] = {"finished", "failed", "deferred", "scheduled", "canceled"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(registries); i++) {
        char key[64];
        enqueue_plain("j1");
        decorate("j1");
        snprintf(key, sizeof(key), "rq:%s:default", registries[i]);
        RUN("ZADD", key, "1", "j1");
        RUN("LPUSH", "rq:queue:default:intermediate", "j1");
        cq_remove_build(CQ_STR_LIT("j1"), NOW, &call);
        ck_assert_int_eq(cq_remove_read(step(), NULL), CQ_OK);
        ck_assert_int_eq(job_places("j1"), 0);
        ck_assert_int_eq(keys(), 0);
        ck_assert_int_eq(INT("EXISTS", "rq:group:g", "rq:job:parent:dependents"), 0);
    }
}
END_TEST

START_TEST(a_running_job_is_removed_with_its_execution_and_its_outcome_is_refused)
{
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job);
    cq_remove_build(CQ_STR_LIT("j1"), NOW, &call);
    ck_assert_int_eq(cq_remove_read(step(), NULL), CQ_OK);
    ck_assert_int_eq(keys(), 0);
    ck_assert_int_eq(INT("EXISTS", "rq:wip:default", "rq:worker:w1:executions"), 0);
    ck_assert_int_eq(finish("j1", CQ_OUTCOME_SUCCESS), CQ_VERDICT_DELETED);
    ck_assert_int_eq(keys(), 0);
}
END_TEST

START_TEST(removing_twice_says_that_there_is_no_such_job)
{
    enqueue_plain("j1");
    cq_remove_build(CQ_STR_LIT("j1"), NOW, &call);
    cut_call(false);
    ck_assert_int_eq(job_places("j1"), 1);
    cut_call(true);
    ck_assert_int_eq(job_places("j1"), 0);
    struct cq_error err = {0};
    ck_assert_int_eq(cq_remove_read(step(), &err), CQ_ERR_NO_SUCH_JOB);
    ck_assert_str_eq(err.text, "no such job: j1");
}
END_TEST

START_TEST(empty_works_in_chunks_and_leaves_nothing_of_its_jobs)
{
    enqueue_plain("j1");
    decorate("j1");
    enqueue_plain("j1-b");
    enqueue_plain("j1-c");
    RUN("RPUSH", "rq:queue:default", "gone");
    int64_t removed = 0, left = 0;
    cq_empty_build(default_queue[0], 3, &call);
    ck_assert_int_eq(cq_empty_read(step(), &removed, &left, NULL), CQ_OK);
    ck_assert_int_eq(removed, 3);
    ck_assert_int_eq(left, 1);
    cq_empty_build(default_queue[0], 3, &call);
    ck_assert_int_eq(cq_empty_read(step(), &removed, &left, NULL), CQ_OK);
    ck_assert_int_eq(removed, 1);
    ck_assert_int_eq(left, 0);
    ck_assert_int_eq(keys(), 0);
    ck_assert_int_eq(INT("EXISTS", "rq:group:g"), 0);
    ck_assert_int_eq(INT("SISMEMBER", "rq:queues", "rq:queue:default"), 1);
}
END_TEST

START_TEST(empty_takes_the_deferred_dependents_along)
{
    const char *const chain[][2] = {
        {"j1", "j1-child"}, {"j1-child", "j1-grandchild"}, {"j1-grandchild", "j1"}};
    enqueue_plain("j1");
    for (size_t i = 0; i < CQ_ARRAY_LEN(chain); i++) { /* the last makes a ring: it must end */
        char key[64];
        snprintf(key, sizeof(key), "rq:job:%s:dependents", chain[i][0]);
        RUN("SADD", key, chain[i][1]);
        snprintf(key, sizeof(key), "rq:job::%s:dependencies", chain[i][1]);
        RUN("SADD", key, chain[i][0]);
        if (i < 2) {
            snprintf(key, sizeof(key), "rq:job:%s", chain[i][1]);
            RUN("HSET", key, "status", "deferred", "origin", "default");
            RUN("ZADD", "rq:deferred:default", "1", chain[i][1]);
        }
    }
    int64_t removed = 0, left = 0;
    cq_empty_build(default_queue[0], 100, &call);
    ck_assert_int_eq(cq_empty_read(step(), &removed, &left, NULL), CQ_OK);
    ck_assert_int_eq(removed, 1);
    ck_assert_int_eq(keys(), 0);
    ck_assert_int_eq(INT("EXISTS", "rq:deferred:default"), 0);
}
END_TEST

START_TEST(empty_lets_a_running_job_run)
{
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job);
    RUN("RPUSH", "rq:queue:default", "j1");
    int64_t removed = 0, left = 0;
    cq_empty_build(default_queue[0], 100, &call);
    ck_assert_int_eq(cq_empty_read(step(), &removed, &left, NULL), CQ_OK);
    ck_assert_int_eq(finish("j1", CQ_OUTCOME_SUCCESS), CQ_VERDICT_FINISHED);
}
END_TEST

/* Each with 400 dependencies, of which a call looks at 5,000 and the rest of the last one's. */
static void put_waiting(const char *list, const char *status)
{
    char id[16], key[32];
    for (int i = 0; i < 25; i++) {
        snprintf(id, sizeof(id), "j%02d", i);
        snprintf(key, sizeof(key), "rq:job:%s", id);
        RUN("HSET", key, "status", status, "origin", "default");
        RUN(strcmp(status, "queued") == 0 ? "RPUSH" : "SADD", list, id);
        put_dependencies(id, 400);
    }
}

START_TEST(jobs_with_many_dependencies_are_removed_in_pieces)
{
    int64_t removed = 0, left = 0;
    put_waiting("rq:queue:default", "queued");
    cq_empty_build(default_queue[0], 100, &call);
    ck_assert_int_eq(cq_empty_read(step(), &removed, &left, NULL), CQ_OK);
    ck_assert_int_eq(removed, 13);
    ck_assert_int_eq(left, 12);
    cq_empty_build(default_queue[0], 100, &call);
    ck_assert_int_eq(cq_empty_read(step(), &removed, &left, NULL), CQ_OK);
    ck_assert_int_eq(left, 0);

    enqueue_plain("first");
    put_waiting("rq:job:first:dependents", "deferred");
    cq_empty_build(default_queue[0], 100, &call);
    ck_assert_int_eq(cq_empty_read(step(), &removed, &left, NULL), CQ_OK);
    ck_assert_int_eq(left, 1);
    ck_assert_int_eq(INT("SCARD", "rq:job:first:dependents"), 12);
    cq_remove_family_build(CQ_STR_LIT("first"), NOW, &call);
    ck_assert_int_eq(cq_remove_read(step(), NULL), CQ_OK);
    ck_assert_int_eq(INT("DBSIZE"), 1); /* rq:queues */

    enqueue_plain("first");
    put_waiting("rq:job:first:dependents", "deferred");
    cq_remove_family_build(CQ_STR_LIT("first"), NOW, &call);
    ck_assert(cq_remove_again(step()));
    ck_assert_int_eq(INT("SCARD", "rq:job:first:dependents"), 12);
    cq_remove_family_build(CQ_STR_LIT("first"), NOW, &call);
    ck_assert_int_eq(cq_remove_read(step(), NULL), CQ_OK);
    ck_assert_int_eq(INT("DBSIZE"), 1);
}
END_TEST

START_TEST(empty_passes_over_what_is_no_job)
{
    RUN("SET", "rq:job:odd", "no hash");
    RUN("RPUSH", "rq:queue:default", "odd");
    enqueue_plain("j1");
    RUN("SADD", "rq:job:j1:dependents", "odd");
    RUN("SET", "rq:executions:j1", "no zset");
    RUN("SET", "rq:job::j1:dependencies", "no set");
    int64_t removed = 0, left = 0;
    struct cq_error err = {0};
    cq_empty_build(default_queue[0], 100, &call);
    ck_assert_msg(cq_empty_read(step(), &removed, &left, &err) == CQ_OK, "%s", err.text);
    ck_assert_int_eq(removed, 2);
    ck_assert_int_eq(left, 0);
    assert_text("no hash", "GET", "rq:job:odd");
    ck_assert_int_eq(
        INT("EXISTS", "rq:job:j1", "rq:job:j1:dependents", "rq:executions:j1", "rq:job::j1:dependencies"), 0);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {
        remove_takes_a_job_out_of_wherever_it_is,
        a_running_job_is_removed_with_its_execution_and_its_outcome_is_refused,
        removing_twice_says_that_there_is_no_such_job,
        empty_works_in_chunks_and_leaves_nothing_of_its_jobs,
        empty_takes_the_deferred_dependents_along,
        empty_lets_a_running_job_run,
        empty_passes_over_what_is_no_job,
        jobs_with_many_dependencies_are_removed_in_pieces,
    };
    return lifecycle_suite("remove", tests, CQ_ARRAY_LEN(tests));
}
