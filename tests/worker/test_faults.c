#include "tests/support/suite.h"
#include "tests/worker/harness.h"

/* What Redis refuses for a while or for good, and what a lost connection adds to it. */

static void run(const char *first, const char *second, const char *third, const char *fourth)
{
    cq_reply_free(redis_server_run(server, first, second, third, fourth, NULL));
}

static void cut_connections(void)
{
    cq_reply_free(redis_server_run(server, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes", NULL));
}

static void be_replica(bool replica)
{
    run("REPLICAOF", replica ? "127.0.0.1" : "NO", replica ? "1" : "ONE", NULL);
}

static void fill_memory(bool full)
{
    run("CONFIG", "SET", "maxmemory", full ? "1" : "0");
}

/* What a job's hash needs, written in a script that Redis takes although it is full: deletes come first. */
static void enqueue_into_full_redis(const char *id)
{
    static const char script[] =
        "redis.call('DEL', 'rq:job:' .. ARGV[1]) "
        "redis.call('HSET', 'rq:job:' .. ARGV[1], 'status', 'queued', 'origin', 'default', 'timeout', '60', "
        "'created_at', '2026-01-01T00:00:00.000000Z', 'data', '[\"jobs.whoami\", null, [], {}]') "
        "return redis.call('RPUSH', 'rq:queue:default', ARGV[1])";
    cq_reply_free(redis_server_run(server, "EVAL", script, "0", id, NULL));
}

START_TEST(a_worker_that_redis_refuses_at_its_start_says_why_and_leaves)
{
    be_replica(true);
    pid_t worker = start_worker("--name", "w", NULL);
    int status = wait_worker(worker);
    be_replica(false);
    ck_assert_int_eq(status, 4);
}
END_TEST

/* Until there are more. */
static void wait_finished(int64_t count)
{
    wait_until(redis_server_int(server, "ZCARD", "rq:finished:default", NULL) > count);
}

/* How often Redis has refused something with an error of this name, READONLY or OOM. */
static int refused(const char *name)
{
    char entry[64];
    int length = snprintf(entry, sizeof(entry), "errorstat_%s:count=", name);
    struct cq_str stats = redis_server_text(server, "INFO", "errorstats", NULL);
    const char *found = stats.data ? strstr(stats.data, entry) : NULL;
    return found ? atoi(found + length) : 0;
}

START_TEST(outcomes_that_are_refused_and_then_lost_start_no_job_under_an_id_in_use)
{
    enum { ROUNDS = 3, JOBS = 400 };
    static const char script[] =
        "for i = 1, 400 do local id = ARGV[1] .. '-' .. i "
        "redis.call('HSET', 'rq:job:' .. id, 'status', 'queued', 'origin', 'default', 'timeout', '60', "
        "'created_at', '2026-01-01T00:00:00.000000Z', 'data', '[\"jobs.whoami\", null, [], {}]') "
        "redis.call('RPUSH', 'rq:queue:default', id) end";
    use_clock();
    pid_t worker = start_worker("-q", "--num-workers", "2", NULL);
    for (int64_t round = 0; round < ROUNDS; round++) {
        char number[16];
        snprintf(number, sizeof(number), "%d", (int)round);
        cq_reply_free(redis_server_run(server, "EVAL", script, "0", number, NULL));
        wait_finished(round * JOBS);
        int before_ours = refused("READONLY");
        be_replica(true);
        wait_until(refused("READONLY") > before_ours);
        cut_connections();
        int64_t before = redis_server_int(server, "ZCARD", "rq:finished:default", NULL);
        be_replica(false);
        wait_finished(before);
        /* the pause before the next attempt: the connection is back, and other outcomes are on their way */
        pass_time(worker, 1);
        wait_count((round + 1) * JOBS, "ZCARD", "rq:finished:default");
    }
    ck_assert_int_eq(redis_server_int(server, "ZCARD", "rq:wip:default", NULL), 0);
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(a_full_redis_is_emptied_by_a_worker_that_cannot_wait_on_it)
{
    pid_t worker = start_worker("--name", "w", NULL);
    enqueue("first", &(struct job_spec){.function = "jobs.whoami"});
    wait_status("first", "finished");
    int before = refused("OOM");
    fill_memory(true);
    cut_connections();
    wait_until(refused("OOM") > before); /* it asked once more, found nothing, and its BLMOVE was refused */
    enqueue_into_full_redis("second");
    wait_status("second", "finished");
    fill_memory(false);
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(heartbeats_reach_a_full_redis)
{
    pid_t worker = start_worker("--name", "w", "--job-monitoring-interval", "1", NULL);
    enqueue("runs", &(struct job_spec){.function = "jobs.doze_s", .number = 600, .timeout_s = 1000});
    wait_status("runs", "started");
    struct cq_reply *reply = redis_server_run(server, "ZRANGE", "rq:wip:default", "0", "-1", NULL);
    char member[128];
    snprintf(member, sizeof(member), "%s", cq_reply_str(cq_reply_at(reply, 0)).data);
    cq_reply_free(reply);
    fill_memory(true);
    struct cq_str score = redis_server_text(server, "ZSCORE", "rq:wip:default", member, NULL);
    long first = atol(score.data), last = first;
    for (int64_t end = patience_end_ms(); last == first && wait_a_moment(end);)
        last = atol(redis_server_text(server, "ZSCORE", "rq:wip:default", member, NULL).data);
    fill_memory(false);
    ck_assert_int_gt(last, first);
    kill(worker, SIGKILL);
    wait_worker(worker);
}
END_TEST

START_TEST(an_outcome_that_redis_never_takes_does_not_hold_its_slot)
{
    pid_t worker = start_worker("--name", "w", NULL);
    enqueue_held("broken");
    wait_status("broken", "started");
    run("SET", "rq:results:broken", "no stream", NULL);
    let_go();
    enqueue("next", &(struct job_spec){.function = "jobs.whoami"});
    wait_status("next", "finished");
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(a_job_that_is_stopped_while_its_timeout_ends_it_is_stopped)
{
    pid_t worker = start_worker("--name", "w", "--kill-grace", "600", NULL);
    enqueue("stubborn", &(struct job_spec){.function = "jobs.stubborn", .timeout_s = 1, .retries = 1});
    wait_status("stubborn", "started");
    wait_log("stubborn: exceeded its timeout");
    tell_worker("w", "{\"command\": \"stop-job\", \"job_id\": \"stubborn\"}");
    wait_status("stubborn", "stopped");
    assert_failure_says("stubborn", "Job stopped by user");
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

static void healthy(void)
{
    fill_memory(false);
    be_replica(false);
}

Suite *test_suite(void)
{
    TCase *tcase = worker_case("faults");
    tcase_add_checked_fixture(tcase, healthy, NULL);
    tcase_add_test(tcase, a_worker_that_redis_refuses_at_its_start_says_why_and_leaves);
    tcase_add_test(tcase, outcomes_that_are_refused_and_then_lost_start_no_job_under_an_id_in_use);
    tcase_add_test(tcase, a_full_redis_is_emptied_by_a_worker_that_cannot_wait_on_it);
    tcase_add_test(tcase, heartbeats_reach_a_full_redis);
    tcase_add_test(tcase, an_outcome_that_redis_never_takes_does_not_hold_its_slot);
    tcase_add_test(tcase, a_job_that_is_stopped_while_its_timeout_ends_it_is_stopped);
    return suite_of("worker/faults", tcase);
}
