#include "tests/support/suite.h"
#include "tests/worker/fake.h"

START_TEST(a_burst_runs_what_is_queued_and_leaves_nothing_behind)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/record", server->folder);
    for (int i = 0; i < 50; i++) {
        char id[16];
        snprintf(id, sizeof(id), "job-%d", i);
        enqueue(id, &(struct job_spec){.function = "jobs.record", .arg = path});
    }
    ck_assert_int_eq(wait_worker(start_worker("--burst", "-q", NULL)), 0);
    ck_assert_int_eq(redis_server_int(server, "ZCARD", "rq:finished:default", NULL), 50);
    ck_assert_int_eq(redis_server_int(server, "ZCARD", "rq:wip:default", NULL), 0);
    ck_assert_int_eq(redis_server_int(server, "LLEN", "rq:queue:default", NULL), 0);
    ck_assert_int_eq(redis_server_int(server, "SCARD", "rq:workers", NULL), 0);
    char line[64];
    int lines = 0;
    FILE *file = fopen(path, "re");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof(line), file))
        lines++;
    fclose(file);
    ck_assert_int_eq(lines, 50);
}
END_TEST

START_TEST(queues_are_served_in_the_order_given)
{
    enqueue("low-1", &(struct job_spec){.function = "jobs.whoami", .queue = "low"});
    enqueue("high-1", &(struct job_spec){.function = "jobs.whoami", .queue = "high"});
    ck_assert_int_eq(wait_worker(start_worker("--burst", "--max-jobs", "1", "high", "low", NULL)), 0);
    ck_assert(cq_str_is(job_field("high-1", "status"), "finished"));
    ck_assert(cq_str_is(job_field("low-1", "status"), "queued"));
}
END_TEST

START_TEST(a_waiting_worker_takes_a_job_as_it_comes)
{
    pid_t worker = start_worker("one", "two", NULL);
    wait_count(1, "SCARD", "rq:workers");
    enqueue("a", &(struct job_spec){.function = "jobs.whoami", .queue = "two"});
    wait_status("a", "finished");
    enqueue("b", &(struct job_spec){.function = "jobs.whoami", .queue = "one"});
    wait_status("b", "finished");
    ck_assert_int_eq(stop_worker(worker), 0);
    ck_assert_int_eq(redis_server_int(server, "SCARD", "rq:workers", NULL), 0);
}
END_TEST

START_TEST(slots_are_workers_of_their_own_and_run_side_by_side)
{
    pid_t worker = start_worker("--name", "team", "--num-workers", "3", NULL);
    wait_count(3, "SCARD", "rq:workers");
    for (int i = 0; i < 3; i++) {
        char id[16];
        snprintf(id, sizeof(id), "s%d", i);
        enqueue_held(id);
    }
    wait_count(3, "ZCARD", "rq:wip:default");
    ck_assert(cq_str_is(redis_server_text(server, "HGET", "rq:worker:team.2", "state", NULL), "busy"));
    kill(worker, SIGKILL);
    wait_worker(worker);
}
END_TEST

START_TEST(a_fresh_horse_runs_each_job_and_a_reused_one_many)
{
    for (int i = 0; i < 6; i++) {
        char id[16];
        snprintf(id, sizeof(id), "r%d", i);
        enqueue(id, &(struct job_spec){.function = "jobs.whoami", .result_ttl_s = 600});
    }
    /* Three jobs a horse: two horses for six jobs. */
    ck_assert_int_eq(
        wait_worker(start_worker("--burst", "--reuse-horses", "--max-jobs-per-horse", "3", NULL)), 0);
    ck_assert_int_eq(redis_server_int(server, "ZCARD", "rq:finished:default", NULL), 6);
    char pids[6][64];
    for (int i = 0; i < 6; i++) {
        char key[32];
        snprintf(key, sizeof(key), "rq:results:r%d", i);
        struct cq_reply *reply = redis_server_run(server, "XREVRANGE", key, "+", "-", "COUNT", "1", NULL);
        struct cq_arena arena = CQ_ARENA_INIT;
        struct cq_result result;
        struct cq_error err;
        ck_assert_int_eq(cq_result_read(cq_reply_at(reply, 0), &arena, &result, &err), CQ_OK);
        snprintf(pids[i], sizeof(pids[i]), "%.*s", (int)result.return_value.len, result.return_value.data);
        cq_arena_release(&arena);
        cq_reply_free(reply);
    }
    ck_assert_str_eq(pids[0], pids[1]);
    ck_assert_str_eq(pids[0], pids[2]);
    ck_assert_str_ne(pids[2], pids[3]);
    ck_assert_str_eq(pids[3], pids[5]);
}
END_TEST

