/* bulk and page: chunks of a place, straight and by name, while others change it. */
#include "lifecycle/manage/bulk.h"
#include "tests/lifecycle/steps.h"

static const struct cq_place_cursor nowhere = {{NULL, 0}, {NULL, 0}};

static struct cq_bulk bulk_of(enum cq_bulk_verb verb, enum cq_place place)
{
    return (struct cq_bulk){.verb = verb,
                            .place = place,
                            .queue = default_queue[0],
                            .limit = 10,
                            .since = NOW + CQ_SECOND,
                            .now = NOW};
}

static struct cq_bulk_done bulk(const struct cq_bulk *with)
{
    struct cq_bulk_done done;
    struct cq_error err = {0};
    cq_bulk_build(with, &call);
    ck_assert_msg(cq_bulk_read(step(), &done, &err) == CQ_OK, "%s", err.text);
    return done;
}

/* A job in a registry, with a score that grows with its number. */
static void put(const char *registry, const char *status, int number)
{
    char key[64], id[16], score[16];
    snprintf(id, sizeof(id), "j%02d", number);
    snprintf(key, sizeof(key), "rq:job:%s", id);
    snprintf(score, sizeof(score), "%d", 1000000 + number / 3); /* some of one score */
    RUN("HSET", key, "status", status, "origin", "default", "data", "x", "created_at", NOW_ISO, "enqueued_at",
        NOW_ISO);
    snprintf(key, sizeof(key), "rq:%s:default", registry);
    RUN("ZADD", key, score, id);
}

START_TEST(a_registry_is_worked_off_in_chunks_in_its_order)
{
    struct cq_bulk with = bulk_of(CQ_BULK_REQUEUE, CQ_PLACE_FAILED);
    char score[32] = "", member[32] = "";
    for (int i = 0; i < 25; i++)
        put("failed", i % 2 ? "failed" : "stopped", i);
    for (int calls = 0; calls < 3; calls++) {
        struct cq_bulk_done done = bulk(&with);
        ck_assert_int_eq(done.done, calls < 2 ? 10 : 5);
        ck_assert_int_eq(done.ended, calls == 2);
        snprintf(score, sizeof(score), "%.*s", (int)done.at.score.len, done.at.score.data);
        snprintf(member, sizeof(member), "%.*s", (int)done.at.member.len, done.at.member.data);
        with.after = (struct cq_place_cursor){cq_str(score), cq_str(member)};
    }
    ck_assert_int_eq(INT("LLEN", "rq:queue:default"), 25);
    assert_text("j00", "LINDEX", "rq:queue:default", "0");
    assert_text("j24", "LINDEX", "rq:queue:default", "24");
    ck_assert_int_eq(job_places("j07"), 1);
    assert_text("queued", "HGET", "rq:job:j07", "status");
}
END_TEST

START_TEST(entries_of_jobs_that_are_gone_or_elsewhere_are_taken_out)
{
    struct cq_bulk with = bulk_of(CQ_BULK_DELETE, CQ_PLACE_FAILED);
    put("failed", "failed", 1);
    put("failed", "finished", 2);
    RUN("ZADD", "rq:failed:default", "5", "gone");
    RUN("SET", "rq:job:text", "no hash");
    RUN("ZADD", "rq:failed:default", "6", "text");
    struct cq_bulk_done done = bulk(&with);
    ck_assert_int_eq(done.done, 1);
    ck_assert_int_eq(done.gone, 3);
    ck_assert(done.ended);
    ck_assert_int_eq(INT("EXISTS", "rq:failed:default", "rq:job:j01"), 0);
    ck_assert_int_eq(INT("EXISTS", "rq:job:j02", "rq:job:text"), 2);
}
END_TEST

START_TEST(it_ends_where_the_registry_ended_when_it_began)
{
    struct cq_bulk with = bulk_of(CQ_BULK_CANCEL, CQ_PLACE_FAILED);
    put("failed", "failed", 0);
    put("failed", "failed", 1);
    with.until = (struct cq_place_cursor){CQ_STR_LIT("1000000"), CQ_STR_LIT("j01")};
    put("failed", "failed", 2); /* of the same score, and behind it */
    put("failed", "failed", 9);
    struct cq_bulk_done done = bulk(&with);
    ck_assert_int_eq(done.done, 2);
    ck_assert(done.ended);
    ck_assert_int_eq(INT("ZCARD", "rq:failed:default"), 2);
    ck_assert_int_eq(INT("ZCARD", "rq:canceled:default"), 2);
}
END_TEST

