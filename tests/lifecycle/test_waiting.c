/* Jobs that are enqueued to wait: for other jobs, or for a time. */
#include "lifecycle/manage/requeue.h"
#include "tests/lifecycle/steps.h"

static enum cq_job_status enqueue_with(const struct cq_enqueue *with)
{
    struct cq_error err = {0};
    cq_enqueue_build(with, &call);
    ck_assert_msg(cq_enqueue_read(step(), NULL, &err) == CQ_OK, "%s", err.text);
    return enqueue_status(held);
}

/* A job that waits for up to three others, enqueued at a microsecond of its own. */
static enum cq_job_status enqueue_after(const char *id, const char *a, const char *b, bool allow_failures)
{
    static cq_time tick;
    struct cq_job job = new_job(id, "default");
    struct cq_str dependencies[] = {cq_str(a), cq_str(b ? b : "")};
    job.created_at = NOW + ++tick;
    job.has_allow_dependency_failures = job.allow_dependency_failures = allow_failures;
    struct cq_enqueue with = {
        .job = &job, .now = NOW, .dependencies = dependencies, .dependency_count = b ? 2 : 1};
    return enqueue_with(&with);
}

static void set_status(const char *id, const char *status)
{
    char key[64];
    snprintf(key, sizeof(key), "rq:job:%s", id);
    RUN("HSET", key, "status", status);
}

START_TEST(a_job_with_an_open_dependency_is_deferred_as_rq_defers_it)
{
    enqueue_plain("a");
    enqueue_plain("b");
    ck_assert_int_eq(enqueue_after("child", "a", "b", false), CQ_JOB_DEFERRED);
    assert_text("deferred", "HGET", "rq:job:child", "status");
    assert_text("[\"a\", \"b\"]", "HGET", "rq:job:child", "dependency_ids");
    assert_text("a", "HGET", "rq:job:child", "dependency_id");
    assert_missing("HGET", "rq:job:child", "enqueued_at");
    assert_text("1795212711", "ZSCORE", "rq:deferred:default", "child");
    ck_assert_int_eq(INT("SISMEMBER", "rq:job:a:dependents", "child"), 1);
    ck_assert_int_eq(INT("SISMEMBER", "rq:job:b:dependents", "child"), 1);
    ck_assert_int_eq(INT("SCARD", "rq:job::child:dependencies"), 2);
    ck_assert_int_eq(INT("TTL", "rq:job:a:dependents"), -1);
    ck_assert_int_eq(job_places("child"), 1);
}
END_TEST

START_TEST(each_status_of_a_dependency_is_judged_as_rq_judges_it)
{
    const struct {
        const char *status;
        enum cq_job_status strict, allowing;
    } cases[] = {
        {"created", CQ_JOB_DEFERRED, CQ_JOB_DEFERRED},   {"queued", CQ_JOB_DEFERRED, CQ_JOB_DEFERRED},
        {"started", CQ_JOB_DEFERRED, CQ_JOB_DEFERRED},   {"deferred", CQ_JOB_DEFERRED, CQ_JOB_DEFERRED},
        {"scheduled", CQ_JOB_DEFERRED, CQ_JOB_DEFERRED}, {"finished", CQ_JOB_QUEUED, CQ_JOB_QUEUED},
        {"failed", CQ_JOB_DEFERRED, CQ_JOB_QUEUED},      {"stopped", CQ_JOB_DEFERRED, CQ_JOB_DEFERRED},
        {"canceled", CQ_JOB_DEFERRED, CQ_JOB_DEFERRED},
    };
    for (size_t i = 0; i < CQ_ARRAY_LEN(cases); i++) {
        set_status("a", cases[i].status);
        ck_assert_msg(enqueue_after("strict", "a", NULL, false) == cases[i].strict, "%s", cases[i].status);
        ck_assert_msg(enqueue_after("allowing", "a", NULL, true) == cases[i].allowing, "%s, allowed",
                      cases[i].status);
        ck_assert_int_eq(job_places("strict") + job_places("allowing"), 2);
    }
    ck_assert_int_eq(enqueue_after("strict", "nobody", NULL, false), CQ_JOB_QUEUED);
    ck_assert_int_eq(INT("EXISTS", "rq:job:nobody:dependents"), 0);
}
END_TEST