START_TEST(a_reused_horse_tells_each_job_its_own_names_whatever_the_last_one_did_to_the_environment)
{
    enqueue("before", &(struct job_spec){.function = "jobs.environment"});
    enqueue("spoils", &(struct job_spec){.function = "jobs.spoil_environment"});
    enqueue("after", &(struct job_spec){.function = "jobs.environment", .queue = "other"});
    ck_assert_int_eq(
        wait_worker(start_worker("--burst", "--reuse-horses", "--name", "w", "default", "other", NULL)), 0);
    ck_assert_str_eq(result_of("before"), "\"before w default -\"");
    ck_assert_str_eq(result_of("after"), "\"after w other over\"");
}
END_TEST

START_TEST(a_job_that_ignores_sigterm_ends_at_its_timeout_all_the_same)
{
    enqueue("stubborn", &(struct job_spec){.function = "jobs.stubborn", .timeout_s = 1});
    enqueue("after", &(struct job_spec){.function = "jobs.whoami"});
    ck_assert_int_eq(wait_worker(start_worker("--burst", NULL)), 0);
    ck_assert(cq_str_is(job_field("stubborn", "status"), "failed"));
    assert_failure_says("stubborn", "JobTimeoutException: Task exceeded maximum timeout value (1 seconds)");
    ck_assert(cq_str_is(job_field("after", "status"), "finished"));
}
END_TEST

START_TEST(the_death_of_a_horse_is_recorded_as_rq_does)
{
    enqueue("segv", &(struct job_spec){.function = "jobs.die_by_signal", .number = SIGSEGV});
    enqueue("left", &(struct job_spec){.function = "jobs.leave"});
    enqueue("deaf", &(struct job_spec){.function = "jobs.close_everything"});
    ck_assert_int_eq(wait_worker(start_worker("--burst", NULL)), 0);
    assert_failure_says("segv", "(signal 11)");
    assert_failure_says("left", "Work-horse terminated unexpectedly; waitpid returned 768; ");
    assert_failure_says("deaf",
                        "Work-horse terminated unexpectedly; waitpid returned "); /* it could not answer */
    ck_assert_int_eq(redis_server_int(server, "ZCARD", "rq:failed:default", NULL), 3);
}
END_TEST

