/* sweep: bounds of the failed registry, and entries whose job is gone. */
#include "lifecycle/maintain/sweep.h"
#include "tests/lifecycle/steps.h"

static struct cq_sweep sweep_of(cq_time now)
{
    return (struct cq_sweep){.queue = default_queue[0], .now = now, .limit = 10, .interval_s = 600};
}

/* Until there is no more to do. Returns the calls that took; *ret_taken and *ret_deleted are sums. */
static int sweep_all(const struct cq_sweep *sweep, int64_t *ret_taken, int64_t *ret_deleted)
{
    int calls = 0;
    bool more = true;
    *ret_taken = *ret_deleted = 0;
    while (more) {
        int64_t taken = 0, deleted = 0;
        struct cq_error err = {0};
        cq_sweep_build(sweep, &call);
        ck_assert_msg(cq_sweep_read(step(), &taken, &deleted, &more, &err) == CQ_OK, "%s", err.text);
        *ret_taken += taken;
        *ret_deleted += deleted;
        ck_assert_int_lt(++calls, 1000);
    }
    return calls;
}

/* A failed job that ended so many seconds before NOW and expires after its failure ttl; below 0: never. */
static void put_failed(const char *id, int64_t ago_s, int64_t ttl_s)
{
    char key[64], iso[CQ_TIME_ISO_SIZE], score[24];
    cq_time_iso(NOW - ago_s * CQ_SECOND, iso);
    snprintf(key, sizeof(key), "rq:job:%s", id);
    snprintf(score, sizeof(score), "%lld", (long long)(ttl_s < 0 ? -1 : NOW_S - ago_s + ttl_s));
    RUN("HSET", key, "status", "failed", "origin", "default", "ended_at", iso);
    RUN("ZADD", "rq:failed:default", score, id);
    snprintf(key, sizeof(key), "rq:results:%s", id);
    RUN("XADD", key, "*", "type", "2");
}

START_TEST(the_oldest_failed_jobs_beyond_the_number_go_with_all_that_is_theirs)
{
    int64_t taken, deleted;
    char id[16];
    for (int i = 0; i < 35; i++) {
        snprintf(id, sizeof(id), "j%02d", i);
        put_failed(id, 100 - i, 1000);
    }
    put_failed("for-ever", 5000, -1);
    struct cq_sweep sweep = sweep_of(NOW);
    sweep.most_failed = 5;
    ck_assert_int_gt(sweep_all(&sweep, &taken, &deleted), 3); /* 10 at a time */
    ck_assert_int_eq(deleted, 31);
    ck_assert_int_eq(INT("ZCARD", "rq:failed:default"), 5);
    ck_assert_int_eq(INT("EXISTS", "rq:job:j30", "rq:results:j30", "rq:job:j00"), 0);
    ck_assert_int_eq(INT("EXISTS", "rq:job:j31", "rq:job:j34", "rq:job:for-ever", "rq:results:j34"), 4);
    sweep.most_failed = 0;
    sweep_all(&sweep, &taken, &deleted);
    ck_assert_int_eq(deleted, 0);
}
END_TEST

START_TEST(what_has_many_dependencies_goes_in_pieces)
{
    int64_t taken = 0, deleted = 0;
    bool more = false;
    char id[16];
    for (int i = 0; i < 25; i++) {
        snprintf(id, sizeof(id), "j%02d", i);
        put_failed(id, 100 - i, 1000);
        put_dependencies(id, 400);
        snprintf(id, sizeof(id), "gone%02d", i); /* its hash expired */
        RUN("ZADD", "rq:canceled:default", "1", id);
        put_dependencies(id, 400);
    }
    struct cq_sweep sweep = sweep_of(NOW);
    sweep.most_failed = 1;
    sweep.limit = 100;
    cq_sweep_build(&sweep, &call);
    ck_assert_int_eq(cq_sweep_read(step(), &taken, &deleted, &more, NULL), CQ_OK);
    ck_assert_int_eq(deleted, 13); /* 5,000 in all, and the rest of the last one's */
    ck_assert(more);
    ck_assert_int_ge(sweep_all(&sweep, &taken, &deleted), 3);
    ck_assert_int_eq(deleted, 11);
    ck_assert_int_eq(
        INT("EXISTS", "rq:canceled:default", "rq:job::gone00:dependencies", "rq:job::gone24:dependencies"),
        0);
}
END_TEST

