/* cancel and stop: from every place, and what running jobs make of it. */
#include "lifecycle/manage/cancel.h"
#include "lifecycle/manage/stop.h"
#include "tests/lifecycle/steps.h"

static enum cq_code cancel(const char *id, struct cq_error *err)
{
    struct cq_cancel with = {.job_id = cq_str(id), .now = NOW};
    cq_cancel_build(&with, &call);
    return cq_cancel_read(step(), err);
}

static enum cq_stop_verdict stop(const char *id, struct cq_stopping *ret_item)
{
    struct cq_str ids[] = {cq_str(id)};
    size_t count = 0;
    cq_stop_build(ids, 1, &call);
    ck_assert_int_eq(cq_stop_read(step(), &count, NULL), CQ_OK);
    ck_assert_uint_eq(count, 1);
    cq_stop_item(held, 0, ret_item);
    return ret_item->verdict;
}

START_TEST(a_job_is_canceled_wherever_it_is)
{
    const char *const registries[] = {"finished", "failed", "deferred", "scheduled"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(registries); i++) {
        char key[64];
        enqueue_plain("j1");
        RUN("DEL", "rq:queue:default");
        snprintf(key, sizeof(key), "rq:%s:default", registries[i]);
        RUN("ZADD", key, "1", "j1");
        RUN("EXPIRE", "rq:job:j1", "100");
        ck_assert_int_eq(cancel("j1", NULL), CQ_OK);
        ck_assert_int_eq(job_places("j1"), 1);
        ck_assert_int_eq(INT("ZSCORE", "rq:canceled:default", "j1"), NOW_S);
        assert_text("canceled", "HGET", "rq:job:j1", "status");
        ck_assert_int_gt(INT("TTL", "rq:job:j1"), 0);
        RUN("FLUSHDB");
    }
}
END_TEST

START_TEST(a_canceled_job_is_not_canceled_again_and_not_fetched)
{
    struct cq_error err = {0};
    ck_assert_int_eq(birth(NOW, true), CQ_OK);
    enqueue_plain("j1");
    enqueue_plain("j2");
    ck_assert_int_eq(cancel("j1", NULL), CQ_OK);
    ck_assert_int_eq(cancel("j1", &err), CQ_ERR_INVALID_OPERATION);
    ck_assert_int_eq(cancel("nobody", &err), CQ_ERR_NO_SUCH_JOB);
    RUN("SET", "rq:job:text", "no hash");
    ck_assert_int_eq(cancel("text", &err), CQ_ERR_NO_SUCH_JOB);
    ck_assert_int_eq(INT("ZCARD", "rq:canceled:default"), 1);
    start("j2", RUN_1);
}
END_TEST

START_TEST(cut_off_before_or_after_it_a_job_is_in_one_place)
{
    struct cq_cancel with = {.job_id = CQ_STR_LIT("j1"), .dependents = true, .now = NOW};
    enqueue_plain("j1");
    cq_cancel_build(&with, &call);
    cut_call(false);
    ck_assert_int_eq(job_places("j1"), 1);
    assert_text("queued", "HGET", "rq:job:j1", "status");
    cut_call(true);
    ck_assert_int_eq(job_places("j1"), 1);
    ck_assert_int_eq(cq_cancel_read(step(), NULL), CQ_ERR_INVALID_OPERATION); /* sent again */
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

START_TEST(a_running_job_runs_on_and_stays_canceled_with_its_result)
{
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job);
    ck_assert_int_eq(cancel("j1", NULL), CQ_OK);
    ck_assert_int_eq(INT("ZCARD", "rq:wip:default"), 0);
    ck_assert_int_eq(finish("j1", CQ_OUTCOME_SUCCESS), CQ_VERDICT_CANCELED);
    ck_assert_int_eq(job_places("j1"), 1);
    assert_text("canceled", "HGET", "rq:job:j1", "status");
    ck_assert_int_eq(INT("XLEN", "rq:results:j1"), 1);
    ck_assert_int_eq(INT("EXISTS", "rq:executions:j1", "rq:execution:j1:" RUN_1), 0);
}
END_TEST

