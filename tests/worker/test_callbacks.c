#include "tests/support/suite.h"
#include "tests/worker/fake.h"

/* Timeouts of runtimes that raise on their own, and callbacks of jobs that have no horse any more. */

static pid_t start(const char *first, const char *second)
{
    fake_says("hello", "{\"callbacks\": true}");
    use_clock();
    return start_worker("--config", fake_config, "--name", "w", first, second, NULL);
}

static void put(const char *id, const char *function, int64_t timeout_s)
{
    enqueue(id, &(struct job_spec){.function = function, .timeout_s = timeout_s});
}

/* A job with a callback, before anybody can take it. */
static void put_calling(const char *id, const char *function, int64_t timeout_s, const char *kind,
                        const char *callback)
{
    char key[64], field[64];
    snprintf(key, sizeof(key), "rq:job:%s", id);
    snprintf(field, sizeof(field), "%s_callback_name", kind);
    put(id, function, timeout_s);
    redis_server_int(server, "HSET", key, field, callback, NULL);
}

static void limit_callback(const char *id, const char *kind, const char *seconds)
{
    char key[64], field[64];
    snprintf(key, sizeof(key), "rq:job:%s", id);
    snprintf(field, sizeof(field), "%s_callback_timeout", kind);
    redis_server_int(server, "HSET", key, field, seconds, NULL);
}

/* The job hangs, the so manieth that does: its timeout and the grace after it are over at once. */
static void end_at_timeout(pid_t worker, const char *id, int hung)
{
    char line[128];
    wait_lines(hung, "hangs");
    pass_time(worker, 10);
    snprintf(line, sizeof(line), "%s: exceeded its timeout", id);
    wait_log(line);
    pass_time(worker, 10);
}

/* The job is at work, not only started. */
static void wait_at_work(const char *id, const char *function)
{
    char line[128];
    wait_status(id, "started");
    snprintf(line, sizeof(line), "%s: default: %s", id, function);
    wait_log(line);
    wait_log("fake 1 (");
}

START_TEST(what_a_runtime_raises_at_the_timeout_is_recorded_when_it_says_that_it_does)
{
    put("raises", "fake.raise_at_timeout", 100);
    fake_says("hello", "{\"soft_timeout\": true}");
    use_clock();
    pid_t worker = start_worker("--burst", "--config", fake_config, "--name", "w", "--kill-grace", "600",
                                NULL);
    wait_lines(1, "at work");
    wait_lines(2, "forked"); /* one that is still asked for would hang, when 200 s pass at once */
    pass_time(worker, 200);
    wait_turn("w");
    fake_says("raise", "");
    ck_assert_int_eq(wait_worker(worker), 0);
    assert_failure_says("raises", "raised inside of it");
}
END_TEST

START_TEST(a_job_that_swallows_what_its_runtime_raises_ends_all_the_same)
{
    put("hangs", "fake.hang", 1);
    fake_says("hello", "{\"soft_timeout\": true}");
    use_clock();
    pid_t worker = start_worker("--burst", "--config", fake_config, "--name", "w", NULL);
    end_at_timeout(worker, "hangs", 1);
    ck_assert_int_eq(wait_worker(worker), 0);
    assert_failure_says("hangs",
                        "rq.timeouts.JobTimeoutException: Task exceeded maximum timeout value (1 seconds)");
}
END_TEST

START_TEST(what_follows_the_function_has_a_timeout_of_its_own)
{
    put("long_after", "fake.ended", 300);
    put("hangs_after", "fake.ended_hang", 1000);
    use_clock();
    pid_t worker = start_worker("--burst", "--config", fake_config, "--name", "w", NULL);
    wait_log("long_after: said ended");
    wait_lines(2, "forked");
    pass_time(worker, 400);
    wait_turn("w");
    fake_says("let-go", "");
    ck_assert_int_eq(wait_worker(worker), 0);
    ck_assert_str_eq(result_of("long_after"), "\"ended\"");
    assert_failure_says("hangs_after", "Task exceeded maximum timeout value (1 seconds)");
}
END_TEST