START_TEST(failed_jobs_above_the_age_go_wherever_their_expiry_puts_them)
{
    int64_t taken, deleted;
    char id[16];
    for (int i = 0; i < 200; i++) { /* more than a small sorted set, which is scanned at once */
        snprintf(id, sizeof(id), "j%d", i);
        put_failed(id, i % 2 ? 7000 : 10, i % 3 ? 10000 : -1);
    }
    struct cq_sweep sweep = sweep_of(NOW);
    sweep.failed_age_s = 3600;
    sweep_all(&sweep, &taken, &deleted);
    ck_assert_int_eq(deleted, 100);
    ck_assert_int_eq(INT("ZCARD", "rq:failed:default"), 100);
    ck_assert_int_eq(INT("EXISTS", "rq:job:j1", "rq:job:j3", "rq:results:j199"), 0);
    ck_assert_int_eq(INT("EXISTS", "rq:job:j0", "rq:job:j2"), 2);
}
END_TEST

START_TEST(an_entry_of_a_job_that_was_enqueued_again_goes_and_the_job_stays)
{
    int64_t taken, deleted;
    enqueue_plain("j1");
    RUN("ZADD", "rq:failed:default", "5", "j1");
    put_failed("j2", 10, 1000);
    struct cq_sweep sweep = sweep_of(NOW);
    sweep.most_failed = 1;
    sweep_all(&sweep, &taken, &deleted);
    ck_assert_int_eq(taken, 1);
    ck_assert_int_eq(deleted, 0);
    ck_assert_int_eq(job_places("j1"), 1);
    assert_text("queued", "HGET", "rq:job:j1", "status");
    ck_assert_int_eq(job_places("j2"), 1);
}
END_TEST

START_TEST(entries_of_deferred_and_canceled_jobs_that_are_gone_go)
{
    int64_t taken, deleted;
    RUN("ZADD", "rq:deferred:default", "1", "gone", "2", "there");
    RUN("ZADD", "rq:canceled:default", "1", "gone", "2", "there");
    RUN("HSET", "rq:job:there", "status", "deferred");
    RUN("SADD", "rq:job::gone:dependencies", "parent");
    RUN("SADD", "rq:job:parent:dependents", "gone");
    RUN("XADD", "rq:results:gone", "*", "type", "2");
    struct cq_sweep sweep = sweep_of(NOW);
    sweep_all(&sweep, &taken, &deleted);
    ck_assert_int_eq(taken, 2);
    ck_assert_int_eq(INT("ZCARD", "rq:deferred:default"), 1);
    ck_assert_int_eq(INT("ZCARD", "rq:canceled:default"), 1);
    ck_assert_int_eq(
        INT("EXISTS", "rq:job::gone:dependencies", "rq:job:parent:dependents", "rq:results:gone"), 0);
}
END_TEST

/* Deferred as RQ does it, for p1 and p2. */
static void defer(const char *id, const char *queue, const char *failures)
{
    char key[64], own[64];
    snprintf(key, sizeof(key), "rq:job:%s", id);
    snprintf(own, sizeof(own), "rq:job::%s:dependencies", id);
    RUN("HSET", key, "status", "deferred", "origin", queue, "allow_dependency_failures", failures);
    RUN("SADD", own, "p1", "p2");
    RUN("ZADD", "rq:deferred:default", "1", id);
}

