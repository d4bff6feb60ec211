#include "lifecycle/maintain/clean.h"
#include "tests/lifecycle/steps.h"

static int64_t cleaned;
static bool more;

static void clean(cq_time now, int limit)
{
    struct cq_clean with = {.queue = default_queue[0], .now = now, .limit = limit};
    struct cq_error err = {0};
    cq_clean_build(&with, &call);
    ck_assert_msg(cq_clean_read(step(), &cleaned, &more, &err) == CQ_OK, "%s", err.text);
}

START_TEST(expired_entries_go_and_those_for_ever_stay)
{
    RUN("ZADD", "rq:finished:default", "5", "old", "+inf", "ever", "9999999999", "new");
    RUN("ZADD", "rq:failed:default", "5", "old", "-1", "ever");
    RUN("XADD", "rq:results:old", "*", "type", "2");
    clean(NOW, 1000);
    ck_assert_int_eq(cleaned, 2);
    ck_assert(!more);
    ck_assert_int_eq(INT("ZCARD", "rq:finished:default"), 2);
    ck_assert_int_eq(INT("ZCARD", "rq:failed:default"), 1);
    ck_assert_int_eq(INT("EXISTS", "rq:results:old"), 0);
}
END_TEST

START_TEST(a_call_is_bounded_and_says_that_there_is_more)
{
    RUN("ZADD", "rq:finished:default", "1", "a", "2", "b", "3", "c");
    clean(NOW, 2);
    ck_assert_int_eq(cleaned, 2);
    ck_assert(more);
    clean(NOW, 2);
    ck_assert_int_eq(cleaned, 1);
    ck_assert(!more);
}
END_TEST

START_TEST(nothing_happens_while_a_worker_of_rq_holds_the_lock)
{
    RUN("ZADD", "rq:finished:default", "5", "old");
    RUN("SET", "rq:clean_registries:default", "1");
    clean(NOW, 1000);
    ck_assert_int_eq(cleaned, 0);
    ck_assert(!more);
    ck_assert_int_eq(INT("ZCARD", "rq:finished:default"), 1);
}
END_TEST

/* As LMOVE leaves it when the worker dies right then. */
static void strand(const char *id)
{
    enqueue_plain(id);
    RUN("LMOVE", "rq:queue:default", "rq:queue:default:intermediate", "LEFT", "RIGHT");
}

START_TEST(ids_stuck_for_a_minute_come_back_to_the_front_in_order)
{
    strand("j1");
    strand("j2");
    enqueue_plain("j3");
    clean(NOW, 1000);
    ck_assert_int_eq(job_places("j1"), 1);
    ck_assert_int_eq(INT("LLEN", "rq:queue:default:intermediate"), 2);
    clean(NOW + 60 * CQ_SECOND, 1000);
    ck_assert_int_eq(INT("LLEN", "rq:queue:default:intermediate"), 2);
    clean(NOW + 62 * CQ_SECOND, 1000);
    ck_assert_int_eq(
        INT("EXISTS", "rq:queue:default:intermediate", "rq:queue:default:intermediate:first_seen:j1"), 0);
    assert_text("j1", "LINDEX", "rq:queue:default", "0");
    assert_text("j2", "LINDEX", "rq:queue:default", "1");
    ck_assert_int_eq(job_places("j1"), 1);
    start("j1", RUN_1);
}
END_TEST

START_TEST(long_lists_are_searched_for_few_stuck_ids_in_a_call)
{
    strand("j1");
    strand("j2");
    put_thousands("rq:queue:default", "301");
    clean(NOW, 1000);
    ck_assert(!more);
    clean(NOW + 62 * CQ_SECOND, 1000);
    ck_assert(more);
    ck_assert_int_eq(INT("LLEN", "rq:queue:default:intermediate"), 1);
    clean(NOW + 62 * CQ_SECOND, 1000);
    ck_assert_int_eq(INT("LLEN", "rq:queue:default:intermediate"), 0);
    assert_text("j1", "LINDEX", "rq:queue:default", "0");
    assert_text("j2", "LINDEX", "rq:queue:default", "1");
}
END_TEST

START_TEST(a_full_memory_and_foreign_keys_keep_nothing_from_being_cleaned)
{
    strand("j1");
    RUN("SADD", "rq:groups", "odd", "empty");
    RUN("SET", "rq:group:odd", "no set");
    RUN("SADD", "rq:workers:default", "rq:worker:gone");
    RUN("CONFIG", "SET", "maxmemory", "1");
    clean(NOW, 1000);
    RUN("CONFIG", "SET", "maxmemory", "0");
    ck_assert_int_eq(INT("EXISTS", "rq:queue:default:intermediate:first_seen:j1"), 1);
    ck_assert_int_eq(INT("EXISTS", "rq:workers:default"), 0);
    ck_assert_int_eq(INT("SISMEMBER", "rq:groups", "empty"), 0);
    assert_text("no set", "GET", "rq:group:odd");
    RUN("DEL", "rq:groups");
    RUN("SET", "rq:groups", "no set");
    clean(NOW, 1000);
}
END_TEST

START_TEST(stuck_ids_that_are_gone_run_or_have_run_are_not_queued)
{
    RUN("RPUSH", "rq:queue:default:intermediate", "gone");
    strand("running");
    RUN("HSET", "rq:job:running", "status", "started");
    RUN("ZADD", "rq:wip:default", "9999999999", "running:" RUN_1);
    RUN("ZADD", "rq:executions:running", "9999999999", RUN_1);
    strand("ran");
    RUN("HSET", "rq:job:ran", "status", "finished");
    RUN("ZADD", "rq:finished:default", "+inf", "ran");
    clean(NOW, 1000);
    clean(NOW + 62 * CQ_SECOND, 1000);
    ck_assert_int_eq(INT("LLEN", "rq:queue:default"), 0);
    assert_text("running", "LINDEX", "rq:queue:default:intermediate", "0");
    ck_assert_int_eq(INT("LLEN", "rq:queue:default:intermediate"), 1);
    ck_assert_int_eq(job_places("ran"), 1);
}
END_TEST