START_TEST(a_job_is_registered_with_what_it_waits_for_and_no_more)
{
    set_status("done", "finished");
    set_status("failed", "failed");
    enqueue_plain("open");
    struct cq_job job = new_job("child", "default");
    const struct cq_str ids[] = {CQ_STR_LIT("done"), CQ_STR_LIT("gone"), CQ_STR_LIT("failed"),
                                 CQ_STR_LIT("open"), CQ_STR_LIT("open")};
    job.has_allow_dependency_failures = job.allow_dependency_failures = true;
    struct cq_enqueue with = {
        .job = &job, .now = NOW, .dependencies = ids, .dependency_count = CQ_ARRAY_LEN(ids)};
    ck_assert_int_eq(enqueue_with(&with), CQ_JOB_DEFERRED);
    ck_assert_int_eq(INT("SCARD", "rq:job::child:dependencies"), 2);
    ck_assert_int_eq(INT("SISMEMBER", "rq:job::child:dependencies", "failed"), 1);
    ck_assert_int_eq(INT("EXISTS", "rq:job:done:dependents", "rq:job:gone:dependents"), 0);
    assert_text("[\"done\", \"gone\", \"failed\", \"open\", \"open\"]", "HGET", "rq:job:child",
                "dependency_ids");
}
END_TEST

START_TEST(dependencies_that_do_not_exist_are_named)
{
    struct cq_str first = CQ_STR_NONE;
    set_status("done", "finished");
    ck_assert_int_eq(enqueue_after("child", "done", NULL, false), CQ_JOB_QUEUED);
    ck_assert_int_eq(cq_enqueue_missing(held, &first), 0);
    ck_assert_int_eq(enqueue_after("child2", "done", "gone", false), CQ_JOB_QUEUED);
    ck_assert_int_eq(cq_enqueue_missing(held, &first), 1);
    ck_assert(cq_str_is(first, "gone"));
    enqueue_plain("open");
    ck_assert_int_eq(enqueue_after("child3", "lost", "open", false), CQ_JOB_DEFERRED);
    ck_assert_int_eq(cq_enqueue_missing(held, &first), 1);
    ck_assert(cq_str_is(first, "lost"));
    RUN("SET", "rq:job:text", "of somebody else's");
    ck_assert_int_eq(enqueue_after("child4", "text", "none", false), CQ_JOB_QUEUED);
    ck_assert_int_eq(cq_enqueue_missing(held, &first), 2);
    ck_assert(cq_str_is(first, "text"));
}
END_TEST

START_TEST(a_dependency_that_will_expire_takes_its_dependents_along)
{
    struct cq_job job = new_job("a", "default");
    job.ttl_s = 90;
    enqueue(&job);
    enqueue_after("child", "a", NULL, false);
    ck_assert_int_eq(INT("TTL", "rq:job:a:dependents"), 90);
}
END_TEST

START_TEST(a_deferred_job_expires_by_its_ttl_and_starts_it_anew_when_released)
{
    struct cq_job parent = new_job("parent", "default"), job = new_job("child", "default");
    const struct cq_str ids[] = {CQ_STR_LIT("parent")};
    enqueue_and_start(&parent);
    job.ttl_s = 70;
    struct cq_enqueue with = {.job = &job, .now = NOW, .dependencies = ids, .dependency_count = 1};
    ck_assert_int_eq(enqueue_with(&with), CQ_JOB_DEFERRED);
    ck_assert_int_eq(INT("TTL", "rq:job:child"), 70);
    ck_assert_int_eq(INT("TTL", "rq:job::child:dependencies"), 70);
    RUN("EXPIRE", "rq:job:child", "20");
    finish("parent", CQ_OUTCOME_SUCCESS);
    assert_text("queued", "HGET", "rq:job:child", "status");
    ck_assert_int_eq(INT("TTL", "rq:job:child"), 70);
}
END_TEST

