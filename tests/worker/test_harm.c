#include "tests/support/suite.h"
#include "tests/worker/fake.h"

/* What a runtime that is slow, dies or plays tricks does not do to a worker and its other jobs. */

static pid_t start(const char *first, const char *second)
{
    return start_worker("--config", fake_config, "--name", "w", first, second, NULL);
}

static void put(const char *id, const char *function, int64_t timeout_s)
{
    enqueue(id, &(struct job_spec){.function = function, .timeout_s = timeout_s});
}

/* A started job of a worker that is no more. */
static void leave_behind(const char *id, const char *function)
{
    char key[64], member[64];
    snprintf(key, sizeof(key), "rq:job:%s", id);
    snprintf(member, sizeof(member), "%s:e", id);
    put(id, function, 60);
    redis_server_int(server, "DEL", "rq:queue:default", NULL);
    redis_server_int(server, "HSET", key, "status", "started", "failure_callback_name", "fake.note", NULL);
    redis_server_int(server, "ZADD", "rq:wip:default", "1", member, NULL);
}

START_TEST(a_callback_whose_runtime_cannot_even_be_started_is_left_out)
{
    leave_behind("a", "app.version");
    ck_assert_int_eq(wait_worker(start_without_python()), 0);
    ck_assert(log_has("a: its failure callback is left out"));
    ck_assert(cq_str_is(job_field("a", "status"), "failed"));
}
END_TEST

START_TEST(a_job_has_its_time_from_when_its_horse_is_there)
{
    fake_says("slow", "1000");
    put("short", "fake.version", 1);
    use_clock();
    pid_t worker = start("--burst", NULL);
    wait_lines(1, "slow fork");
    pass_time(worker, 2);
    wait_turn("w");
    fake_says("slow", NULL);
    ck_assert_int_eq(wait_worker(worker), 0);
    ck_assert(cq_str_is(job_field("short", "status"), "finished"));
}
END_TEST

START_TEST(a_job_whose_horse_comes_late_ends_at_its_timeout_all_the_same)
{
    fake_says("slow", "1000");
    put("hangs", "fake.hang", 10);
    use_clock();
    pid_t worker = start("--burst", "--kill-grace=0");
    wait_lines(1, "slow fork");
    pass_time(worker, 11);
    wait_turn("w");
    fake_says("slow", NULL);
    wait_lines(1, "hangs");
    pass_time(worker, 11);
    ck_assert_int_eq(wait_worker(worker), 0);
    assert_failure_says("hangs", "Task exceeded maximum timeout value (10 seconds)");
}
END_TEST