START_TEST(deferred_jobs_that_wait_for_nothing_are_queued_at_the_end_that_they_ask_for)
{
    const struct {
        const char *first, *second; /* statuses of p1 and p2; NULL: gone */
        const char *failures, *status;
    } cases[] = {
        {NULL, NULL, "0", "queued"},
        {"finished", NULL, "0", "queued"},
        {"finished", "finished", "0", "queued"},
        {"finished", "failed", "1", "queued"},
        {"failed", NULL, "1", "queued"},
        {"finished", "failed", "0", "deferred"},
        {"finished", "queued", "1", "deferred"},
        {"canceled", NULL, "1", "deferred"},
        {"stopped", "finished", "1", "deferred"},
        {"deferred", NULL, "0", "deferred"},
        {"started", "finished", "0", "deferred"},
    };
    int64_t taken, deleted;
    for (size_t i = 0; i < CQ_ARRAY_LEN(cases); i++) {
        redis_server_flush(server);
        load_scripts();
        if (cases[i].first)
            RUN("HSET", "rq:job:p1", "status", cases[i].first);
        if (cases[i].second)
            RUN("HSET", "rq:job:p2", "status", cases[i].second);
        RUN("RPUSH", "rq:queue:default", "other");
        defer("child", "default", cases[i].failures);
        RUN("HSET", "rq:job:child", "enqueue_at_front", "1");
        struct cq_sweep sweep = sweep_of(NOW);
        sweep_all(&sweep, &taken, &deleted);
        assert_text(cases[i].status, "HGET", "rq:job:child", "status");
        assert_text(*cases[i].status == 'q' ? "child" : "other", "LINDEX", "rq:queue:default", "0");
        ck_assert_int_eq(job_places("child"), 1);
        ck_assert_int_eq(taken, 0);
    }
}
END_TEST

START_TEST(a_job_that_somebody_parked_and_one_of_another_status_stay_where_they_are)
{
    int64_t taken, deleted;
    RUN("HSET", "rq:job:parked", "status", "deferred", "origin", "default");
    RUN("ZADD", "rq:deferred:default", "1", "parked");
    defer("canceled", "default", "0");
    RUN("HSET", "rq:job:canceled", "status", "canceled");
    RUN("SET", "rq:job::text:dependencies", "no set");
    RUN("HSET", "rq:job:text", "status", "deferred", "origin", "default");
    RUN("ZADD", "rq:deferred:default", "1", "text");
    struct cq_sweep sweep = sweep_of(NOW);
    sweep_all(&sweep, &taken, &deleted);
    ck_assert_int_eq(INT("ZCARD", "rq:deferred:default"), 3);
    ck_assert_int_eq(INT("EXISTS", "rq:queue:default"), 0);
}
END_TEST

START_TEST(a_scheduled_entry_without_a_hash_is_given_a_minute)
{
    int64_t taken, deleted;
    RUN("ZADD", "rq:scheduled:default", "9999999999", "j1");
    struct cq_sweep sweep = sweep_of(NOW);
    sweep_all(&sweep, &taken, &deleted);
    sweep.now = NOW + 30 * CQ_SECOND; /* no new round before the interval is over */
    sweep_all(&sweep, &taken, &deleted);
    ck_assert_int_eq(INT("ZCARD", "rq:scheduled:default"), 1);
    sweep.now = NOW + 601 * CQ_SECOND;
    sweep_all(&sweep, &taken, &deleted);
    ck_assert_int_eq(taken, 1);
    ck_assert_int_eq(INT("ZCARD", "rq:scheduled:default"), 0);
}
END_TEST

START_TEST(a_round_is_that_of_all_workers_and_its_state_ends)
{
    char id[16];
    for (int i = 0; i < 1000; i++) {
        snprintf(id, sizeof(id), "gone%d", i);
        RUN("ZADD", "rq:canceled:default", "1", id);
    }
    int64_t taken, deleted;
    struct cq_sweep sweep = sweep_of(NOW);
    int calls = sweep_all(&sweep, &taken, &deleted);
    ck_assert_int_gt(calls, 20); /* bounded: 10 or so in each */
    ck_assert_int_eq(taken, 1000);
    ck_assert_int_gt(INT("TTL", "rq:cq:sweep:default"), 600);
    RUN("ZADD", "rq:canceled:default", "1", "gone");
    ck_assert_int_eq(sweep_all(&sweep, &taken, &deleted), 1);
    ck_assert_int_eq(taken, 0);
    sweep.now = NOW - 86400 * CQ_SECOND; /* the clock was put back: it does not wait for a day */
    sweep_all(&sweep, &taken, &deleted);
    ck_assert_int_eq(taken, 1);
}
END_TEST