START_TEST(a_chain_is_released_one_by_one)
{
    char id[16] = "c0", before[16];
    struct cq_job first = new_job(id, "default");
    enqueue_and_start(&first);
    for (int i = 1; i < 1000; i++) {
        snprintf(before, sizeof(before), "c%d", i - 1);
        snprintf(id, sizeof(id), "c%d", i);
        ck_assert_int_eq(enqueue_after(id, before, NULL, false), CQ_JOB_DEFERRED);
    }
    for (int i = 0; i < 1000; i++) {
        snprintf(id, sizeof(id), "c%d", i);
        if (i)
            start(id, RUN_1);
        ck_assert_int_eq(INT("LLEN", "rq:queue:default"), 0);
        ck_assert_int_eq(finish(id, CQ_OUTCOME_SUCCESS), CQ_VERDICT_FINISHED);
    }
    ck_assert_int_eq(INT("ZCARD", "rq:deferred:default"), 0);
    ck_assert_int_eq(INT("ZCARD", "rq:finished:default"), 1000);
}
END_TEST

START_TEST(a_diamond_is_joined_once)
{
    struct cq_job top = new_job("top", "default");
    enqueue_and_start(&top);
    enqueue_after("left", "top", NULL, false);
    enqueue_after("right", "top", NULL, false);
    enqueue_after("bottom", "left", "right", false);
    finish("top", CQ_OUTCOME_SUCCESS);
    ck_assert_int_eq(INT("LLEN", "rq:queue:default"), 2);
    const char *first = cq_str_is(TEXT("LINDEX", "rq:queue:default", "0"), "left") ? "left" : "right";
    start(first, RUN_1);
    finish(first, CQ_OUTCOME_SUCCESS);
    assert_text("deferred", "HGET", "rq:job:bottom", "status");
    ck_assert_int_eq(INT("SISMEMBER", "rq:job::bottom:dependencies", first),
                     0); /* it will not be looked at again */
    const char *second = *first == 'l' ? "right" : "left";
    start(second, RUN_1);
    finish(second, CQ_OUTCOME_SUCCESS);
    assert_text("queued", "HGET", "rq:job:bottom", "status");
    ck_assert_int_eq(INT("LLEN", "rq:queue:default"), 1);
}
END_TEST

/* A failed one that is requeued is to be waited for again, though the job would have taken the failure. */
START_TEST(a_failed_dependency_stays_one)
{
    struct cq_job a = new_job("a", "default");
    enqueue_and_start(&a);
    enqueue_plain("b");
    enqueue_after("child", "a", "b", true);
    finish("a", CQ_OUTCOME_FAILED);
    ck_assert_int_eq(INT("SISMEMBER", "rq:job::child:dependencies", "a"), 1);
    cq_requeue_build("failed", CQ_STR_LIT("a"), CQ_STR_NONE, false, NOW, &call);
    ck_assert_int_eq(cq_requeue_read(step(), NULL), CQ_OK);
    start("b", RUN_1);
    finish("b", CQ_OUTCOME_SUCCESS);
    assert_text("deferred", "HGET", "rq:job:child", "status");
    start("a", RUN_1);
    finish("a", CQ_OUTCOME_FAILED);
    assert_text("queued", "HGET", "rq:job:child", "status");
}
END_TEST