START_TEST(a_stopped_job_has_its_stopped_callback_run_before_it_is_recorded)
{
    put_calling("long", "fake.hang", 1000, "stopped", "fake.hang");
    limit_callback("long", "stopped", "1000");
    pid_t worker = start(NULL, NULL);
    wait_at_work("long", "fake.hang");
    tell_worker("w", "{\"command\": \"stop-job\", \"job_id\": \"long\"}");
    wait_lines(1, "stopped long fake.hang -");
    ck_assert(cq_str_is(job_field("long", "status"), "started"));
    /* A second one has nothing to stop; kill-horse ends the callback. */
    tell_worker("w", "{\"command\": \"stop-job\", \"job_id\": \"long\"}");
    wait_log("stop-job ignored: it has ended, its callback runs");
    tell_worker("w", "{\"command\": \"kill-horse\"}");
    wait_status("long", "stopped");
    assert_failure_says("long", "Job stopped by user, work-horse terminated.");
    /* Redis may know of it before the log is written. */
    wait_log("its stopped callback was killed by signal 9");
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(a_job_that_is_stopped_while_its_runtime_starts_has_its_callback_run_too)
{
    fake_says("gate", "");
    put_calling("waits", "fake.hang", 1000, "stopped", "fake.note");
    pid_t worker = start(NULL, NULL);
    wait_status("waits", "started");
    wait_lines(1, "start");
    tell_worker("w", "{\"command\": \"stop-job\", \"job_id\": \"waits\"}");
    wait_log("stopped by user");
    fake_says("gate", NULL);
    wait_status("waits", "stopped");
    ck_assert_int_eq(fake_lines("stopped waits fake.note"), 1);
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(a_job_killed_at_its_timeout_has_its_failure_callback_run)
{
    put_calling("hangs", "fake.hang", 1, "failure", "fake.meta");
    pid_t worker = start("--burst", NULL);
    end_at_timeout(worker, "hangs", 1);
    ck_assert_int_eq(wait_worker(worker), 0);
    ck_assert_int_eq(fake_lines("failure hangs fake.meta rq.timeouts.JobTimeoutException: Task exceeded"), 1);
    assert_failure_says("hangs", "JobTimeoutException");
    ck_assert(cq_str_is(job_field("hangs", "meta"), "{\"told\": true}"));
}
END_TEST

START_TEST(what_is_wrong_with_a_callback_changes_nothing_for_its_job)
{
    put_calling("a", "fake.hang", 1, "failure", "fake.die");
    put_calling("b", "fake.hang", 1, "failure", "fake.fail");
    put_calling("c", "fake.hang", 1, "failure", "fake.hang");
    limit_callback("c", "failure", "1");
    put("d", "jobs.whoami", 60);
    pid_t worker = start("--burst", NULL);
    end_at_timeout(worker, "a", 1);
    end_at_timeout(worker, "b", 2);
    end_at_timeout(worker, "c", 3);
    ck_assert_int_eq(wait_worker(worker), 0);
    ck_assert_int_eq(redis_server_int(server, "ZCARD", "rq:failed:default", NULL), 3);
    assert_failure_says("a", "JobTimeoutException");
    assert_failure_says("b", "JobTimeoutException");
    assert_failure_says("c", "JobTimeoutException");
    ck_assert(cq_str_is(job_field("d", "status"), "finished"));
    ck_assert(log_has("a: its failure callback was killed by signal 11"));
    ck_assert(log_has("b: its failure callback failed: the callback failed"));
    ck_assert(log_has("c: its failure callback did not end within its timeout of 1 s"));
}
END_TEST

START_TEST(a_runtime_without_callbacks_does_without_them)
{
    put_calling("a", "fake.hang", 1, "failure", "fake.note");
    put_calling("b", "jobs.stubborn", 1, "failure", "fake.note");
    use_clock();
    pid_t worker = start_worker("--burst", "--config", fake_config, "--name", "w", NULL);
    end_at_timeout(worker, "a", 1);
    ck_assert_int_eq(wait_worker(worker), 0);
    ck_assert_int_eq(redis_server_int(server, "ZCARD", "rq:failed:default", NULL), 2);
    ck_assert(log_has("a: its failure callback is left out: its runtime has no callbacks"));
    ck_assert_int_eq(fake_lines("failure"), 0);
}
END_TEST

START_TEST(a_horse_that_dies_otherwise_calls_nobody)
{
    put_calling("dies", "fake.die", 60, "failure", "fake.note");
    ck_assert_int_eq(wait_worker(start("--burst", NULL)), 0);
    assert_failure_says("dies", "Work-horse terminated unexpectedly; waitpid returned ");
    ck_assert_int_eq(fake_lines("failure"), 0);
}
END_TEST

START_TEST(a_callback_gets_a_horse_that_has_run_nothing)
{
    put("before", "fake.version", 60);
    put_calling("hangs", "fake.hang", 1, "failure", "fake.note");
    put("after", "fake.version", 60);
    pid_t worker = start("--burst", "--reuse-horses");
    end_at_timeout(worker, "hangs", 1);
    ck_assert_int_eq(wait_worker(worker), 0);
    ck_assert_int_eq(fake_lines("failure hangs fake.note"), 1);
    ck_assert(cq_str_is(job_field("after", "status"), "finished"));
}
END_TEST

/* The second signal within a second of the first would count as its echo. */
static void stop_twice(pid_t worker)
{
    int before = log_count("warm shut down");
    kill(worker, SIGTERM);
    wait_until(log_count("warm shut down") > before);
    pass_time(worker, 2);
    ck_assert_int_eq(stop_worker(worker), 0);
}

START_TEST(a_warm_stop_waits_for_a_callback_and_a_cold_one_does_not)
{
    put_calling("warm", "fake.hang", 1, "failure", "fake.hang");
    limit_callback("warm", "failure", "1000");
    pid_t worker = start(NULL, NULL);
    end_at_timeout(worker, "warm", 1);
    wait_lines(1, "failure warm");
    kill(worker, SIGTERM);
    wait_log("warm shut down");
    wait_turn("w");
    ck_assert(cq_str_is(job_field("warm", "status"), "started"));
    pass_time(worker, 1001);
    ck_assert_int_eq(wait_worker(worker), 0);
    ck_assert(cq_str_is(job_field("warm", "status"), "failed"));
    ck_assert(log_has("did not end within its timeout of 1000 s"));

    put_calling("cold", "fake.hang", 1, "failure", "fake.hang");
    limit_callback("cold", "failure", "1000");
    worker = start(NULL, NULL);
    end_at_timeout(worker, "cold", 2);
    wait_lines(1, "failure cold");
    stop_twice(worker);
    ck_assert(cq_str_is(job_field("cold", "status"), "failed"));
    assert_failure_says("cold", "JobTimeoutException");
}
END_TEST

/* Started jobs of a worker that is no more, in Redis alone. */
static void leave_behind(int count, const char *function, const char *callback)
{
    static const char script[] =
        "for i = 1, tonumber(ARGV[1]) do "
        "redis.call('HSET', 'rq:job:o' .. i, 'status', 'started', 'origin', 'default', 'timeout', '60', "
        "'created_at', '2026-01-01T00:00:00.000000Z', 'data', ARGV[2], 'failure_callback_name', ARGV[3]) "
        "redis.call('ZADD', 'rq:wip:default', 1, 'o' .. i .. ':e' .. i) end "
        "return redis.call('SADD', 'rq:queues', 'rq:queue:default')";
    char number[16], data[128];
    snprintf(number, sizeof(number), "%d", count);
    snprintf(data, sizeof(data), "[\"%s\", null, [], {}]", function);
    cq_reply_free(redis_server_run(server, "EVAL", script, "0", number, data, callback, NULL));
}

START_TEST(abandoned_jobs_have_their_failure_callbacks_run_even_by_a_burst)
{
    leave_behind(25, "fake.version", "fake.note");
    ck_assert_int_eq(wait_worker(start("--burst", NULL)), 0);
    ck_assert_int_eq(redis_server_int(server, "ZCARD", "rq:failed:default", NULL), 25);
    ck_assert_int_eq(fake_lines("AbandonedJobError"), 25);
    ck_assert_int_eq(
        fake_lines("failure o25 fake.note Moved to FailedJobRegistry, due to AbandonedJobError, at "), 1);
}
END_TEST

START_TEST(abandoned_jobs_whose_callbacks_cannot_be_run_do_not_hold_the_worker)
{
    leave_behind(9, "fake.version", "fake.note");
    fake_says("mode", "dies");
    ck_assert_int_eq(wait_worker(start("--burst", NULL)), 0);
    ck_assert_int_eq(redis_server_int(server, "ZCARD", "rq:failed:default", NULL), 9);
    ck_assert(log_has("o9: its failure callback is left out"));
    ck_assert_int_lt(fake_lines("start"), 5);
    leave_behind(2, "jobs.whoami", "jobs.other");
    ck_assert_int_eq(wait_worker(start("--burst", NULL)), 0);
    ck_assert(log_has("o2: its failure callback failed: cq.FunctionNotFound"));
}
END_TEST

START_TEST(a_callback_that_cannot_be_forked_for_now_waits_for_that)
{
    fake_says("no_fork", "");
    leave_behind(3, "fake.version", "fake.note");
    pid_t worker = start(NULL, NULL);
    wait_until(log_count("cannot fork: out of everything") >= 3);
    pass_time(worker, 1);
    wait_until(log_count("cannot fork: out of everything") >= 6); /* each has asked again */
    ck_assert_int_eq(fake_lines("failure"), 0);
    fake_says("no_fork", NULL);
    pass_time(worker, 1);
    wait_lines(3, "AbandonedJobError");
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(a_callback_that_gets_no_horse_at_all_is_left_out_and_the_worker_goes_on)
{
    fake_says("no_fork", "");
    leave_behind(1, "fake.version", "fake.note");
    pid_t worker = start(NULL, NULL);
    wait_log("cannot fork: out of everything");
    pass_time(worker, 31);
    wait_log("o1: its failure callback is left out: its runtime gave no horse in time");
    ck_assert(cq_str_is(job_field("o1", "status"), "failed"));
    fake_says("no_fork", NULL);
    put("next", "fake.version", 600);
    wait_status("next", "finished");
    ck_assert_int_eq(stop_worker(worker), 0);
    ck_assert_int_eq(fake_lines("failure"), 0);
}
END_TEST

START_TEST(a_second_signal_ends_the_callbacks_of_abandoned_jobs)
{
    leave_behind(6, "fake.version", "fake.hang");
    pid_t worker = start(NULL, NULL);
    wait_lines(4, "AbandonedJobError"); /* at a time */
    stop_twice(worker);
    ck_assert_int_eq(fake_lines("AbandonedJobError"), 4);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = fake_case("callbacks");
    tcase_add_test(tcase, what_a_runtime_raises_at_the_timeout_is_recorded_when_it_says_that_it_does);
    tcase_add_test(tcase, a_job_that_swallows_what_its_runtime_raises_ends_all_the_same);
    tcase_add_test(tcase, what_follows_the_function_has_a_timeout_of_its_own);
    tcase_add_test(tcase, a_stopped_job_has_its_stopped_callback_run_before_it_is_recorded);
    tcase_add_test(tcase, a_job_that_is_stopped_while_its_runtime_starts_has_its_callback_run_too);
    tcase_add_test(tcase, a_job_killed_at_its_timeout_has_its_failure_callback_run);
    tcase_add_test(tcase, what_is_wrong_with_a_callback_changes_nothing_for_its_job);
    tcase_add_test(tcase, a_runtime_without_callbacks_does_without_them);
    tcase_add_test(tcase, a_horse_that_dies_otherwise_calls_nobody);
    tcase_add_test(tcase, a_callback_gets_a_horse_that_has_run_nothing);
    tcase_add_test(tcase, a_warm_stop_waits_for_a_callback_and_a_cold_one_does_not);
    tcase_add_test(tcase, abandoned_jobs_have_their_failure_callbacks_run_even_by_a_burst);
    tcase_add_test(tcase, abandoned_jobs_whose_callbacks_cannot_be_run_do_not_hold_the_worker);
    tcase_add_test(tcase, a_callback_that_cannot_be_forked_for_now_waits_for_that);
    tcase_add_test(tcase, a_callback_that_gets_no_horse_at_all_is_left_out_and_the_worker_goes_on);
    tcase_add_test(tcase, a_second_signal_ends_the_callbacks_of_abandoned_jobs);
    return suite_of("worker/callbacks", tcase);
}