START_TEST(what_is_no_job_is_passed_over)
{
    int64_t taken, deleted;
    RUN("SET", "rq:job:odd", "no hash");
    RUN("ZADD", "rq:failed:default", "1", "odd");
    put_failed("j1", 10, 1000);
    put_failed("j2", 5, 1000);
    struct cq_sweep sweep = sweep_of(NOW);
    sweep.most_failed = 1;
    sweep.failed_age_s = 3600;
    sweep_all(&sweep, &taken, &deleted);
    assert_text("no hash", "GET", "rq:job:odd");
    ck_assert_int_eq(INT("ZCARD", "rq:failed:default"), 1);
    ck_assert_int_eq(job_places("j2"), 1);
}
END_TEST

START_TEST(results_that_rq_left_for_ever_end_with_their_failed_job)
{
    int64_t taken, deleted;
    char id[16], key[32];
    const char *year = "31536000";
    for (int i = 0; i < 25; i++) { /* as RQ's worker leaves them, all within one second */
        snprintf(id, sizeof(id), "j%02d", i);
        snprintf(key, sizeof(key), "rq:job:j%02d", i);
        put_failed(id, 100, atoi(year));
        RUN("EXPIRE", key, year);
    }
    put_failed("for-ever", 100, -1);
    put_failed("new", 30, atoi(year));
    RUN("EXPIRE", "rq:job:new", year);
    put_failed("short", 100, 1000);
    RUN("EXPIRE", "rq:job:short", "1000");
    RUN("EXPIRE", "rq:results:short", "1000");
    struct cq_sweep sweep = sweep_of(NOW);
    ck_assert_int_gt(sweep_all(&sweep, &taken, &deleted), 2);
    ck_assert_int_eq(taken, 0);
    ck_assert_int_gt(INT("TTL", "rq:results:j00"), atoi(year) - 60);
    ck_assert_int_gt(INT("TTL", "rq:results:j24"), atoi(year) - 60);
    ck_assert_int_eq(INT("TTL", "rq:results:for-ever"), -1);
    ck_assert_int_le(INT("TTL", "rq:results:short"), 1000);
    ck_assert_int_eq(INT("TTL", "rq:results:new"), -1); /* not yet */
    RUN("PERSIST", "rq:results:j24");
    sweep.now = NOW + 60 * CQ_SECOND;
    sweep_all(&sweep, &taken, &deleted);
    ck_assert_int_gt(INT("TTL", "rq:results:new"), 0);
    ck_assert_int_eq(INT("TTL", "rq:results:j24"), -1); /* each is looked at once */
}
END_TEST

START_TEST(a_full_memory_is_made_emptier)
{
    int64_t taken, deleted;
    put_failed("old", 7200, 31536000);
    RUN("EXPIRE", "rq:results:old", "31536000");
    struct cq_sweep sweep = sweep_of(NOW);
    sweep.failed_age_s = 3600;
    RUN("CONFIG", "SET", "maxmemory", "1");
    sweep_all(&sweep, &taken, &deleted);
    RUN("CONFIG", "SET", "maxmemory", "0");
    ck_assert_int_eq(deleted, 1);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {
        the_oldest_failed_jobs_beyond_the_number_go_with_all_that_is_theirs,
        what_has_many_dependencies_goes_in_pieces,
        failed_jobs_above_the_age_go_wherever_their_expiry_puts_them,
        an_entry_of_a_job_that_was_enqueued_again_goes_and_the_job_stays,
        entries_of_deferred_and_canceled_jobs_that_are_gone_go,
        deferred_jobs_that_wait_for_nothing_are_queued_at_the_end_that_they_ask_for,
        a_job_that_somebody_parked_and_one_of_another_status_stay_where_they_are,
        a_scheduled_entry_without_a_hash_is_given_a_minute,
        a_round_is_that_of_all_workers_and_its_state_ends,
        what_is_no_job_is_passed_over,
        results_that_rq_left_for_ever_end_with_their_failed_job,
        a_full_memory_is_made_emptier,
    };
    return lifecycle_suite("sweep", tests, CQ_ARRAY_LEN(tests));
}