START_TEST(a_requeue_passes_over_what_has_failed_again_since)
{
    struct cq_bulk with = bulk_of(CQ_BULK_REQUEUE, CQ_PLACE_FAILED);
    put("failed", "failed", 1);
    put("failed", "failed", 2);
    RUN("HSET", "rq:job:j02", "enqueued_at", "2099-01-01T00:00:00.000000Z");
    struct cq_bulk_done done = bulk(&with);
    ck_assert_int_eq(done.done, 1);
    ck_assert_int_eq(done.passed, 1);
    ck_assert(done.ended);
    ck_assert_int_eq(INT("ZCARD", "rq:failed:default"), 1);
}
END_TEST

START_TEST(cut_off_or_sent_twice_each_job_is_in_one_place)
{
    struct cq_bulk with = bulk_of(CQ_BULK_REQUEUE, CQ_PLACE_FAILED);
    for (int i = 0; i < 15; i++)
        put("failed", "failed", i);
    cq_bulk_build(&with, &call);
    cut_call(false);
    ck_assert_int_eq(INT("ZCARD", "rq:failed:default"), 15);
    cut_call(true);
    ck_assert_int_eq(INT("ZCARD", "rq:failed:default"), 5);
    struct cq_bulk_done done;
    ck_assert_int_eq(cq_bulk_read(step(), &done, NULL), CQ_OK);
    ck_assert_int_eq(done.done, 5);
    ck_assert_int_eq(INT("LLEN", "rq:queue:default"), 15);
    for (int i = 0; i < 15; i++) {
        char id[16];
        snprintf(id, sizeof(id), "j%02d", i);
        ck_assert_int_eq(job_places(id), 1);
    }
}
END_TEST

START_TEST(a_list_is_worked_off_at_its_head)
{
    struct cq_bulk with = bulk_of(CQ_BULK_CANCEL, CQ_PLACE_QUEUED);
    for (int i = 0; i < 12; i++) {
        char id[16];
        snprintf(id, sizeof(id), "j%02d", i);
        enqueue_plain(id);
    }
    RUN("LPUSH", "rq:queue:default", "gone");
    struct cq_bulk_done done = bulk(&with);
    ck_assert_int_eq(done.done, 9);
    ck_assert_int_eq(done.gone, 1);
    ck_assert(!done.ended);
    assert_text("j09", "LINDEX", "rq:queue:default", "0");
    done = bulk(&with);
    ck_assert_int_eq(done.done, 3);
    ck_assert(done.ended);
    ck_assert_int_eq(INT("ZCARD", "rq:canceled:default"), 12);
    ck_assert_int_eq(job_places("j03"), 1);
}
END_TEST

START_TEST(jobs_that_are_named_are_taken_off_a_list_that_keeps_its_order)
{
    struct cq_bulk with = bulk_of(CQ_BULK_DELETE, CQ_PLACE_QUEUED);
    const struct cq_str ids[] = {CQ_STR_LIT("j02"), CQ_STR_LIT("taken"), CQ_STR_LIT("j04")};
    for (int i = 0; i < 6; i++) {
        char id[16];
        snprintf(id, sizeof(id), "j%02d", i);
        enqueue_plain(id);
    }
    with.ids = ids;
    with.id_count = 3;
    with.after.score = CQ_STR_LIT("2");
    struct cq_bulk_done done = bulk(&with);
    ck_assert_int_eq(done.done, 2);
    ck_assert_int_eq(done.passed, 1);
    ck_assert_int_eq(done.seen, 3);
    ck_assert_int_eq(INT("LLEN", "rq:queue:default"), 4);
    assert_text("j03", "LINDEX", "rq:queue:default", "2");
    assert_text("j05", "LINDEX", "rq:queue:default", "3");
    ck_assert_int_eq(INT("EXISTS", "rq:job:j02", "rq:job:j04"), 0);
}
END_TEST

START_TEST(a_started_job_is_canceled_by_name_out_of_rq_wip)
{
    const struct cq_str ids[] = {CQ_STR_LIT("j1")};
    struct cq_bulk with = bulk_of(CQ_BULK_CANCEL, CQ_PLACE_STARTED);
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job);
    with.ids = ids;
    with.id_count = 1;
    ck_assert_int_eq(bulk(&with).done, 1);
    ck_assert_int_eq(job_places("j1"), 1);
    ck_assert_int_eq(finish("j1", CQ_OUTCOME_FAILED), CQ_VERDICT_CANCELED);
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

