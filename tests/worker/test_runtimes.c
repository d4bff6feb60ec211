#include "tests/support/suite.h"
#include "tests/worker/fake.h"

/* Which runtime a job goes to, when it is started, and what becomes of jobs when it does not start. */

static void put(const char *id, const char *function)
{
    enqueue(id, &(struct job_spec){.function = function});
}

START_TEST(each_job_goes_to_its_own_runtime)
{
    put("native", "jobs.whoami");
    put("named", "fake.version");
    put("rest", "app.version");
    fake_says("version", "seven");
    ck_assert_int_eq(
        wait_worker(start_worker("--burst", "--config", fake_config, "--python", fake_interpreter, NULL)), 0);
    ck_assert_str_eq(result_of("named"), "\"seven\"");
    ck_assert_str_eq(result_of("rest"), "\"seven\"");
    ck_assert_int_gt(atoi(result_of("native")), 0);
    ck_assert(log_has("fake seven ("));
    ck_assert(log_has("python seven ("));
    ck_assert_int_eq(fake_lines("start"), 2);
}
END_TEST

/* A job whose data is written here. */
static void put_data(const char *id, const char *data)
{
    char key[64];
    put(id, "app.version");
    snprintf(key, sizeof(key), "rq:job:%s", id);
    redis_server_int(server, "HSET", key, "data", data, NULL);
}

START_TEST(a_method_is_not_taken_for_a_program_of_its_name)
{
    FILE *file = fopen(fake_config, "ae");
    fputs("[programs]\nversion = echo \"a program\"\nfake.sleep = echo \"programs come first\"\n", file);
    fclose(file);
    put_data("program", "[\"version\", null, [], {}]");
    put_data("method", "[\"version\", {\"an\": \"instance\"}, [], {}]");
    put_data("first", "[\"fake.sleep\", null, [], {}]");
    put_data("unreadable", "[\"fake.version\"");
    ck_assert_int_eq(
        wait_worker(start_worker("--burst", "--config", fake_config, "--python", fake_interpreter, NULL)), 0);
    ck_assert_str_eq(result_of("program"), "\"a program\"");
    ck_assert_str_eq(result_of("method"), "\"1\"");
    ck_assert_str_eq(result_of("first"), "\"programs come first\"");
    ck_assert(cq_str_is(job_field("unreadable", "status"), "failed"));
}
END_TEST

START_TEST(the_longest_prefix_counts)
{
    char text[600], script[256];
    ck_assert_ptr_nonnull(realpath("tests/worker/fake_stable.py", script));
    snprintf(text, sizeof(text),
             "[runtime.other]\ncommand = python3 %s %s/other\nfunctions = fake.version, fak\n", script,
             fake_folder);
    FILE *file = fopen(fake_config, "ae");
    fputs(text, file);
    fclose(file);
    snprintf(text, sizeof(text), "%s/other", fake_folder);
    ck_assert_int_eq(mkdir(text, 0700), 0);
    fake_says("other/version", "other");
    fake_says("version", "fake");
    put("short", "fake.stable");
    put("long", "fake.version");
    put("below", "fake.version.version");
    put("beside", "fake.versions.version");
    ck_assert_int_eq(wait_worker(start_worker("--burst", "--config", fake_config, NULL)), 0);
    ck_assert(cq_str_is(job_field("short", "status"), "finished"));
    ck_assert_str_eq(result_of("long"), "\"other\"");
    ck_assert_str_eq(result_of("below"), "\"other\"");
    ck_assert_str_eq(result_of("beside"), "\"fake\"");
}
END_TEST

