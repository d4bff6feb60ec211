#include "runtime/context.h"
#include "runtime/program.h"
#include "serializers/json.h"
#include "tests/support/rig.h"
#include "tests/support/suite.h"
#include "tests/support/value_equal.h"

static struct cq_programs programs;
static struct cq_context job;

static void set_up(void)
{
    programs = CQ_PROGRAMS_INIT;
    cq_context_init(&job, -1);
    job.call.format = CQ_FORMAT_JSON;
    job.call.args = cq_value_list(&job.arena, CQ_VALUE_LIST, 0);
    job.call.kwargs = cq_value_map(&job.arena, 0);
}

static void tear_down(void)
{
    cq_programs_release(&programs);
    cq_context_release(&job);
}

/* ---- commands ---- */

static const struct cq_program_entry *program(const char *command)
{
    struct cq_error err;
    ck_assert_msg(!cq_programs_add(&programs, "p", command, &err), "%s: %s", command, err.text);
    return cq_programs_find(&programs, CQ_STR_LIT("p"));
}

static void ck_words(const char *command, const char *joined)
{
    struct cq_buf out = CQ_BUF_INIT(4096);
    cq_strv_join(&program(command)->words, "|", &out);
    ck_text(cq_buf_view(&out), joined);
    cq_buf_release(&out);
}

START_TEST(commands_are_split_at_blanks_and_quotes_keep_them)
{
    ck_words("cat", "cat");
    ck_words("  cat\t-n   file ", "cat|-n|file");
    ck_words("echo 'a b' \"c d\" e' 'f", "echo|a b|c d|e f");
    ck_words("echo '' \"\"", "echo||");
    ck_words("echo a\\ b \\'x\\' \"q\\\"q\" '\\n'", "echo|a b|'x'|q\"q|\\n");
    ck_words("sh -c 'echo $HOME; exit 3'", "sh|-c|echo $HOME; exit 3");
}
END_TEST

static const struct {
    const char *command;
    const char *text;
} wrong_commands[] = {
    {"", "program p: no command"},
    {"   ", "program p: no command"},
    {"''", "program p: no command"},
    {"echo 'open", "program p: a quote is not closed"},
    {"echo \"open", "program p: a quote is not closed"},
    {"awk '{print $1}'", "'{print $1}' stands for no argument"},
    {"echo {}", "'{}' stands for no argument"},
    {"echo {1x}", "'{1x}' stands for no argument"},
    {"echo {0", "a brace alone in '{0'"},
    {"echo 0}", "a brace alone in '0}'"},
    {"echo -{args}", "{args} must be a word of its own"},
    {"{0} x", "the command itself cannot come out of a job"},
    {"./{key}.sh", "the command itself cannot come out of a job"},
};

START_TEST(a_wrong_command_is_refused_with_its_programs_name)
{
    struct cq_error err;
    ck_assert_int_eq(cq_programs_add(&programs, "p", wrong_commands[_i].command, &err), CQ_ERR_CONFIG);
    ck_assert_uint_eq(programs.len, 0);
    ck_contains(cq_str(err.text), "program p: ");
    ck_contains(cq_str(err.text), wrong_commands[_i].text);
}
END_TEST

START_TEST(the_last_command_of_a_name_counts)
{
    program("first");
    ck_assert_int_eq(cq_programs_add(&programs, "other", "x", NULL), CQ_OK);
    ck_assert_str_eq(program("second")->words.items[0], "second");
    ck_assert_uint_eq(programs.len, 2);
    ck_assert_ptr_null(cq_programs_find(&programs, CQ_STR_LIT("absent")));
}
END_TEST

/* ---- filling in ---- */

/* The call's arguments, as JSON. */
static void call(const char *args, const char *kwargs)
{
    ck_assert_int_eq(cq_json_read(cq_str(args), &job.arena, &job.call.args, NULL), CQ_OK);
    ck_assert_int_eq(cq_json_read(cq_str(kwargs), &job.arena, &job.call.kwargs, NULL), CQ_OK);
}

static void ck_expands(const char *command, const char *joined)
{
    struct cq_strv argv = CQ_STRV_INIT;
    struct cq_buf out = CQ_BUF_INIT(4096);
    ck_assert_msg(cq_program_expand(program(command), &job, &argv) == CQ_DONE, "%s", job.failure.data);
    cq_strv_join(&argv, "|", &out);
    ck_text(cq_buf_view(&out), joined);
    cq_buf_release(&out);
    cq_strv_release(&argv);
}

static void ck_does_not_expand(const char *command, const char *text)
{
    struct cq_strv argv = CQ_STRV_INIT;
    ck_assert_int_eq(cq_program_expand(program(command), &job, &argv), CQ_FAILED);
    ck_assert_str_eq(job.failure_class, "cq.ArgumentError");
    ck_contains(cq_buf_view(&job.failure), text);
    cq_strv_release(&argv);
}