START_TEST(a_stable_that_says_it_is_busy_is_not_taken_for_one_that_hangs)
{
    fake_says("slow", "1000");
    fake_says("busy", "60");
    put("patient", "fake.version", 600);
    use_clock();
    pid_t worker = start(NULL, NULL);
    wait_lines(1, "slow fork");
    pass_time(worker, 50);
    wait_turn("w"); /* it has looked after its stables */
    fake_says("slow", NULL);
    wait_status("patient", "finished");
    ck_assert(!log_has("killing it"));
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(a_stable_that_hangs_is_replaced)
{
    fake_says("slow", "1000");
    put("waits", "fake.version", 600);
    use_clock();
    pid_t worker = start(NULL, NULL);
    wait_lines(1, "slow fork");
    pass_time(worker, 31);
    wait_log("it has not forked for 30 s; killing it");
    wait_status("waits", "failed");
    fake_says("slow", NULL);
    put("next", "fake.version", 60);
    wait_status("next", "finished");
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(jobs_wait_for_a_stable_that_cannot_fork_for_now)
{
    put("first", "fake.version", 60);
    use_clock();
    pid_t worker = start(NULL, NULL);
    wait_status("first", "finished");
    fake_says("no_fork", "");
    for (int i = 0; i < 10; i++) {
        char id[16];
        snprintf(id, sizeof(id), "j%d", i);
        put(id, "fake.version", 60);
    }
    for (int tries = 1; tries <= 3; tries++) {
        wait_until(log_count("cannot fork: out of everything") >= tries);
        pass_time(worker, 1); /* it tries again every second */
    }
    ck_assert_int_eq(redis_server_int(server, "ZCARD", "rq:failed:default", NULL), 0);
    fake_says("no_fork", NULL);
    pass_time(worker, 1);
    wait_count(11, "ZCARD", "rq:finished:default");
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(a_job_that_waits_for_a_fork_can_be_stopped)
{
    fake_says("no_fork", "");
    put("waits", "fake.version", 60);
    pid_t worker = start(NULL, NULL);
    wait_log("cannot fork: out of everything");
    redis_server_int(server, "PUBLISH", "rq:pubsub:w", "{\"command\": \"stop-job\", \"job_id\": \"waits\"}",
                     NULL);
    wait_status("waits", "stopped");
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(a_job_does_not_put_off_its_end_for_ever)
{
    put("again", "fake.ended_again", 600);
    put("huge", "fake.ended_huge", 600);
    use_clock();
    pid_t worker = start("--num-workers", "2");
    wait_log("huge: said ended");
    wait_log("again: said ended 1");
    fake_says("ended-1", "");
    wait_log("again: said ended 2"); /* of a callback: it has 1000 s once more */
    pass_time(worker, 900);
    wait_turn("w.1");
    fake_says("ended-2", "");
    wait_log("again: said ended 3");
    pass_time(worker, 200);
    wait_status("again", "failed");
    assert_failure_says("again", "Task exceeded maximum timeout value (1000 seconds)");
    fake_says("let-go", "");
    wait_status("huge", "finished");
    ck_assert_str_eq(result_of("huge"), "\"ended\"");
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(a_stable_that_dies_after_every_hello_is_not_started_without_a_pause)
{
    fake_says("mode", "dies_later");
    put("waits", "fake.version", 600);
    use_clock();
    pid_t worker = start(NULL, NULL);
    wait_log("starting another in 0.2 s");
    stop_clock();
    wait_until(children_of(worker) == 0 && log_count("starting another in ") == fake_lines("start"));
    int deaths = fake_lines("start"); /* it waits, and no time passes */
    pass_time(worker, 1);
    wait_until(log_count("starting another in ") == deaths + 1);
    wait_turn("w");
    wait_turn("w");
    ck_assert_int_eq(fake_lines("start"), deaths + 1); /* none as long as no time passes */
    fake_says("mode", NULL);
    put("works", "fake.version", 600);
    pass_time(worker, 5);
    wait_status("works", "finished");
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(a_cold_stop_records_that_a_job_was_stopped_without_its_callback)
{
    put("long", "fake.hold", 1000);
    redis_server_int(server, "HSET", "rq:job:long", "stopped_callback_name", "fake.hang", NULL);
    fake_says("hello", "{\"callbacks\": true}");
    fake_says("late", "0.5"); /* its stable is slow to say that the horse is gone */
    use_clock();
    pid_t worker = start("--reuse-horses", NULL);
    wait_log("fake 1 (");
    wait_status("long", "started");
    kill(worker, SIGTERM);
    wait_log("warm shut down");
    pass_time(worker, 2); /* a second signal within one second counts as an echo */
    redis_server_int(server, "PUBLISH", "rq:pubsub:w", "{\"command\": \"stop-job\", \"job_id\": \"long\"}",
                     NULL);
    wait_log("stopped by user");
    ck_assert_int_eq(stop_worker(worker), 0);
    ck_assert(cq_str_is(job_field("long", "status"), "stopped"));
    ck_assert_int_eq(fake_lines("stopped long"), 0);
}
END_TEST

/* Redis serves the connections that it has, and refuses new ones. */
static void hide_redis(bool hidden)
{
    char away[128];
    snprintf(away, sizeof(away), "%s.away", server->socket);
    ck_assert_int_eq(hidden ? rename(server->socket, away) : rename(away, server->socket), 0);
    if (hidden)
        cq_reply_free(redis_server_run(server, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes", NULL));
}

START_TEST(meta_that_waited_for_redis_does_not_take_the_place_of_later_meta)
{
    put("tells", "fake.tell_twice", 60);
    pid_t worker = start(NULL, NULL);
    wait_status("tells", "started");
    wait_log("fake 1 (");
    hide_redis(true);
    wait_log("retrying in");
    fake_says("tell-1", "");
    wait_log("told 1"); /* on the same way as the meta before it */
    hide_redis(false);
    wait_log("connected to Redis again");
    fake_says("tell-2", "");
    wait_status("tells", "finished");
    ck_assert(cq_str_is(job_field("tells", "meta"), "2"));
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = fake_case("harm");
    tcase_add_test(tcase, a_callback_whose_runtime_cannot_even_be_started_is_left_out);
    tcase_add_test(tcase, a_job_has_its_time_from_when_its_horse_is_there);
    tcase_add_test(tcase, a_job_whose_horse_comes_late_ends_at_its_timeout_all_the_same);
    tcase_add_test(tcase, a_stable_that_says_it_is_busy_is_not_taken_for_one_that_hangs);
    tcase_add_test(tcase, a_stable_that_hangs_is_replaced);
    tcase_add_test(tcase, jobs_wait_for_a_stable_that_cannot_fork_for_now);
    tcase_add_test(tcase, a_job_that_waits_for_a_fork_can_be_stopped);
    tcase_add_test(tcase, a_job_does_not_put_off_its_end_for_ever);
    tcase_add_test(tcase, a_stable_that_dies_after_every_hello_is_not_started_without_a_pause);
    tcase_add_test(tcase, a_cold_stop_records_that_a_job_was_stopped_without_its_callback);
    tcase_add_test(tcase, meta_that_waited_for_redis_does_not_take_the_place_of_later_meta);
    return suite_of("worker/harm", tcase);
}