START_TEST(a_stable_that_is_killed_before_its_hello_is_started_again_before_a_job_fails)
{
    char words[64];
    fake_says("gate", "");
    put("waits", "fake.version");
    pid_t worker = start_worker("--config", fake_config, NULL);
    wait_lines(1, "start");
    snprintf(words, sizeof(words), "/proc/%d/task/%d/children", (int)worker, (int)worker);
    FILE *file = fopen(words, "re");
    int stable = 0;
    ck_assert_int_eq(fscanf(file, "%d", &stable), 1);
    fclose(file);
    kill(stable, SIGKILL);
    wait_lines(2, "start");
    fake_says("gate", NULL);
    wait_status("waits", "finished");
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(a_runtime_is_started_by_the_first_job_that_needs_it)
{
    pid_t worker = start_worker("--config", fake_config, NULL);
    put("native", "jobs.whoami");
    wait_status("native", "finished");
    ck_assert_int_eq(fake_lines("start"), 0);
    put("first", "fake.version");
    wait_status("first", "finished");
    put("second", "fake.version");
    wait_status("second", "finished");
    ck_assert_int_eq(fake_lines("start"), 1);
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(a_broken_runtime_is_not_started_for_every_job_and_is_found_mended)
{
    fake_says("mode", "dies");
    use_clock();
    pid_t worker = start_worker("--config", fake_config, NULL);
    for (int i = 0; i < 50; i++) {
        char id[16];
        snprintf(id, sizeof(id), "j%d", i);
        put(id, "fake.version");
    }
    wait_count(50, "ZCARD", "rq:failed:default");
    assert_failure_says("j0", "does not start: it ended with status 3");
    assert_failure_says("j49", "cq.RuntimeUnavailable: the fake runtime (");
    ck_assert_int_lt(fake_lines("start"), 10);
    fake_says("mode", NULL);
    pass_time(worker, 60); /* its pause is over */
    put("mended", "fake.version");
    wait_status("mended", "finished");
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(what_hello_complains_of_is_the_jobs_failure_and_in_the_log_in_full)
{
    fake_says(
        "error",
        "Traceback (most recent call last):\n  File \"app.py\"\nModuleNotFoundError: No module named 'rq'\n");
    put("a", "fake.version");
    ck_assert_int_eq(wait_worker(start_worker("--burst", "--config", fake_config, NULL)), 0);
    assert_failure_says("a", "does not start: ModuleNotFoundError: No module named 'rq'\n");
    ck_assert(log_has("fake:   File \"app.py\""));
}
END_TEST

START_TEST(who_does_not_speak_the_protocol_is_ended)
{
    fake_says("mode", "stammers");
    put("a", "fake.version");
    ck_assert_int_eq(wait_worker(start_worker("--burst", "--config", fake_config, NULL)), 0);
    assert_failure_says("a", "cq.RuntimeUnavailable");
    fake_says("mode", "stranger");
    put("b", "fake.version");
    ck_assert_int_eq(wait_worker(start_worker("--burst", "--config", fake_config, NULL)), 0);
    assert_failure_says("b", "it speaks stable protocol 2, and this worker 1");
}
END_TEST

START_TEST(a_runtime_that_never_says_hello_is_given_up)
{
    fake_says("mode", "hangs");
    put("a", "fake.version");
    use_clock();
    pid_t worker = start_worker("--config", fake_config, "--name", "w", NULL);
    wait_lines(1, "start");
    stop_clock();
    pass_time(worker, 25);
    wait_turn("w");
    wait_turn("w"); /* an outcome of the first would be on its way */
    ck_assert(cq_str_is(job_field("a", "status"), "started"));
    pass_time(worker, 6);
    wait_status("a", "failed");
    assert_failure_says("a", "it did not say hello in time");
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(a_stable_that_is_killed_is_replaced_and_its_jobs_wait_for_that)
{
    pid_t worker = start_worker("--config", fake_config, NULL);
    put("where", "fake.stable");
    wait_status("where", "finished");
    pid_t stable = (pid_t)atoi(result_of("where"));
    put("runs", "fake.hang");
    wait_status("runs", "started");
    wait_log("runs: default: fake.hang");
    fake_says("gate", "");
    kill(stable, SIGKILL);
    wait_status("runs", "failed");
    assert_failure_says("runs", "Work-horse terminated unexpectedly");
    put("waits", "fake.version");
    wait_status("waits", "started");
    wait_lines(2, "start");
    fake_says("gate", NULL);
    wait_status("waits", "finished");
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(a_job_whose_horse_died_ends_at_its_timeout_although_the_stable_hangs)
{
    fake_says("late", "1000");
    enqueue("dies", &(struct job_spec){.function = "fake.die", .timeout_s = 5});
    use_clock();
    pid_t worker = start_worker("--config", fake_config, NULL);
    wait_lines(1, "reaps");
    set_clock(6, 6);
    wait_log("dies: exceeded its timeout of 5 s");
    set_clock(8, 8);
    wait_status("dies", "failed");
    assert_failure_says("dies", "JobTimeoutException");
    ck_assert(!log_has("killing it"));
    kill(worker, SIGKILL);
    wait_worker(worker);
}
END_TEST

START_TEST(with_preload_nothing_is_fetched_before_python_is_ready)
{
    fake_says("gate", "");
    put("a", "jobs.whoami");
    cq_reply_free(redis_server_run(server, "CONFIG", "RESETSTAT", NULL));
    pid_t worker = start_worker("--name", "w", "--python", fake_interpreter, "--preload", "app.tasks", NULL);
    wait_lines(1, "start");
    wait_log("started with PID"); /* it has asked Redis whether it is suspended: its birth could follow */
    wait_turn("w");
    wait_turn("w");
    ck_assert(cq_str_is(job_field("a", "status"), "queued"));
    ck_assert_int_eq(redis_server_int(server, "SCARD", "rq:workers", NULL),
                     0); /* its name is free should it fail */
    fake_says("gate", NULL);
    wait_status("a", "finished");
    ck_assert(log_has("ready, preloaded app.tasks"));
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(a_preload_that_fails_ends_the_worker_at_its_start)
{
    put("a", "app.version");
    fake_says("error", "Traceback\nSyntaxError: invalid syntax\n");
    ck_assert_int_eq(wait_worker(start_worker("--python", fake_interpreter, "--preload", "app", NULL)), 3);
    ck_assert(log_has("cq worker: the python runtime ("));
    ck_assert(log_has("does not start: SyntaxError: invalid syntax"));
    ck_assert_int_eq(redis_server_int(server, "EXISTS", "rq:workers", NULL), 0);
    fake_says("error", NULL);
    fake_says("mode", "dies");
    ck_assert_int_eq(wait_worker(start_worker("--python", fake_interpreter, "--preload", "app", NULL)), 71);
    ck_assert_int_eq(wait_worker(start_worker("--python", "python-of-nowhere", "--preload", "app", NULL)), 3);
    ck_assert(log_has("there is no python-of-nowhere on PATH"));
    ck_assert(cq_str_is(job_field("a", "status"), "queued"));
}
END_TEST

START_TEST(what_a_worker_does_not_take_reaches_no_runtime)
{
    put("json", "fake.version");
    ck_assert_int_eq(
        wait_worker(start_worker("--burst", "--config", fake_config, "--serializer", "pickle", NULL)), 0);
    assert_failure_says(
        "json",
        "cq.SerializerRefused: the job is written in json, and this worker takes only pickle (--serializer)");
    put("other", "fake.version");
    ck_assert_int_eq(wait_worker(start_worker("--burst", "--config", fake_config, "--allow", "app", NULL)),
                     0);
    assert_failure_says("other", "cq.NotAllowed");
    ck_assert_int_eq(fake_lines("start"), 0);
    put("allowed", "fake.version");
    ck_assert_int_eq(wait_worker(start_worker("--burst", "--config", fake_config, "--allow", "fake", NULL)),
                     0);
    ck_assert(cq_str_is(job_field("allowed", "status"), "finished"));
}
END_TEST

START_TEST(what_a_stable_says_is_in_the_workers_log)
{
    fake_says("says", "module app is not preloaded: it starts a thread");
    put("a", "fake.version");
    ck_assert_int_eq(wait_worker(start_worker("--burst", "--config", fake_config, NULL)), 0);
    ck_assert(log_has("WARNING "));
    ck_assert(log_has("module app is not preloaded: it starts a thread"));
}
END_TEST

START_TEST(the_last_lines_of_a_job_are_kept_with_its_failure)
{
    put("fails", "fake.fail");
    put("silent", "jobs.leave");
    put("speaks", "fake.speak");
    ck_assert_int_eq(wait_worker(start_worker("--burst", "--config", fake_config, NULL)), 0);
    struct cq_str kept = redis_server_text(server, "GET", "rq:cq:output:fails", NULL);
    ck_assert_msg(kept.data && strncmp(kept.data, "line 10\nline 11\n", 16) == 0, "kept: %.*s", (int)kept.len,
                  kept.data ? kept.data : "");
    ck_assert(kept.data && memmem(kept.data, kept.len, "line 29\n", 8) == kept.data + kept.len - 8);
    ck_assert(log_has("ERROR ") &&
              log_has(": fails:   of it\n")); /* not kept, and each line one of the log's */
    ck_assert_int_eq(redis_server_int(server, "EXISTS", "rq:cq:output:silent", NULL), 0);
    ck_assert_int_eq(redis_server_int(server, "EXISTS", "rq:cq:output:speaks", NULL), 0);
}
END_TEST

START_TEST(how_a_horse_died_is_in_the_log_in_words)
{
    put("silent", "jobs.leave");
    put("dies", "fake.die");
    ck_assert_int_eq(wait_worker(start_worker("--burst", "--config", fake_config, NULL)), 0);
    ck_assert(log_has(": silent: its horse ended with status 3 and had not answered\n"));
    ck_assert(log_has(": dies: its horse was killed by signal 11 (Segmentation fault)\n"));
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = fake_case("runtimes");
    tcase_add_test(tcase, each_job_goes_to_its_own_runtime);
    tcase_add_test(tcase, a_method_is_not_taken_for_a_program_of_its_name);
    tcase_add_test(tcase, the_longest_prefix_counts);
    tcase_add_test(tcase, a_stable_that_is_killed_before_its_hello_is_started_again_before_a_job_fails);
    tcase_add_test(tcase, a_runtime_is_started_by_the_first_job_that_needs_it);
    tcase_add_test(tcase, a_broken_runtime_is_not_started_for_every_job_and_is_found_mended);
    tcase_add_test(tcase, what_hello_complains_of_is_the_jobs_failure_and_in_the_log_in_full);
    tcase_add_test(tcase, who_does_not_speak_the_protocol_is_ended);
    tcase_add_test(tcase, a_runtime_that_never_says_hello_is_given_up);
    tcase_add_test(tcase, a_stable_that_is_killed_is_replaced_and_its_jobs_wait_for_that);
    tcase_add_test(tcase, a_job_whose_horse_died_ends_at_its_timeout_although_the_stable_hangs);
    tcase_add_test(tcase, with_preload_nothing_is_fetched_before_python_is_ready);
    tcase_add_test(tcase, a_preload_that_fails_ends_the_worker_at_its_start);
    tcase_add_test(tcase, what_a_worker_does_not_take_reaches_no_runtime);
    tcase_add_test(tcase, what_a_stable_says_is_in_the_workers_log);
    tcase_add_test(tcase, the_last_lines_of_a_job_are_kept_with_its_failure);
    tcase_add_test(tcase, how_a_horse_died_is_in_the_log_in_words);
    return suite_of("worker/runtimes", tcase);
}