START_TEST(placeholders_take_arguments_and_nothing_is_split_again)
{
    call("[\"a b; $(x) `y` 'z' {0}\", 5, [1, null], true, \"\"]", "{\"key\": \"--k\", \"other_1\": 2.5}");
    ck_expands("p {0}", "p|a b; $(x) `y` 'z' {0}");
    ck_expands("p -n={1} {2} {3} {4}", "p|-n=5|[1, null]|true|");
    ck_expands("p {key} x{other_1}y{1}", "p|--k|x2.5y5");
    ck_expands("p {args} end", "p|a b; $(x) `y` 'z' {0}|5|[1, null]|true||end");
    ck_expands("p {{0}} '{{' \\{x\\} }}", "p|{0}|{|{x}|}");
    call("[1]", "{\"k\": \"v\"}");
    ck_expands("p {json}", "p|{\"args\": [1], \"kwargs\": {\"k\": \"v\"}}");
    call("[]", "{}");
    ck_expands("p {args}", "p");
}
END_TEST

START_TEST(arguments_that_are_not_there_fail_the_job)
{
    call("[1]", "{}");
    ck_does_not_expand("p {1}", "needs argument {1}, and the call has none");
    ck_does_not_expand("p {key}", "needs argument {key}, and the call has none");
    call("[\"a\\u0000b\"]", "{}");
    ck_does_not_expand("p {0}", "has a NUL in it");
    ck_does_not_expand("p {args}", "has a NUL in it");
}
END_TEST

START_TEST(arguments_that_json_cannot_hold_fail_the_job)
{
    struct cq_value bytes = {.kind = CQ_VALUE_BYTES};
    bytes.as.text = CQ_STR_LIT("\xff");
    job.call.args = cq_value_list(&job.arena, CQ_VALUE_LIST, 1);
    job.call.args.as.list.items[0] = bytes;
    ck_does_not_expand("p {0}", "argument {0} cannot be given to a program: ");
    ck_does_not_expand("p {json}", "cannot be given to a program as JSON: ");
    ck_assert_int_eq(cq_program_run(program("cat"), &job), CQ_FAILED);
    ck_contains(cq_buf_view(&job.failure), "cannot be given to a program as JSON: ");
}
END_TEST

START_TEST(more_arguments_than_a_command_line_takes_fail_the_job)
{
    job.call.args = cq_value_list(&job.arena, CQ_VALUE_LIST, CQ_PROGRAM_ARGV_MAX + 1);
    ck_does_not_expand("p {args}", "more than 4096 arguments");
}
END_TEST

/* ---- running ---- */

static const struct cq_value *run(const char *command)
{
    int code = cq_program_run(program(command), &job);
    ck_assert_msg(code == CQ_DONE, "%s: %s", command, job.failure.data ? job.failure.data : "");
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* no zombie */
    return &job.result;
}

static void ck_run_fails(const char *command, const char *text)
{
    cq_buf_clear(&job.detail);
    ck_assert_int_eq(cq_program_run(program(command), &job), CQ_FAILED);
    ck_assert_str_eq(job.failure_class, "cq.ProgramFailed");
    ck_contains(cq_buf_view(&job.failure), text);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}

START_TEST(the_call_is_on_standard_input)
{
    call("[\"\\u00fc\", 2, null]", "{\"key\": [1.5, true]}");
    struct cq_value want;
    ck_assert_int_eq(
        cq_json_read(CQ_STR_LIT("{\"args\": [\"\\u00fc\", 2, null], \"kwargs\": {\"key\": [1.5, true]}}"),
                     &job.arena, &want, NULL),
        CQ_OK);
    ck_assert(value_equal(run("cat"), &want));
}
END_TEST

START_TEST(with_placeholders_standard_input_is_empty)
{
    call("[\"x\"]", "{}");
    int old_stdin = dup(0), null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    dup2(null_fd, 0); /* as in a horse */
    ck_text(run("sh -c 'cat; echo \"$1\"' sh {0}")->as.text, "x");
    dup2(old_stdin, 0);
    close(old_stdin);
    close(null_fd);
}
END_TEST

START_TEST(output_is_json_or_text_or_nothing)
{
    ck_assert_int_eq(run("printf '[1, 2]\\n'")->kind, CQ_VALUE_LIST);
    ck_assert_int_eq(run("echo 42")->as.integer, 42);
    ck_text(run("printf 'two words\\n'")->as.text, "two words");
    ck_text(run("printf 'a\\n\\n'")->as.text, "a\n");
    ck_assert_int_eq(run("true")->kind, CQ_VALUE_NONE);
    ck_assert_int_eq(run("printf '\\377'")->kind, CQ_VALUE_BYTES);
}
END_TEST