START_TEST(dependents_are_let_go_only_when_that_is_asked_for)
{
    struct cq_job child = new_job("child", "low");
    struct cq_str parents[] = {CQ_STR_LIT("j1"), CQ_STR_LIT("j2")};
    for (int asked = 0; asked < 2; asked++) {
        struct cq_enqueue of_one = {
            .job = &child, .dependencies = parents, .dependency_count = 1, .now = NOW};
        struct cq_cancel with = {.job_id = parents[0], .dependents = asked, .now = NOW};
        enqueue_plain("j1");
        cq_enqueue_build(&of_one, &call);
        ck_assert_int_eq(cq_enqueue_read(step(), NULL, NULL), CQ_OK);
        cq_cancel_build(&with, &call);
        ck_assert_int_eq(cq_cancel_read(step(), NULL), CQ_OK);
        assert_text(asked ? "queued" : "deferred", "HGET", "rq:job:child", "status");
        ck_assert_int_eq(job_places_in("child", "low"), 1);
        RUN("FLUSHDB");
    }
}
END_TEST

START_TEST(a_detached_job_is_forgotten_by_what_it_waited_for)
{
    struct cq_job child = new_job("child", "default");
    struct cq_str parent = CQ_STR_LIT("j1");
    struct cq_enqueue with = {.job = &child, .dependencies = &parent, .dependency_count = 1, .now = NOW};
    struct cq_cancel detached = {.job_id = child.id, .detach = true, .now = NOW};
    enqueue_plain("j1");
    cq_enqueue_build(&with, &call);
    ck_assert_int_eq(cq_enqueue_read(step(), NULL, NULL), CQ_OK);
    cq_cancel_build(&detached, &call);
    ck_assert_int_eq(cq_cancel_read(step(), NULL), CQ_OK);
    ck_assert_int_eq(INT("EXISTS", "rq:job:j1:dependents"), 0);
    ck_assert_int_eq(job_places("child"), 1);
}
END_TEST

START_TEST(stop_says_who_hears_it_and_changes_nothing)
{
    struct cq_stopping item;
    struct cq_job job = new_job("j1", "default");
    ck_assert_int_eq(stop("nobody", &item), CQ_STOP_NO_JOB);
    RUN("SET", "rq:job:text", "no hash");
    ck_assert_int_eq(stop("text", &item), CQ_STOP_NO_JOB);
    enqueue_plain("waits");
    ck_assert_int_eq(stop("waits", &item), CQ_STOP_NOT_RUNNING);
    ck_assert(cq_str_is(item.status, "queued"));
    RUN("DEL", "rq:queue:default");
    enqueue_and_start(&job);
    ck_assert_int_eq(stop("j1", &item), CQ_STOP_UNHEARD); /* nobody listens in a test */
    ck_assert(cq_str_is(item.worker, "w1"));
    ck_assert(cq_str_is(item.member, "j1:" RUN_1));
    assert_text("started", "HGET", "rq:job:j1", "status");
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

START_TEST(stop_reaches_the_worker_of_that_execution)
{
    struct cq_error err = {0};
    struct cq_reply *message = NULL;
    struct cq_job job = new_job("j1", "default");
    struct cq_stopping item;
    enqueue_and_start(&job);
    struct cq_connection *listener = redis_server_connect(server);
    struct cq_command command;
    cq_command_init(&command);
    cq_command_texts(&command, "SUBSCRIBE", "rq:pubsub:w1", NULL);
    ck_assert_int_eq(cq_connection_call(listener, &command, NULL, &err), CQ_OK);
    ck_assert_int_eq(stop("j1", &item), CQ_STOP_TOLD);
    cq_command_clear(&command);
    cq_command_text(&command, "PING"); /* a connection reads as many replies as it has sent commands */
    ck_assert_int_eq(cq_connection_send(listener, &command, &err), CQ_OK);
    ck_assert_int_eq(cq_connection_receive(listener, &message, &err), CQ_OK);
    struct cq_str text = cq_reply_str(cq_reply_at(message, 2));
    char copy[256];
    snprintf(copy, sizeof(copy), "%.*s", (int)text.len, text.data);
    ck_assert_ptr_nonnull(strstr(copy, "\"command\":\"stop-job\""));
    ck_assert_ptr_nonnull(strstr(copy, "\"job_id\":\"j1\""));
    ck_assert_ptr_nonnull(strstr(copy, RUN_1));
    cq_reply_free(message);
    cq_command_release(&command);
    cq_connection_close(listener);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {
        a_job_is_canceled_wherever_it_is,
        a_canceled_job_is_not_canceled_again_and_not_fetched,
        cut_off_before_or_after_it_a_job_is_in_one_place,
        a_running_job_runs_on_and_stays_canceled_with_its_result,
        dependents_are_let_go_only_when_that_is_asked_for,
        a_detached_job_is_forgotten_by_what_it_waited_for,
        stop_says_who_hears_it_and_changes_nothing,
        stop_reaches_the_worker_of_that_execution,
    };
    return lifecycle_suite("cancel", tests, CQ_ARRAY_LEN(tests));
}