START_TEST(names_of_workers_whose_hash_is_gone_leave_the_sets)
{
    ck_assert_int_eq(birth(NOW, false), CQ_OK);
    RUN("SADD", "rq:workers", "rq:worker:dead");
    RUN("SADD", "rq:workers:default", "rq:worker:dead");
    RUN("SADD", "rq:worker:dead:executions", "j1:" RUN_1);
    clean(NOW, 1000);
    ck_assert_int_eq(INT("SISMEMBER", "rq:workers", "rq:worker:dead"), 0);
    ck_assert_int_eq(INT("SISMEMBER", "rq:workers:default", "rq:worker:dead"), 0);
    ck_assert_int_eq(INT("EXISTS", "rq:worker:dead:executions"), 0);
    ck_assert_int_eq(INT("SISMEMBER", "rq:workers", worker_key), 1);
}
END_TEST

START_TEST(ready_jobs_of_rq_3_are_pushed)
{
    RUN("ZADD", "rq:ready:default", "1", "j1", "2", "gone", "3", "j2", "4", "anew");
    RUN("ZADD", "rq:deferred:default", "1", "j1", "2", "anew");
    RUN("HSET", "rq:job:j1", "status", "ready_to_enqueue", "origin", "default");
    RUN("HSET", "rq:job:j2", "status", "ready_to_enqueue", "origin", "default", "enqueue_at_front", "1");
    RUN("HSET", "rq:job:anew", "status", "deferred", "origin", "default");
    clean(NOW, 1000);
    assert_text("queued", "HGET", "rq:job:j1", "status");
    ck_assert_int_eq(job_places("j1"), 1);
    assert_text("j2", "LINDEX", "rq:queue:default", "0");
    assert_text("deferred", "HGET", "rq:job:anew", "status");
    ck_assert_int_eq(job_places("anew"), 1);
    ck_assert_int_eq(INT("EXISTS", "rq:ready:default", "rq:job:gone"), 0);
}
END_TEST

START_TEST(groups_lose_members_that_are_gone_and_empty_groups_their_name)
{
    RUN("SADD", "rq:groups", "g", "h");
    RUN("SADD", "rq:group:g", "j1", "gone");
    RUN("SADD", "rq:group:h", "gone");
    enqueue_plain("j1");
    clean(NOW, 1000);
    ck_assert_int_eq(cleaned, 2);
    ck_assert_int_eq(INT("SCARD", "rq:group:g"), 1);
    ck_assert_int_eq(INT("EXISTS", "rq:group:h"), 0);
    ck_assert_int_eq(INT("SCARD", "rq:groups"), 1);
    ck_assert_int_eq(INT("SISMEMBER", "rq:groups", "g"), 1);
}
END_TEST

START_TEST(what_is_no_job_does_not_stop_the_cleaning)
{
    RUN("SET", "rq:job:odd", "no hash");
    RUN("RPUSH", "rq:queue:default:intermediate", "odd");
    RUN("ZADD", "rq:ready:default", "1", "odd", "2", "j1");
    RUN("HSET", "rq:job:j1", "status", "ready_to_enqueue", "origin", "default");
    clean(NOW, 1000);
    ck_assert_int_eq(INT("EXISTS", "rq:queue:default:intermediate", "rq:ready:default"), 0);
    assert_text("no hash", "GET", "rq:job:odd");
    ck_assert_int_eq(job_places("odd"), 0);
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

/* The registry counts whole seconds of the worker's clock, the hash expires by the clock of Redis. */
START_TEST(results_whose_entry_goes_before_their_job_go_with_the_job)
{
    RUN("HSET", "rq:job:j1", "status", "failed", "origin", "default");
    RUN("EXPIRE", "rq:job:j1", "50");
    RUN("XADD", "rq:results:j1", "*", "type", "2");
    RUN("HSET", "rq:job:ever", "status", "failed", "origin", "default");
    RUN("XADD", "rq:results:ever", "*", "type", "2");
    RUN("ZADD", "rq:failed:default", "5", "j1", "5", "ever");
    clean(NOW, 1000);
    ck_assert_int_eq(INT("EXISTS", "rq:failed:default"), 0);
    ck_assert_int_gt(INT("TTL", "rq:results:j1"), 40);
    ck_assert_int_le(INT("TTL", "rq:results:j1"), 51);
    ck_assert_int_eq(INT("TTL", "rq:results:ever"), -1);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {
        expired_entries_go_and_those_for_ever_stay,
        a_call_is_bounded_and_says_that_there_is_more,
        nothing_happens_while_a_worker_of_rq_holds_the_lock,
        ids_stuck_for_a_minute_come_back_to_the_front_in_order,
        long_lists_are_searched_for_few_stuck_ids_in_a_call,
        a_full_memory_and_foreign_keys_keep_nothing_from_being_cleaned,
        stuck_ids_that_are_gone_run_or_have_run_are_not_queued,
        names_of_workers_whose_hash_is_gone_leave_the_sets,
        ready_jobs_of_rq_3_are_pushed,
        groups_lose_members_that_are_gone_and_empty_groups_their_name,
        what_is_no_job_does_not_stop_the_cleaning,
        results_whose_entry_goes_before_their_job_go_with_the_job,
    };
    return lifecycle_suite("clean", tests, CQ_ARRAY_LEN(tests));
}
