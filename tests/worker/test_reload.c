#include "tests/support/suite.h"
#include "tests/worker/fake.h"

/* Fresh code without losing a job. */

static void put(const char *id, const char *function, int64_t number)
{
    enqueue(id, &(struct job_spec){.function = function, .number = number});
}

static const char *version_now(const char *id)
{
    put(id, "fake.version", 0);
    wait_status(id, "finished");
    return result_of(id);
}

static void wait_stables(pid_t worker, int count)
{
    wait_until(children_of(worker) == count);
}

START_TEST(what_runs_finishes_in_the_old_stable_and_the_next_job_has_the_new_code)
{
    pid_t worker = start_worker("--config", fake_config, "--num-workers", "2", NULL);
    put("long", "fake.held", 0);
    wait_log("fake 1 (");
    fake_says("version", "2");
    kill(worker, SIGHUP);
    wait_log(", in place of stable ");
    ck_assert(cq_str_is(job_field("long", "status"), "started"));
    ck_assert_str_eq(version_now("next"), "\"2\"");
    wait_stables(worker, 2);
    fake_says("let-go", "");
    wait_status("long", "finished");
    ck_assert_str_eq(result_of("long"), "\"1\"");
    wait_stables(worker, 1);
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(a_reload_that_fails_leaves_the_old_stable_at_work)
{
    pid_t worker = start_worker("--config", fake_config, "--name", "w", NULL);
    ck_assert_str_eq(version_now("a"), "\"1\"");
    fake_says("error", "  File \"app.py\", line 3\nSyntaxError: invalid syntax\n");
    kill(worker, SIGHUP);
    wait_log("the fake runtime was not reloaded: SyntaxError: invalid syntax; the one that runs stays");
    ck_assert(log_has("fake:   File \"app.py\", line 3"));
    ck_assert_str_eq(version_now("b"), "\"1\"");
    fake_says("error", NULL);
    fake_says("mode", "dies");
    kill(worker, SIGHUP);
    wait_log("was not reloaded: it ended with status 3");
    fake_says("mode", NULL);
    fake_says("version", "2");
    redis_server_int(server, "PUBLISH", "rq:pubsub:w", "{\"command\": \"reload\"}", NULL);
    wait_log(", in place of stable ");
    ck_assert_str_eq(version_now("c"), "\"2\"");
    wait_stables(worker, 1);
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(of_several_reloads_in_a_row_the_last_one_counts)
{
    pid_t worker = start_worker("--config", fake_config, NULL);
    ck_assert_str_eq(version_now("a"), "\"1\"");
    fake_says("gate", "");
    for (int i = 0; i < 5; i++) {
        kill(worker, SIGHUP);
        wait_lines(2 + i, "start");
    }
    fake_says("version", "2");
    kill(worker, SIGHUP);
    wait_lines(7, "start");
    ck_assert_str_eq(version_now("b"), "\"1\""); /* the old one serves as long as the new one is not ready */
    fake_says("gate", NULL);
    wait_log("fake 2 (");
    ck_assert_str_eq(version_now("c"), "\"2\"");
    wait_stables(worker, 1);
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(a_reload_of_a_runtime_that_still_starts_starts_it_anew)
{
    fake_says("gate", "");
    put("waits", "fake.version", 0);
    pid_t worker = start_worker("--config", fake_config, NULL);
    wait_lines(1, "start");
    fake_says("version", "2");
    kill(worker, SIGHUP);
    wait_lines(2, "start");
    fake_says("gate", NULL);
    wait_status("waits", "finished");
    ck_assert_str_eq(result_of("waits"), "\"2\"");
    wait_stables(worker, 1);
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(a_stable_that_dies_during_a_reload_is_replaced_by_the_new_one)
{
    pid_t worker = start_worker("--config", fake_config, NULL);
    put("where", "fake.stable", 0);
    wait_status("where", "finished");
    fake_says("gate", "");
    fake_says("version", "2");
    kill(worker, SIGHUP);
    wait_lines(2, "start");
    kill((pid_t)atoi(result_of("where")), SIGKILL);
    wait_log("the new one is starting");
    put("waits", "fake.version", 0);
    wait_status("waits", "started");
    fake_says("gate", NULL);
    wait_status("waits", "finished");
    ck_assert_str_eq(result_of("waits"), "\"2\"");
    ck_assert_int_eq(fake_lines("start"), 2);
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(a_reload_gives_a_broken_runtime_another_chance_at_once)
{
    fake_says("mode", "dies");
    pid_t worker = start_worker("--config", fake_config, NULL);
    for (int i = 0; i < 5; i++) { /* the pauses grow meanwhile */
        char id[16];
        snprintf(id, sizeof(id), "j%d", i);
        put(id, "fake.version", 0);
        wait_status(id, "failed");
    }
    fake_says("mode", NULL);
    kill(worker, SIGHUP);
    wait_log("reloading");
    ck_assert_str_eq(version_now("mended"), "\"1\"");
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(reused_horses_of_the_old_stable_run_no_further_job)
{
    pid_t worker = start_worker("--config", fake_config, "--reuse-horses", NULL);
    ck_assert_str_eq(version_now("a"), "\"1\"");
    put("long", "fake.held", 0);
    wait_status("long", "started");
    fake_says("version", "2");
    kill(worker, SIGHUP);
    wait_log(", in place of stable ");
    put("b", "fake.version", 0);
    fake_says("let-go", "");
    wait_status("b", "finished");
    ck_assert_str_eq(result_of("long"), "\"1\"");
    ck_assert_str_eq(result_of("b"), "\"2\"");
    wait_stables(worker, 1);
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

static void enqueue_round(int round, int count, const char *path)
{
    char id[16];
    for (int i = 0; i < count; i++) {
        snprintf(id, sizeof(id), "n%d-%d", round, i);
        enqueue(id, &(struct job_spec){.function = "jobs.record", .arg = path});
        snprintf(id, sizeof(id), "f%d-%d", round, i);
        put(id, "fake.version", 0);
    }
}

START_TEST(no_job_is_lost_or_run_twice_while_reloads_go_on)
{
    enum { ROUNDS = 8, JOBS = 20 };
    char path[200], line[64];
    int lines = 0;
    snprintf(path, sizeof(path), "%s/jobs", fake_folder);
    pid_t worker = start_worker("--config", fake_config, "--num-workers", "3", NULL);
    wait_count(3, "SCARD", "rq:workers"); /* a signal before that would be its end */
    for (int i = 0; i < ROUNDS; i++) {
        enqueue_round(i, JOBS, path);
        kill(worker, SIGHUP);
        wait_until(log_count("reloading") == i + 1); /* two signals at once would be one */
        wait_until(redis_server_int(server, "ZCARD", "rq:finished:default", NULL) > i * JOBS);
    }
    wait_count(2 * ROUNDS * JOBS, "ZCARD", "rq:finished:default");
    ck_assert_int_eq(redis_server_int(server, "ZCARD", "rq:failed:default", NULL), 0);
    FILE *file = fopen(path, "re");
    while (fgets(line, sizeof(line), file))
        lines++;
    fclose(file);
    ck_assert_int_eq(lines, ROUNDS * JOBS);
    wait_stables(worker, 2);
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = fake_case("reload");
    tcase_add_test(tcase, what_runs_finishes_in_the_old_stable_and_the_next_job_has_the_new_code);
    tcase_add_test(tcase, a_reload_that_fails_leaves_the_old_stable_at_work);
    tcase_add_test(tcase, of_several_reloads_in_a_row_the_last_one_counts);
    tcase_add_test(tcase, a_reload_of_a_runtime_that_still_starts_starts_it_anew);
    tcase_add_test(tcase, a_stable_that_dies_during_a_reload_is_replaced_by_the_new_one);
    tcase_add_test(tcase, a_reload_gives_a_broken_runtime_another_chance_at_once);
    tcase_add_test(tcase, reused_horses_of_the_old_stable_run_no_further_job);
    tcase_add_test(tcase, no_job_is_lost_or_run_twice_while_reloads_go_on);
    return suite_of("worker/reload", tcase);
}