START_TEST(what_a_job_forked_does_not_outlive_it)
{
    enqueue("parent", &(struct job_spec){.function = "jobs.spawn", .result_ttl_s = 600});
    pid_t worker = start_worker(NULL);
    wait_status("parent", "finished");
    struct cq_reply *reply = redis_server_run(server, "XREVRANGE", "rq:results:parent", "+", "-", "COUNT",
                                              "1", NULL);
    struct cq_arena arena = CQ_ARENA_INIT;
    struct cq_result result;
    struct cq_error err;
    ck_assert_int_eq(cq_result_read(cq_reply_at(reply, 0), &arena, &result, &err), CQ_OK);
    pid_t child = (pid_t)strtol(result.return_value.data, NULL, 10);
    ck_assert_int_gt(child, 1);
    wait_gone(child);
    cq_arena_release(&arena);
    cq_reply_free(reply);
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(a_retry_comes_back_and_succeeds)
{
    enqueue("again", &(struct job_spec){.function = "jobs.second_time", .retries = 2});
    ck_assert_int_eq(wait_worker(start_worker("--burst", NULL)), 0);
    ck_assert(cq_str_is(job_field("again", "status"), "finished"));
    ck_assert(cq_str_is(job_field("again", "retries_left"), "0"));
}
END_TEST

START_TEST(stop_job_stops_it_for_good)
{
    pid_t worker = start_worker("--name", "w", NULL);
    enqueue("long",
            &(struct job_spec){.function = "jobs.doze_s", .number = 600, .timeout_s = 1000, .retries = 3});
    wait_status("long", "started");
    tell_worker("w", "{\"command\": \"stop-job\", \"job_id\": \"long\"}");
    wait_status("long", "stopped");
    assert_failure_says("long", "Job stopped by user, work-horse terminated.");
    ck_assert_int_eq(redis_server_int(server, "ZCARD", "rq:failed:default", NULL), 1);
    ck_assert_int_eq(redis_server_int(server, "LLEN", "rq:queue:default", NULL), 0);
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

/* A stable that imports a module answers late; a job that was told to stop has stopped all the same. */
START_TEST(stop_job_does_not_wait_for_a_busy_stable)
{
    pid_t worker = start_worker("--name", "w", NULL);
    enqueue("long", &(struct job_spec){.function = "jobs.doze_s", .number = 600, .timeout_s = 1000});
    wait_status("long", "started");
    pid_t stable = child_of(worker);
    child_of(stable); /* the horse that has the job */
    kill(stable, SIGSTOP);
    tell_worker("w", "{\"command\": \"stop-job\", \"job_id\": \"long\"}");
    wait_status("long", "stopped");
    kill(stable, SIGCONT);
    enqueue("next", &(struct job_spec){.function = "jobs.whoami"});
    wait_status("next", "finished");
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(a_job_that_does_not_run_is_not_stopped_by_a_command_for_another)
{
    pid_t worker = start_worker("--name", "w", NULL);
    enqueue_held("runs");
    wait_status("runs", "started");
    tell_worker("w", "{\"command\": \"stop-job\", \"job_id\": \"other\"}");
    tell_worker("w", "not json");
    tell_worker("w", "{\"command\": \"nonsense\"}");
    wait_turn("w");
    let_go();
    wait_status("runs", "finished");
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(a_warm_stop_lets_the_running_job_finish)
{
    pid_t worker = start_worker("--name", "w", NULL);
    enqueue_held("runs");
    enqueue("waits", &(struct job_spec){.function = "jobs.whoami"});
    wait_status("runs", "started");
    kill(worker, SIGTERM);
    wait_log("warm shut down");
    wait_turn("w"); /* what it should not do, it would have done */
    let_go();
    ck_assert_int_eq(stop_worker(worker), 0);
    ck_assert(cq_str_is(job_field("runs", "status"), "finished"));
    ck_assert(cq_str_is(job_field("waits", "status"), "queued"));
}
END_TEST

static void wait_shutdown(const char *name)
{
    char key[64];
    snprintf(key, sizeof(key), "rq:worker:%s", name);
    wait_until(redis_server_int(server, "HEXISTS", key, "shutdown_requested_date", NULL));
}

START_TEST(a_second_signal_kills_the_horse_and_still_registers_the_death)
{
    use_clock();
    pid_t worker = start_worker("--name", "w", NULL);
    enqueue("runs", &(struct job_spec){.function = "jobs.doze_s", .number = 600, .timeout_s = 1000});
    wait_status("runs", "started");
    kill(worker, SIGTERM);
    wait_shutdown("w");
    pass_time(worker, 2); /* less than a second later it is taken for the same one */
    ck_assert_int_eq(stop_worker(worker), 0);
    ck_assert(cq_str_is(job_field("runs", "status"), "failed"));
    ck_assert_int_eq(redis_server_int(server, "HEXISTS", "rq:worker:w", "death", NULL), 1);
}
END_TEST

START_TEST(the_name_of_a_live_worker_is_refused)
{
    pid_t worker = start_worker("--name", "taken", NULL);
    wait_count(1, "SCARD", "rq:workers");
    ck_assert_int_ne(wait_worker(start_worker("--name", "taken", NULL)), 0);
    ck_assert_int_eq(redis_server_int(server, "SCARD", "rq:workers", NULL), 1);
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(suspended_workers_start_nothing_until_resumed)
{
    use_clock();
    pid_t worker = start_worker("--name", "w", NULL);
    wait_count(1, "SCARD", "rq:workers");
    redis_server_text(server, "SET", "rq:suspended", "1", NULL);
    enqueue("waits", &(struct job_spec){.function = "jobs.whoami"});
    wait_until(cq_str_is(redis_server_text(server, "HGET", "rq:worker:w", "state", NULL), "suspended"));
    ck_assert(cq_str_is(job_field("waits", "status"), "queued"));
    redis_server_int(server, "DEL", "rq:suspended", NULL);
    pass_time(worker, 2); /* it asks every second */
    wait_status("waits", "finished");
    ck_assert_int_eq(stop_worker(worker), 0);
    redis_server_text(server, "SET", "rq:suspended", "1", NULL);
    ck_assert_int_ne(wait_worker(start_worker(NULL)), 0);
}
END_TEST

START_TEST(a_worker_leaves_after_max_jobs_or_when_idle_for_too_long)
{
    for (int i = 0; i < 3; i++) {
        char id[16];
        snprintf(id, sizeof(id), "m%d", i);
        enqueue(id, &(struct job_spec){.function = "jobs.whoami"});
    }
    ck_assert_int_eq(wait_worker(start_worker("--max-jobs", "2", NULL)), 0);
    ck_assert_int_eq(redis_server_int(server, "LLEN", "rq:queue:default", NULL), 1);
    ck_assert_int_eq(wait_worker(start_worker("--max-idle-time", "1", NULL)), 0);
    ck_assert_int_eq(redis_server_int(server, "LLEN", "rq:queue:default", NULL), 0);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = worker_case("worker");
    tcase_add_test(tcase, a_burst_runs_what_is_queued_and_leaves_nothing_behind);
    tcase_add_test(tcase, queues_are_served_in_the_order_given);
    tcase_add_test(tcase, a_waiting_worker_takes_a_job_as_it_comes);
    tcase_add_test(tcase, slots_are_workers_of_their_own_and_run_side_by_side);
    tcase_add_test(tcase, a_fresh_horse_runs_each_job_and_a_reused_one_many);
    tcase_add_test(tcase,
                   a_reused_horse_tells_each_job_its_own_names_whatever_the_last_one_did_to_the_environment);
    tcase_add_test(tcase, a_job_that_ignores_sigterm_ends_at_its_timeout_all_the_same);
    tcase_add_test(tcase, the_death_of_a_horse_is_recorded_as_rq_does);
    tcase_add_test(tcase, what_a_job_forked_does_not_outlive_it);
    tcase_add_test(tcase, a_retry_comes_back_and_succeeds);
    tcase_add_test(tcase, stop_job_stops_it_for_good);
    tcase_add_test(tcase, stop_job_does_not_wait_for_a_busy_stable);
    tcase_add_test(tcase, a_job_that_does_not_run_is_not_stopped_by_a_command_for_another);
    tcase_add_test(tcase, a_warm_stop_lets_the_running_job_finish);
    tcase_add_test(tcase, a_second_signal_kills_the_horse_and_still_registers_the_death);
    tcase_add_test(tcase, the_name_of_a_live_worker_is_refused);
    tcase_add_test(tcase, suspended_workers_start_nothing_until_resumed);
    tcase_add_test(tcase, a_worker_leaves_after_max_jobs_or_when_idle_for_too_long);
    return suite_of("worker/worker", tcase);
}