START_TEST(a_job_with_many_dependents_takes_several_calls)
{
    struct cq_bulk with = bulk_of(CQ_BULK_DELETE, CQ_PLACE_FAILED);
    int calls = 0;
    put("failed", "failed", 1);
    for (int i = 0; i < 1200; i++) {
        char id[16], key[32];
        snprintf(id, sizeof(id), "child%d", i);
        snprintf(key, sizeof(key), "rq:job:child%d", i);
        RUN("SADD", "rq:job:j01:dependents", id);
        RUN("HSET", key, "status", "deferred", "origin", "default");
        RUN("ZADD", "rq:deferred:default", "1", id);
    }
    with.dependents = true;
    struct cq_bulk_done done = {0};
    while (!done.ended) {
        done = bulk(&with);
        ck_assert_int_lt(++calls, 10);
    }
    ck_assert_int_ge(calls, 3);
    ck_assert_int_eq(INT("DBSIZE"), 0);
}
END_TEST

START_TEST(jobs_with_many_dependencies_are_fewer_in_a_call)
{
    struct cq_bulk with = bulk_of(CQ_BULK_DELETE, CQ_PLACE_FAILED);
    char key[64], other[16];
    for (int i = 0; i < 25; i++) {
        put("failed", "failed", i);
        snprintf(other, sizeof(other), "j%02d", i);
        put_dependencies(other, 400);
    }
    for (int k = 0; k < 400; k += 100) {
        snprintf(other, sizeof(other), "parent%d", k);
        snprintf(key, sizeof(key), "rq:job:%s:dependents", other);
        RUN("SADD", key, "j00", "j24", "stays");
    }
    with.limit = 100;
    struct cq_bulk_done done = bulk(&with);
    ck_assert_int_eq(done.done, 13); /* 5,000 in all, and the rest of the last one's */
    ck_assert(!done.ended);
    done = bulk(&with);
    ck_assert_int_eq(done.done, 12);
    ck_assert_int_eq(INT("SCARD", "rq:job:parent300:dependents"), 1);
    ck_assert_int_eq(INT("EXISTS", "rq:job::j24:dependencies"), 0);
}
END_TEST

START_TEST(what_holds_something_else_is_left_alone_and_named)
{
    struct cq_bulk with = bulk_of(CQ_BULK_CANCEL, CQ_PLACE_FAILED);
    put("failed", "failed", 1);
    put("failed", "failed", 2);
    RUN("SET", "rq:canceled:default", "no sorted set");
    struct cq_bulk_done done = bulk(&with);
    ck_assert_int_eq(done.broken, 2);
    ck_assert(done.ended);
    ck_assert_ptr_nonnull(memmem(done.fault.data, done.fault.len, "WRONGTYPE", 9));
    ck_assert_int_eq(INT("ZCARD", "rq:failed:default"), 2);
}
END_TEST

START_TEST(pages_go_on_behind_an_entry_that_is_there_no_more)
{
    struct cq_page with = {
        .place = CQ_PLACE_FAILED, .queue = default_queue[0], .limit = 4, .after = nowhere, .until = nowhere};
    struct cq_page_read page;
    struct cq_page_job job;
    for (int i = 0; i < 9; i++)
        put("failed", "failed", i);
    cq_page_build(&with, &call);
    ck_assert_int_eq(cq_page_read(step(), &page, NULL), CQ_OK);
    ck_assert_uint_eq(page.count, 4);
    cq_page_job(held, 3, &job);
    ck_assert(cq_str_is(job.member, "j03"));
    RUN("ZREM", "rq:failed:default", "j00", "j03");
    with.after = (struct cq_place_cursor){CQ_STR_LIT("1000001"), CQ_STR_LIT("j03")};
    cq_page_build(&with, &call);
    ck_assert_int_eq(cq_page_read(step(), &page, NULL), CQ_OK);
    cq_page_job(held, 0, &job);
    ck_assert(cq_str_is(job.member, "j04"));
    ck_assert_int_eq(INT("ZCARD", "rq:failed:default"), 7);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {
        a_registry_is_worked_off_in_chunks_in_its_order,
        entries_of_jobs_that_are_gone_or_elsewhere_are_taken_out,
        it_ends_where_the_registry_ended_when_it_began,
        a_requeue_passes_over_what_has_failed_again_since,
        cut_off_or_sent_twice_each_job_is_in_one_place,
        a_list_is_worked_off_at_its_head,
        jobs_that_are_named_are_taken_off_a_list_that_keeps_its_order,
        a_started_job_is_canceled_by_name_out_of_rq_wip,
        a_job_with_many_dependents_takes_several_calls,
        jobs_with_many_dependencies_are_fewer_in_a_call,
        what_holds_something_else_is_left_alone_and_named,
        pages_go_on_behind_an_entry_that_is_there_no_more,
    };
    return lifecycle_suite("bulk", tests, CQ_ARRAY_LEN(tests));
}
