#include "tests/support/suite.h"
#include "tests/worker/fake.h"

/* --python: an interpreter that is there, is not, is none, or is not wanted. */

static void put(const char *id, const char *function)
{
    enqueue(id, &(struct job_spec){.function = function});
}

START_TEST(without_python_its_jobs_fail_as_unknown_functions)
{
    put("lost", "app.version");
    ck_assert_int_eq(wait_worker(start_worker("--burst", "--python", "none", NULL)), 0);
    assert_failure_says("lost", "cq.FunctionNotFound: app.version: no module app.so on --path and no program "
                                "of that name; this worker runs no "
                                "Python functions (--python none)");
}
END_TEST

START_TEST(an_interpreter_that_is_missing_fails_its_jobs_and_no_others)
{
    put("a", "app.version");
    put("b", "jobs.whoami");
    put("c", "app.version");
    ck_assert_int_eq(wait_worker(start_without_python()), 0);
    assert_failure_says("a", "cq.RuntimeUnavailable: the python runtime does not start: there is no python3 "
                             "on PATH; name an interpreter "
                             "with --python\n");
    assert_failure_says("c", "cq.RuntimeUnavailable");
    ck_assert(cq_str_is(job_field("b", "status"), "finished"));
}
END_TEST

START_TEST(an_interpreter_that_was_named_has_to_be_there)
{
    put("a", "app.version");
    ck_assert_int_eq(wait_worker(start_worker("--burst", "--python", "python-of-nowhere", NULL)), 3);
    ck_assert(log_has("cq worker: --python: there is no python-of-nowhere on PATH"));
    ck_assert(cq_str_is(job_field("a", "status"), "queued"));
}
END_TEST

START_TEST(an_interpreter_that_cannot_be_executed_is_said_to_be_so)
{
    FILE *file = fopen(fake_interpreter, "we");
    fputs("#!/nowhere/sh\n", file);
    fclose(file);
    put("a", "app.version");
    ck_assert_int_eq(wait_worker(start_worker("--burst", "--python", fake_interpreter, NULL)), 3);
    ck_assert(log_has("cq worker: --python: "));
    ck_assert(log_has("interpreter cannot be executed: No such file or directory"));
    chmod(fake_interpreter, 0600);
    ck_assert_int_eq(wait_worker(start_worker("--burst", "--python", fake_interpreter, NULL)), 3);
    ck_assert(log_has("interpreter cannot be run: Permission denied"));
    ck_assert(cq_str_is(job_field("a", "status"), "queued"));
}
END_TEST

/* What the interpreter does when it is asked which Python it is. */
static void interpreter_does(const char *command)
{
    FILE *file = fopen(fake_interpreter, "we");
    fprintf(file, "#!/bin/sh\n%s\n", command);
    fclose(file);
}

START_TEST(a_program_that_is_no_interpreter_is_refused_in_one_line_that_names_the_option)
{
    static const char *const programs[] = {"/bin/true", "/bin/false", "/bin/cat", "/bin/echo"};
    char line[256];
    put("a", "app.version");
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
        snprintf(line, sizeof(line), "cq worker: --python: %s is not a Python interpreter", programs[i]);
        ck_assert_int_eq(wait_worker(start_worker("--python", programs[i], NULL)), 3);
        ck_assert_msg(log_has(line), "%s", line);
    }
    interpreter_does("printf '!\\000Python 2.7\\000'");
    ck_assert_int_eq(wait_worker(start_worker("--python", fake_interpreter, NULL)), 3);
    ck_assert(log_has("interpreter is Python 2.7; cq needs CPython 3.9 or later\n"));
    interpreter_does("echo it cries >&2; kill -9 $$");
    ck_assert_int_eq(wait_worker(start_worker("--python", fake_interpreter, NULL)), 3);
    interpreter_does("exec cat /dev/zero");
    ck_assert_int_eq(wait_worker(start_worker("--python", fake_interpreter, NULL)), 3);
    ck_assert_int_eq(log_count("\n"), 7);
    ck_assert(cq_str_is(job_field("a", "status"), "queued"));
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = fake_case("interpreter");
    tcase_add_test(tcase, without_python_its_jobs_fail_as_unknown_functions);
    tcase_add_test(tcase, an_interpreter_that_is_missing_fails_its_jobs_and_no_others);
    tcase_add_test(tcase, an_interpreter_that_was_named_has_to_be_there);
    tcase_add_test(tcase, an_interpreter_that_cannot_be_executed_is_said_to_be_so);
    tcase_add_test(tcase, a_program_that_is_no_interpreter_is_refused_in_one_line_that_names_the_option);
    return suite_of("worker/interpreter", tcase);
}