START_TEST(a_program_knows_its_job)
{
    setenv("RQ_JOB_ID", "id-1", 1);
    setenv("CQ_QUEUE", "q", 1);
    ck_text(run("sh -c 'echo $RQ_JOB_ID-$CQ_QUEUE'")->as.text, "id-1-q");
}
END_TEST

START_TEST(a_failing_program_says_how_it_ended)
{
    ck_run_fails("sh -c 'exit 3'", "p exited with status 3");
    ck_assert_uint_eq(job.detail.len, 0);
    ck_run_fails("sh -c 'kill -9 $$'", "p was killed by signal 9 (SIGKILL)");
    ck_run_fails("/no/such/program", "cannot start /no/such/program: No such file or directory; install it");
    ck_run_fails("no-such-program-on-path", "cannot start no-such-program-on-path: ");
    ck_run_fails("/etc/passwd", "Permission denied; make it executable");
}
END_TEST

START_TEST(the_last_lines_of_standard_error_are_kept)
{
    int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(null_fd, STDERR_FILENO); /* all of it is passed on there */
    close(null_fd);
    ck_run_fails("sh -c 'for i in $(seq 1 30); do echo line $i >&2; done; exit 1'", "p exited with status 1");
    ck_assert(cq_str_starts(cq_buf_view(&job.detail), "line 11\nline 12\n"));
    ck_contains(cq_buf_view(&job.detail), "line 30\n");
    ck_run_fails("sh -c 'printf \"no newline\" >&2; exit 1'", "p exited with status 1");
    ck_assert_str_eq(job.detail.data, "no newline\n");
    ck_run_fails("sh -c 'head -c 100000 /dev/zero | tr \"\\\\0\" x >&2; exit 1'", "p exited with status 1");
    ck_assert_uint_le(job.detail.len, 16 * 1024 + 1);
}
END_TEST

/* Megabytes both ways at once: the side that writes first must not wait for ever. */
START_TEST(large_input_and_output_do_not_deadlock)
{
    enum { SIZE = 5 * 1024 * 1024 };
    struct cq_value text = cq_value_str(cq_str_n(cq_arena_alloc(&job.arena, SIZE + 1), SIZE));
    memset((char *)text.as.text.data, 'x', SIZE);
    job.call.args = cq_value_list(&job.arena, CQ_VALUE_LIST, 1);
    job.call.args.as.list.items[0] = text;
    const struct cq_value *args = cq_value_get(run("cat"), "args");
    ck_assert_ptr_nonnull(args);
    ck_assert_uint_eq(args->as.list.items[0].as.text.len, SIZE);
    /* A program that reads nothing does not fail. */
    ck_assert_int_eq(run("echo 7")->as.integer, 7);
    /* But it does not fit in a command line. */
    ck_run_fails("echo {0}", "Argument list too long");
}
END_TEST

START_TEST(too_much_output_kills_the_program)
{
    ck_run_fails("yes", "p wrote more than 16777216 bytes to standard output and was killed");
}
END_TEST

START_TEST(a_background_process_that_holds_the_pipes_is_not_waited_for)
{
    const struct cq_value *result = &job.result;
    ck_assert_int_eq(cq_program_run(program("sh -c 'sleep 600 & echo $!'"), &job), CQ_DONE);
    ck_assert_int_eq(result->kind, CQ_VALUE_INT);
    ck_assert_int_eq(kill((pid_t)result->as.integer, SIGKILL), 0);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = tcase_create("program");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, commands_are_split_at_blanks_and_quotes_keep_them);
    tcase_add_loop_test(tcase, a_wrong_command_is_refused_with_its_programs_name, 0,
                        CQ_ARRAY_LEN(wrong_commands));
    tcase_add_test(tcase, the_last_command_of_a_name_counts);
    tcase_add_test(tcase, placeholders_take_arguments_and_nothing_is_split_again);
    tcase_add_test(tcase, arguments_that_are_not_there_fail_the_job);
    tcase_add_test(tcase, arguments_that_json_cannot_hold_fail_the_job);
    tcase_add_test(tcase, more_arguments_than_a_command_line_takes_fail_the_job);
    tcase_add_test(tcase, the_call_is_on_standard_input);
    tcase_add_test(tcase, with_placeholders_standard_input_is_empty);
    tcase_add_test(tcase, output_is_json_or_text_or_nothing);
    tcase_add_test(tcase, a_program_knows_its_job);
    tcase_add_test(tcase, a_failing_program_says_how_it_ended);
    tcase_add_test(tcase, the_last_lines_of_standard_error_are_kept);
    tcase_add_test(tcase, large_input_and_output_do_not_deadlock);
    tcase_add_test(tcase, too_much_output_kills_the_program);
    tcase_add_test(tcase, a_background_process_that_holds_the_pipes_is_not_waited_for);
    return suite_of("runtime/program", tcase);
}
