#include "tests/support/suite.h"
#include "tests/worker/harness.h"

/* A warm stop with a deadline: what still runs then waits again. What give_back.lua does is tested in
 * tests/lifecycle. */

static void doze(const char *id)
{
    enqueue(id, &(struct job_spec){.function = "jobs.doze_s", .number = 600, .timeout_s = 900, .retries = 2});
}

static void assert_waits(const char *id, int place)
{
    char at[8];
    snprintf(at, sizeof(at), "%d", place);
    struct cq_str found = redis_server_text(server, "LINDEX", "rq:queue:default", at, NULL);
    ck_assert_msg(cq_str_is(found, id), "place %d has %.*s, not %s", place, (int)found.len,
                  found.data ? found.data : "(none)", id);
    ck_assert(cq_str_is(job_field(id, "status"), "queued"));
    ck_assert(cq_str_is(job_field(id, "retries_left"), "2"));
}

static void assert_nothing_ended(void)
{
    ck_assert_int_eq(redis_server_int(server, "ZCARD", "rq:wip:default", NULL), 0);
    ck_assert_int_eq(redis_server_int(server, "ZCARD", "rq:failed:default", NULL), 0);
    ck_assert_int_eq(redis_server_int(server, "ZCARD", "rq:scheduled:default", NULL), 0);
    ck_assert_int_eq(redis_server_int(server, "SCARD", "rq:workers", NULL), 0);
}

START_TEST(jobs_that_still_run_at_the_deadline_are_at_the_front_of_their_queue_again)
{
    doze("a");
    doze("b");
    doze("c");
    doze("behind");
    pid_t worker = start_worker("--name", "w", "-n", "3", "--shutdown-timeout", "1", NULL);
    wait_count(3, "ZCARD", "rq:wip:default");
    ck_assert_int_eq(stop_worker(worker), 0);
    assert_waits("a", 0);
    assert_waits("b", 1);
    assert_waits("c", 2);
    assert_waits("behind", 3);
    assert_nothing_ended();
    ck_assert_int_eq(redis_server_int(server, "HEXISTS", "rq:worker:w.1", "failed_job_count", NULL), 0);
    ck_assert_int_eq(redis_server_int(server, "HEXISTS", "rq:worker:w.1", "death", NULL), 1);
}
END_TEST

START_TEST(a_job_that_ends_before_the_deadline_is_finished)
{
    enqueue_held("short");
    pid_t worker = start_worker("--name", "w", "--shutdown-timeout", "600", NULL);
    wait_status("short", "started");
    kill(worker, SIGTERM);
    wait_log("warm shut down");
    wait_turn("w");
    let_go();
    ck_assert_int_eq(stop_worker(worker), 0);
    ck_assert(cq_str_is(job_field("short", "status"), "finished"));
    ck_assert_int_eq(redis_server_int(server, "LLEN", "rq:queue:default", NULL), 0);
}
END_TEST

START_TEST(a_job_that_ignores_sigterm_is_killed_and_given_back)
{
    enqueue("stubborn", &(struct job_spec){.function = "jobs.stubborn", .timeout_s = 900, .retries = 2});
    pid_t worker = start_worker("--shutdown-timeout", "1", "--kill-grace", "0", NULL);
    wait_status("stubborn", "started");
    ck_assert_int_eq(stop_worker(worker), 0);
    assert_waits("stubborn", 0);
    assert_nothing_ended();
}
END_TEST

START_TEST(a_job_that_returns_when_it_is_told_to_end_is_not_run_again)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/listens", server->folder);
    enqueue("obedient", &(struct job_spec){.function = "jobs.until_told", .arg = path, .timeout_s = 900});
    pid_t worker = start_worker("--shutdown-timeout", "1", NULL);
    wait_until(access(path, F_OK) == 0);
    ck_assert_int_eq(stop_worker(worker), 0);
    ck_assert(cq_str_is(job_field("obedient", "status"), "finished"));
    ck_assert_int_eq(redis_server_int(server, "LLEN", "rq:queue:default", NULL), 0);
}
END_TEST

START_TEST(a_second_signal_brings_the_deadline_forward)
{
    doze("a");
    enqueue("stubborn", &(struct job_spec){.function = "jobs.stubborn", .timeout_s = 900, .retries = 2});
    use_clock();
    pid_t worker = start_worker("--name", "w", "-n", "2", "--shutdown-timeout", "600", "--kill-grace", "600",
                                NULL);
    wait_count(2, "ZCARD", "rq:wip:default");
    kill(worker, SIGTERM);
    wait_until(redis_server_int(server, "HEXISTS", "rq:worker:w.1", "shutdown_requested_date", NULL));
    pass_time(worker, 2); /* less than a second later it is taken for the same one */
    ck_assert_int_eq(stop_worker(worker), 0);
    assert_waits("a", 0);
    assert_waits("stubborn", 1);
    assert_nothing_ended();
}
END_TEST

START_TEST(a_cold_stop_does_not_wait_for_a_redis_that_hangs)
{
    setenv("CQ_COMMAND_TIMEOUT", "600", 1);
    use_clock();
    doze("a");
    pid_t worker = start_worker("--name", "w", "-n", "2", NULL);
    unsetenv("CQ_COMMAND_TIMEOUT");
    wait_status("a", "started");
    wait_count(2, "SCARD", "rq:workers");
    kill(server->pid, SIGSTOP);
    kill(worker, SIGTERM);
    wait_log("warm shut down");
    pass_time(worker, 2); /* below a second they count as one */
    kill(worker, SIGTERM);
    int status = wait_worker(worker);
    kill(server->pid, SIGCONT);
    ck_assert_int_eq(status, 0);
    wait_status("a", "queued"); /* for a retry: it had been told */
}
END_TEST

START_TEST(a_job_that_is_deleted_before_the_deadline_stays_so)
{
    doze("gone");
    pid_t worker = start_worker("--shutdown-timeout", "1", NULL);
    wait_status("gone", "started");
    redis_server_int(server, "DEL", "rq:job:gone", NULL);
    ck_assert_int_eq(stop_worker(worker), 0);
    ck_assert_int_eq(
        redis_server_int(server, "EXISTS", "rq:job:gone", "rq:queue:default", "rq:wip:default", NULL), 0);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = worker_case("shutdown");
    tcase_add_test(tcase, jobs_that_still_run_at_the_deadline_are_at_the_front_of_their_queue_again);
    tcase_add_test(tcase, a_job_that_ends_before_the_deadline_is_finished);
    tcase_add_test(tcase, a_job_that_ignores_sigterm_is_killed_and_given_back);
    tcase_add_test(tcase, a_job_that_returns_when_it_is_told_to_end_is_not_run_again);
    tcase_add_test(tcase, a_second_signal_brings_the_deadline_forward);
    tcase_add_test(tcase, a_job_that_is_deleted_before_the_deadline_stays_so);
    tcase_add_test(tcase, a_cold_stop_does_not_wait_for_a_redis_that_hangs);
    return suite_of("shutdown", tcase);
}