START_TEST(a_scheduled_job_waits_in_its_registry_only)
{
    struct cq_job job = new_job("j1", "default");
    job.ttl_s = 3600;
    struct cq_enqueue with = {.job = &job, .now = NOW, .due = NOW + 600 * CQ_SECOND + 999999};
    ck_assert_int_eq(enqueue_with(&with), CQ_JOB_SCHEDULED);
    assert_text("scheduled", "HGET", "rq:job:j1", "status");
    assert_missing("HGET", "rq:job:j1", "enqueued_at");
    assert_text("1795213312", "ZSCORE", "rq:scheduled:default",
                "j1"); /* the fraction is dropped: 711.000123 + 600.999999 */
    ck_assert_int_eq(INT("TTL", "rq:job:j1"), 3600);
    ck_assert_int_eq(INT("SISMEMBER", "rq:queues", "rq:queue:default"), 1);
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

START_TEST(a_group_gets_the_job_and_loses_it_to_another)
{
    struct cq_job job = new_job("j1", "default");
    job.group_id = CQ_STR_LIT("g");
    enqueue(&job);
    assert_text("g", "HGET", "rq:job:j1", "group_id");
    ck_assert_int_eq(INT("SISMEMBER", "rq:group:g", "j1"), 1);
    ck_assert_int_eq(INT("SISMEMBER", "rq:groups", "g"), 1);
    job.group_id = CQ_STR_LIT("h");
    enqueue(&job);
    ck_assert_int_eq(INT("EXISTS", "rq:group:g"), 0);
    ck_assert_int_eq(INT("SISMEMBER", "rq:group:h", "j1"), 1);
}
END_TEST

/* Every way to wait, each from every way to wait: one place, and nobody who still waits for or reports it. */
START_TEST(an_id_enqueued_again_is_in_one_place_whatever_it_was)
{
    const struct cq_str ids[] = {CQ_STR_LIT("open")};
    enqueue_plain("open");
    for (int from = 0; from < 5; from++) {
        for (int to = 0; to < 3; to++) {
            struct cq_job job = new_job("j1", "default");
            job.created_at = NOW + 10 * from + to;
            struct cq_enqueue with = {.job = &job, .now = NOW + 100 + 10 * from + to};
            RUN("DEL", "rq:job:j1");
            if (from == 3)
                RUN("HSET", "rq:job:j1", "status", "failed", "origin", "default", "exc_info", "x", "ttl",
                    "5");
            if (from == 3)
                RUN("ZADD", "rq:failed:default", "9999999999", "j1");
            if (from == 1)
                with.dependencies = ids, with.dependency_count = 1;
            with.due = from == 2 ? NOW + CQ_SECOND : 0;
            with.at_front = true;
            if (from != 3)
                enqueue_with(&with);
            if (from == 4) {
                ck_assert_int_eq(birth(NOW, true), CQ_OK);
                start("j1", RUN_1);
            }
            ck_assert_int_eq(job_places("j1"), 1);
            job.created_at += 1000;
            with = (struct cq_enqueue){.job = &job, .now = with.now + 1000};
            if (to == 1)
                with.dependencies = ids, with.dependency_count = 1;
            with.due = to == 2 ? NOW + CQ_SECOND : 0;
            enum cq_job_status status = enqueue_with(&with);
            ck_assert_int_eq(status, to == 0 ? CQ_JOB_QUEUED : to == 1 ? CQ_JOB_DEFERRED : CQ_JOB_SCHEDULED);
            ck_assert_int_eq(job_places("j1"), 1);
            ck_assert_int_eq(INT("EXISTS", "rq:job::j1:dependencies"), to == 1);
            ck_assert_int_eq(INT("SISMEMBER", "rq:job:open:dependents", "j1"), to == 1);
            assert_missing("HGET", "rq:job:j1", "exc_info");
            assert_missing("HGET", "rq:job:j1", "ttl");
            RUN("LREM", "rq:queue:default", "0", "j1");
            RUN("ZREM", "rq:deferred:default", "j1");
            RUN("ZREM", "rq:scheduled:default", "j1");
        }
    }
}
END_TEST

START_TEST(the_outcome_of_a_job_that_was_enqueued_again_is_fenced)
{
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job);
    enqueue(&job);
    /* RQ fails a job at its end over an execution that is listed still, and has expired. */
    ck_assert_int_eq(INT("EXISTS", "rq:executions:j1", "rq:execution:j1:" RUN_1, "rq:worker:w1:executions"),
                     0);
    ck_assert_int_eq(finish("j1", CQ_OUTCOME_SUCCESS), CQ_VERDICT_FENCED);
    assert_text("queued", "HGET", "rq:job:j1", "status");
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

START_TEST(a_call_that_is_sent_again_acts_once)
{
    const struct cq_str ids[] = {CQ_STR_LIT("parent")};
    struct cq_job parent = new_job("parent", "default");
    enqueue_and_start(&parent);
    for (int due = 0; due < 2; due++) {
        struct cq_job job = new_job(due ? "later" : "child", "default");
        struct cq_enqueue with = {.job = &job,
                                  .now = NOW,
                                  .dependencies = ids,
                                  .dependency_count = !due,
                                  .due = due ? NOW + CQ_SECOND : 0};
        cq_enqueue_build(&with, &call);
        cut_call(false);
        ck_assert_int_eq(job_places(job.id.data), 0);
        cut_call(true);
        ck_assert_int_eq(job_places(job.id.data), 1);
        ck_assert_int_eq(enqueue_with(&with), due ? CQ_JOB_SCHEDULED : CQ_JOB_DEFERRED);
        ck_assert_int_eq(job_places(job.id.data), 1);
    }
    struct cq_job job = new_job("child", "default");
    struct cq_enqueue with = {.job = &job, .now = NOW, .dependencies = ids, .dependency_count = 1};
    finish("parent", CQ_OUTCOME_SUCCESS);
    start("child", RUN_1);
    ck_assert_int_eq(enqueue_with(&with), CQ_JOB_QUEUED); /* sent yet again, long after: it runs already */
    assert_text("started", "HGET", "rq:job:child", "status");
    ck_assert_int_eq(job_places("child"), 1);
}
END_TEST

START_TEST(unique_refuses_whatever_way_it_would_wait)
{
    enqueue_plain("j1");
    struct cq_job job = new_job("j1", "default");
    const struct cq_str ids[] = {CQ_STR_LIT("j1")};
    for (int way = 0; way < 2; way++) {
        struct cq_enqueue with = {.job = &job,
                                  .unique = true,
                                  .now = NOW + 5,
                                  .dependencies = ids,
                                  .dependency_count = !way,
                                  .due = way ? NOW : 0};
        cq_enqueue_build(&with, &call);
        ck_assert_int_eq(cq_enqueue_read(step(), NULL, NULL), CQ_ERR_DUPLICATE_JOB);
    }
    assert_text("queued", "HGET", "rq:job:j1", "status");
    ck_assert_int_eq(INT("EXISTS", "rq:deferred:default", "rq:scheduled:default"), 0);
}
END_TEST

START_TEST(what_is_no_job_is_no_dependency_and_a_key_of_another_type_no_place)
{
    RUN("SET", "rq:job:text", "no hash");
    ck_assert_int_eq(enqueue_after("j1", "text", NULL, false), CQ_JOB_QUEUED);
    struct cq_job job = new_job("j2", "odd");
    RUN("SET", "rq:queue:odd", "no list");
    struct cq_enqueue with = {.job = &job, .now = NOW};
    cq_enqueue_build(&with, &call);
    ck_assert_int_ne(cq_enqueue_read(step(), NULL, NULL), CQ_OK);
    ck_assert_int_eq(INT("EXISTS", "rq:job:j2"), 0);
}
END_TEST

START_TEST(ids_of_any_bytes_of_utf_8_are_dependencies)
{
    set_status("site||\xc3\xa4\"\\:1", "started");
    ck_assert_int_eq(enqueue_after("child", "site||\xc3\xa4\"\\:1", NULL, false), CQ_JOB_DEFERRED);
    ck_assert_int_eq(INT("SISMEMBER", "rq:job:site||\xc3\xa4\"\\:1:dependents", "child"), 1);
    assert_text("[\"site||\\u00e4\\\"\\\\:1\"]", "HGET", "rq:job:child", "dependency_ids");
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {
        a_job_with_an_open_dependency_is_deferred_as_rq_defers_it,
        each_status_of_a_dependency_is_judged_as_rq_judges_it,
        a_job_is_registered_with_what_it_waits_for_and_no_more,
        dependencies_that_do_not_exist_are_named,
        a_dependency_that_will_expire_takes_its_dependents_along,
        a_deferred_job_expires_by_its_ttl_and_starts_it_anew_when_released,
        a_chain_is_released_one_by_one,
        a_diamond_is_joined_once,
        a_failed_dependency_stays_one,
        a_scheduled_job_waits_in_its_registry_only,
        a_group_gets_the_job_and_loses_it_to_another,
        an_id_enqueued_again_is_in_one_place_whatever_it_was,
        the_outcome_of_a_job_that_was_enqueued_again_is_fenced,
        a_call_that_is_sent_again_acts_once,
        unique_refuses_whatever_way_it_would_wait,
        what_is_no_job_is_no_dependency_and_a_key_of_another_type_no_place,
        ids_of_any_bytes_of_utf_8_are_dependencies,
    };
    return lifecycle_suite("waiting", tests, CQ_ARRAY_LEN(tests));
}
