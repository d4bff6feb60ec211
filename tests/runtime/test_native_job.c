#include "base/mem.h"
#include "runtime/context.h"
#include "runtime/native_horse.h"
#include "tests/runtime/rig.h"

/* One job run in this process: its answer, and what it sent meanwhile. */
static struct cq_strv paths;
static struct cq_programs programs;
static struct cq_modules modules;
static struct cq_native_options options;
static struct cq_buf answer, frame_bytes;
static struct link meanwhile;
static int job_fd;

static void set_up(void)
{
    int pair[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    job_fd = pair[1];
    meanwhile = (struct link){.fd = pair[0], .in = CQ_BUF_INIT(LINK_MAX)};
    cq_buf_init(&answer, LINK_MAX);
    cq_buf_init(&frame_bytes, LINK_MAX);
    cq_strv_init(&paths);
    cq_strv_push(&paths, CQ_STR_LIT("/nonexistent"));
    cq_strv_push(&paths, cq_str(module_folder()));
    programs = CQ_PROGRAMS_INIT;
    options = (struct cq_native_options){.paths = &paths, .programs = &programs};
    cq_modules_init(&modules, &paths);
}

static void tear_down(void)
{
    close(job_fd);
    end_link(&meanwhile);
    cq_modules_release(&modules);
    cq_programs_release(&programs);
    cq_strv_release(&paths);
    cq_buf_release(&answer);
    cq_buf_release(&frame_bytes);
}

static struct cq_frame run(const struct job_text *job)
{
    struct cq_frame frame;
    struct cq_error err;
    size_t size;
    int learn_fd = -1;
    cq_buf_clear(&frame_bytes);
    cq_buf_clear(&answer);
    write_job(&frame_bytes, job);
    ck_assert_int_eq(cq_frame_parse(cq_buf_view(&frame_bytes), CQ_FRAME_JOB_MAX, &frame, &size, NULL), CQ_OK);
    cq_native_run(&options, &modules, &frame, job_fd, &learn_fd, &answer);
    ck_assert_msg(!cq_frame_parse(cq_buf_view(&answer), CQ_FRAME_JOB_MAX, &frame, &size, &err), "%s", err.text);
    ck_assert_uint_eq(size, answer.len);
    return frame;
}

static struct cq_frame run_call(const char *call)
{
    return run(&(struct job_text){.call = call});
}

static void ck_returns(const char *call, const char *value)
{
    struct cq_frame frame = run_call(call);
    struct cq_str exc = cq_frame_get_str(&frame, "exc");
    ck_assert_msg(cq_str_is(frame.type, "done"), "%s: %.*s", call, (int)exc.len, exc.data ? exc.data : "");
    if (value)
        ck_text(cq_frame_get_str(&frame, "value"), value);
    else
        ck_assert_ptr_null(cq_frame_get_str(&frame, "value").data);
}

/* The last line of the failure text, which viewers show. */
static void ck_fails(const char *call, const char *last_line)
{
    struct cq_frame frame = run_call(call);
    ck_text(frame.type, "failed");
    struct cq_str exc = cq_frame_get_str(&frame, "exc");
    const char *newline = memrchr(exc.data, '\n', exc.len);
    size_t start = newline ? (size_t)(newline - exc.data) + 1 : 0;
    struct cq_str last = cq_str_n(exc.data + start, exc.len - start);
    ck_assert_msg(cq_str_starts(last, last_line), "%s: '%.*s' instead of '%s'", call, (int)exc.len, exc.data, last_line);
}

/* ---- finding the function ---- */

START_TEST(what_is_not_there_is_named_with_the_remedy)
{
    ck_fails("[\"module.no_such\", null, [], {}]", "cq.FunctionNotFound: module.no_such: ");
    ck_contains(cq_buf_view(&answer), "nm -D");
    ck_fails("[\"absent.func\", null, [], {}]", "cq.FunctionNotFound: absent.func: no module absent.so on --path");
    ck_contains(cq_buf_view(&answer), "/nonexistent");
    ck_contains(cq_buf_view(&answer), "[programs]");
    ck_fails("[\"some.package.func\", null, [], {}]", "cq.FunctionNotFound: some.package.func: no module some/package.so");
    ck_fails("[\"plain\", null, [], {}]", "cq.FunctionNotFound: plain: no program of that name");
}
END_TEST

START_TEST(names_that_lead_elsewhere_are_refused)
{
    static const char *const names[] = {"../module.add", "..module.add", "module..add", ".add", "module.", "/tmp/module.add",
                                        "./module.add", "module/add", ".", "..", "a\\u0000b.c", "mod ule.add", "-rf.x", "module.add;"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(names); i++) {
        char call[128];
        snprintf(call, sizeof(call), "[\"%s\", null, [1, 2], {}]", names[i]);
        struct cq_frame frame = run_call(call);
        ck_assert_msg(cq_str_is(frame.type, "failed"), "%s ran", names[i]);
    }
}
END_TEST

START_TEST(only_functions_of_the_module_itself_can_be_called)
{
    /* libc's, the executable's, and what is no function. */
    ck_fails("[\"module.abort\", null, [], {}]", "cq.FunctionNotFound: module.abort: ");
    ck_fails("[\"module.system\", null, [], {}]", "cq.FunctionNotFound: module.system: ");
    ck_fails("[\"module.cq_return_none\", null, [], {}]", "cq.FunctionNotFound: ");
    ck_fails("[\"module.hidden\", null, [], {}]", "cq.FunctionNotFound: ");
    ck_fails("[\"module.not_a_function\", null, [], {}]", "cq.FunctionNotFound: ");
}
END_TEST

START_TEST(a_module_that_does_not_load_says_why)
{
    char folder[] = "/tmp/cq-test-XXXXXX", file[64];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(file, sizeof(file), "%s/broken.so", folder);
    FILE *out = fopen(file, "we");
    fputs("this is no shared object", out);
    fclose(out);
    cq_strv_push(&paths, cq_str(folder));
    ck_fails("[\"broken.func\", null, [], {}]", "cq.ModuleError: broken.func: ");
    ck_contains(cq_buf_view(&answer), file);
    ck_contains(cq_buf_view(&answer), "too short");
    unlink(file);
    rmdir(folder);
}
END_TEST

START_TEST(a_folder_is_no_module_and_more_modules_than_are_kept_work)
{
    char folder[] = "/tmp/cq-test-XXXXXX", command[2048], call[64];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    cq_strv_push(&paths, cq_str(folder));
    snprintf(command, sizeof(command), "mkdir %s/dir.so; for i in $(seq 0 %d); do cp '%s/module.so' %s/m$i.so; done", folder,
             CQ_MODULES_MAX, module_folder(), folder);
    ck_assert_int_eq(system(command), 0);
    ck_fails("[\"dir.func\", null, [], {}]", "cq.FunctionNotFound: dir.func: no module dir.so");
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i <= CQ_MODULES_MAX; i++) {
            snprintf(call, sizeof(call), "[\"m%d.add\", null, [%d, 1], {}]", i, i);
            ck_text(run_call(call).type, "done");
            ck_assert_uint_le(modules.len, CQ_MODULES_MAX);
        }
    }
    snprintf(command, sizeof(command), "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(methods_of_objects_are_left_to_python)
{
    ck_fails("[\"module.add\", {\"a\": 1}, [1, 2], {}]", "cq.FunctionNotFound: module.add is a method");
}
END_TEST

/* ---- bad data ---- */

START_TEST(a_job_without_data_fails_clearly)
{
    struct cq_frame frame = run(&(struct job_text){.call = NULL});
    ck_text(frame.type, "failed");
    ck_contains(cq_frame_get_str(&frame, "exc"), "cq.InvalidJob: the job's hash has no data");
    frame = run(&(struct job_text){.call = ""});
    ck_contains(cq_frame_get_str(&frame, "exc"), "cq.InvalidJob: ");
}
END_TEST

START_TEST(broken_data_fails_clearly)
{
    static const char *const calls[] = {"[\"module.add\", null, [1, 2]", "[1, 2]", "x\x9c half a zlib stream", "\x80\x05K", "{}", "\x94"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(calls); i++)
        ck_fails(calls[i], "cq.DeserializationError: ");
    /* The name can be read although the arguments cannot. */
    ck_fails("[\"module.add\", null, [1, 2", "cq.DeserializationError: ");
    ck_contains(cq_buf_view(&answer), "Job function module.add failed:");
}
END_TEST

START_TEST(a_serializer_that_is_not_accepted_is_refused)
{
    options.restrict_format = true;
    options.format = CQ_FORMAT_PICKLE;
    ck_fails("[\"module.add\", null, [1, 2], {}]", "cq.SerializerRefused: the job is written in json, and this worker takes only pickle");
    options.format = CQ_FORMAT_JSON;
    ck_returns("[\"module.add\", null, [1, 2], {}]", "3");
    /* Compressed data too. */
    struct cq_call call = {.format = CQ_FORMAT_JSON, .function = CQ_STR_LIT("module.nothing")};
    struct cq_arena arena = CQ_ARENA_INIT;
    struct cq_buf data = CQ_BUF_INIT(4096);
    call.args = cq_value_list(&arena, CQ_VALUE_LIST, 0);
    call.kwargs = cq_value_map(&arena, 0);
    ck_assert_int_eq(cq_call_write(&call, &data, NULL), CQ_OK);
    ck_assert(cq_is_zlib(cq_buf_view(&data)));
    struct job_text job = {.call = data.data, .call_len = data.len};
    ck_text(run(&job).type, "done");
    options.format = CQ_FORMAT_MSGPACK;
    struct cq_frame failed = run(&job);
    ck_contains(cq_frame_get_str(&failed, "exc"), "cq.SerializerRefused: ");
    cq_buf_release(&data);
    cq_arena_release(&arena);
}
END_TEST

/* ---- outcomes ---- */

START_TEST(failures_have_their_text_in_the_last_line)
{
    ck_fails("[\"module.fail\", null, [\"no money\"], {}]", "cq.JobFailed: no money");
    ck_fails("[\"module.fails_silently\", null, [], {}]", "cq.JobFailed: the function returned CQ_FAILED and gave no reason");
    ck_fails("[\"module.returns_five\", null, [], {}]", "cq.JobFailed: the function returned 5");
    ck_fails("[\"module.fails_in_latin1\", null, [], {}]", "cq.JobFailed: caf\xef\xbf\xbd is closed");
    ck_fails("[\"module.add\", null, [\"1\", 2], {}]", "cq.ArgumentError: argument 0 must be int, not str");
    ck_fails("[\"module.returns_bytes\", null, [], {}]", "cq.ResultError: the result cannot be stored: ");
}
END_TEST

START_TEST(a_long_failure_text_is_cut)
{
    char *call = cq_alloc(CQ_FAILURE_TEXT_MAX + 4096);
    strcpy(call, "[\"module.fail\", null, [\"");
    size_t len = strlen(call);
    memset(call + len, 'x', CQ_FAILURE_TEXT_MAX + 1000);
    strcpy(call + len + CQ_FAILURE_TEXT_MAX + 1000, "\"], {}]");
    struct cq_frame frame = run_call(call);
    ck_text(frame.type, "failed");
    ck_assert_uint_lt(cq_frame_get_str(&frame, "exc").len, CQ_FAILURE_TEXT_MAX + 200);
    free(call);
}
END_TEST

START_TEST(results_of_every_type_come_back)
{
    ck_returns("[\"module.nothing\", null, [], {}]", NULL);
    ck_returns("[\"module.echo\", null, [null], {}]", NULL);
    ck_returns("[\"module.echo\", null, [{\"a\": [1, 2.5, true, \"\\u00fc\"]}], {}]", "{\"a\": [1, 2.5, true, \"\\u00fc\"]}");
    ck_returns("[\"module.huge\", null, [3], {}]", "\"xxx\"");
    struct cq_frame frame = run_call("[\"module.huge\", null, [20000000], {}]");
    ck_text(frame.type, "done");
    ck_assert_uint_eq(cq_frame_get_str(&frame, "value").len, 20000002);
}
END_TEST

START_TEST(a_result_above_the_limit_fails_the_job)
{
    char call[80];
    snprintf(call, sizeof(call), "[\"module.huge\", null, [%d], {}]", CQ_RESULT_MAX);
    ck_fails(call, "cq.ResultError: the result cannot be stored: ");
}
END_TEST

START_TEST(a_function_can_ask_for_a_retry)
{
    struct cq_frame frame = run_call("[\"module.retries\", null, [3, 60], {}]");
    ck_text(frame.type, "retry");
    ck_assert_int_eq(int_of(&frame, "max"), 3);
    ck_text(cq_frame_get_str(&frame, "intervals"), "[60]");
    ck_fails("[\"module.retries\", null, [0, 60], {}]", "cq.ResultError: cq_retry(max 0, interval 60 s)");
    ck_fails("[\"module.retries\", null, [1, -1], {}]", "cq.ResultError: cq_retry(max 1, interval -1 s)");
}
END_TEST

/* ---- arguments ---- */

START_TEST(arguments_are_read_by_type)
{
    ck_returns("[\"module.reads_arguments\", null, [true, -5, 2.5, \"\\u00e4\", \"abc\", {\"k\": null}], {}]",
               "\"1 -5 2.5 \\u00e4 3 {\\\"k\\\": null}\"");
    ck_returns("[\"module.reads_arguments\", null, [false, 9223372036854775807, 2, \"\", \"\", []], {}]",
               "\"0 9223372036854775807 2  0 []\"");
}
END_TEST

static const struct {
    const char *args;
    const char *text;
} wrong_arguments[] = {
    {"[]", "cq.ArgumentError: argument 0 is missing: the call has 0"},
    {"[1]", "cq.ArgumentError: argument 0 must be bool, not int"},
    {"[true, true]", "cq.ArgumentError: argument 1 must be int, not bool"},
    {"[true, 9223372036854775808]", "cq.ArgumentError: argument 1 does not fit into 64 bits"},
    {"[true, 1, null]", "cq.ArgumentError: argument 2 must be float, not NoneType"},
    {"[true, 1, 1, [1]]", "cq.ArgumentError: argument 3 must be str, not list"},
    {"[true, 1, 1, \"a\\u0000b\"]", "cq.ArgumentError: argument 3 is a str with a NUL in it"},
    {"[true, 1, 1, \"\", 5]", "cq.ArgumentError: argument 4 must be bytes, not int"},
    {"[true, 1, 1, \"\", \"\"]", "cq.ArgumentError: argument 5 is missing: the call has 5"},
};

START_TEST(wrong_arguments_are_named)
{
    char call[200];
    snprintf(call, sizeof(call), "[\"module.reads_arguments\", null, %s, {}]", wrong_arguments[_i].args);
    ck_fails(call, wrong_arguments[_i].text);
}
END_TEST

START_TEST(keywords_are_needed_or_have_a_default)
{
    ck_returns("[\"module.reads_keywords\", null, [], {\"needed\": 3}]", "\"3 1 7 0.5 default\"");
    ck_returns("[\"module.reads_keywords\", null, [], {\"needed\": 3, \"truth\": false, \"number\": null, \"fraction\": 2, \"text\": \"t\"}]",
               "\"3 0 7 2 t\"");
    ck_fails("[\"module.reads_keywords\", null, [], {}]", "cq.ArgumentError: keyword argument 'needed' is missing");
    ck_fails("[\"module.reads_keywords\", null, [], {\"needed\": \"x\"}]", "cq.ArgumentError: keyword argument 'needed' must be int, not str");
    ck_fails("[\"module.reads_keywords\", null, [], {\"needed\": 1, \"text\": 1}]", "cq.ArgumentError: keyword argument 'text' must be str, not int");
}
END_TEST

START_TEST(nested_values_are_walked)
{
    ck_returns("[\"module.walks\", null, [{\"a\": [1, 2], \"b\": [], \"c\": [39]}], {}]", "\"a b c 42\"");
    ck_fails("[\"module.walks\", null, [{\"a\": [1, \"x\"]}], {}]", "cq.ArgumentError: a value of the call must be int, not str");
}
END_TEST

/* ---- meta, progress, log ---- */

START_TEST(meta_is_read_changed_and_sent_with_the_outcome)
{
    struct cq_frame frame = run(&(struct job_text){.call = "[\"module.counts\", null, [\"n\"], {}]",
                                                   .meta = "{\"n\": 41, \"other\": [1]}", .retries_left = "2"});
    ck_text(frame.type, "done");
    ck_text(cq_frame_get_str(&frame, "value"), "2");
    ck_text(cq_frame_get_str(&frame, "meta"),
            "{\"n\": 42, \"other\": [1], \"who\": \"w1\", \"list\": [1, {\"a\": null}], \"half\": 0.5}");
    frame = run_call("[\"module.counts\", null, [\"n\"], {}]");
    ck_text(cq_frame_get_str(&frame, "meta"), "{\"n\": 1, \"who\": \"w1\", \"list\": [1, {\"a\": null}], \"half\": 0.5}");
    ck_text(cq_frame_get_str(&frame, "value"), "0");
}
END_TEST

START_TEST(a_meta_that_cannot_be_read_is_not_overwritten)
{
    struct cq_frame frame = run(&(struct job_text){.call = "[\"module.counts\", null, [\"n\"], {}]", .meta = "{broken"});
    ck_text(frame.type, "failed");
    ck_contains(cq_frame_get_str(&frame, "exc"), "cq.MetaError: the job's meta cannot be read: ");
    ck_assert_ptr_null(cq_frame_get_str(&frame, "meta").data);
    frame = run(&(struct job_text){.call = "[\"module.counts\", null, [\"n\"], {}]", .meta = "[1]"});
    ck_contains(cq_frame_get_str(&frame, "exc"), "cq.MetaError: the job's meta is list, not dict");
}
END_TEST

START_TEST(messages_go_to_the_log)
{
    ck_returns("[\"module.says\", null, [\"hello\"], {}]", NULL);
    struct cq_frame line = expect(&meanwhile, "log");
    ck_text(cq_frame_get_str(&line, "level"), "WARNING");
    ck_text(cq_frame_get_str(&line, "text"), "hello from job-1");
}
END_TEST

static cq_time test_time;

static cq_time test_clock(void)
{
    return test_time;
}

/* cq_progress itself, under a clock of ours. */
START_TEST(progress_is_saved_every_100_ms_and_at_the_end)
{
    struct cq_context job;
    struct cq_buf meta = CQ_BUF_INIT(4096);
    bool changed;
    cq_context_init(&job, job_fd);
    job.call.format = CQ_FORMAT_JSON;
    job.clock = test_clock;
    test_time = 5 * CQ_SECOND;
    ck_assert_int_eq(cq_progress(&job, -1, "begin"), CQ_DONE);
    ck_assert_int_eq(cq_progress(&job, 0.1, NULL), CQ_DONE);
    test_time += CQ_PROGRESS_INTERVAL - 1;
    ck_assert_int_eq(cq_progress(&job, 0.2, NULL), CQ_DONE);
    test_time += 1;
    ck_assert_int_eq(cq_progress(&job, 0.5, NULL), CQ_DONE);
    ck_assert_int_eq(cq_progress(&job, 7, "end"), CQ_DONE);
    struct cq_frame frame = expect(&meanwhile, "meta");
    ck_text(cq_frame_get_str(&frame, "meta"), "{\"progress\": 0.0, \"progress_text\": \"begin\"}");
    frame = expect(&meanwhile, "meta");
    ck_text(cq_frame_get_str(&frame, "meta"), "{\"progress\": 0.5, \"progress_text\": \"begin\"}");
    frame = expect(&meanwhile, "meta");
    ck_text(cq_frame_get_str(&frame, "meta"), "{\"progress\": 1.0, \"progress_text\": \"end\"}");
    ck_assert_int_eq(cq_context_take_meta(&job, &meta, &changed, NULL), CQ_OK);
    ck_assert(!changed);
    /* What was held back goes with the outcome. */
    ck_assert_int_eq(cq_progress(&job, 0.7, NULL), CQ_DONE);
    ck_assert_int_eq(cq_context_take_meta(&job, &meta, &changed, NULL), CQ_OK);
    ck_assert(changed);
    ck_text(cq_buf_view(&meta), "{\"progress\": 0.7, \"progress_text\": \"end\"}");
    cq_buf_release(&meta);
    cq_context_release(&job);
}
END_TEST

START_TEST(progress_text_is_cut_at_a_character)
{
    struct cq_context job;
    char text[2 * CQ_PROGRESS_TEXT_MAX + 1];
    for (int i = 0; i < CQ_PROGRESS_TEXT_MAX; i++)
        memcpy(text + 2 * i, "\xc3\xa4", 2);
    text[2 * CQ_PROGRESS_TEXT_MAX] = '\0';
    cq_context_init(&job, job_fd);
    job.call.format = CQ_FORMAT_JSON;
    ck_assert_int_eq(cq_progress(&job, 1, text), CQ_DONE);
    ck_assert_uint_eq(strlen(job.progress_text), CQ_PROGRESS_TEXT_MAX - 2);
    cq_context_release(&job);
}
END_TEST

START_TEST(meta_that_is_set_for_ever_does_not_grow_for_ever)
{
    struct cq_context job;
    char text[1001];
    memset(text, 'x', 1000);
    text[1000] = '\0';
    cq_context_init(&job, job_fd);
    job.call.format = CQ_FORMAT_JSON;
    for (int i = 0; i < 5000; i++) {
        ck_assert_int_eq(cq_meta_set_str(&job, "text", text), CQ_DONE);
        ck_assert_int_eq(cq_save_meta(&job), CQ_DONE);
        expect(&meanwhile, "meta");
        ck_assert_uint_lt(job.meta_arena.used, 2 * 1024 * 1024);
    }
    ck_assert_ptr_nonnull(cq_meta(&job, "text"));
    cq_context_release(&job);
}
END_TEST

START_TEST(a_worker_that_is_gone_is_no_crash)
{
    close(meanwhile.fd);
    meanwhile.fd = -1;
    ck_fails("[\"module.says\", null, [\"hello\"], {}]", "cq.WorkerGone: ");
    struct cq_frame frame = run_call("[\"module.progresses\", null, [5], {}]");
    ck_contains(cq_frame_get_str(&frame, "exc"), "cq.MetaError: meta cannot be saved: ");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("runtime/native_job");
    TCase *tcase = tcase_create("native_job");
    suite_add_tcase(suite, tcase);
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, what_is_not_there_is_named_with_the_remedy);
    tcase_add_test(tcase, names_that_lead_elsewhere_are_refused);
    tcase_add_test(tcase, only_functions_of_the_module_itself_can_be_called);
    tcase_add_test(tcase, a_module_that_does_not_load_says_why);
    tcase_add_test(tcase, a_folder_is_no_module_and_more_modules_than_are_kept_work);
    tcase_add_test(tcase, methods_of_objects_are_left_to_python);
    tcase_add_test(tcase, a_job_without_data_fails_clearly);
    tcase_add_test(tcase, broken_data_fails_clearly);
    tcase_add_test(tcase, a_serializer_that_is_not_accepted_is_refused);
    tcase_add_test(tcase, failures_have_their_text_in_the_last_line);
    tcase_add_test(tcase, a_long_failure_text_is_cut);
    tcase_add_test(tcase, results_of_every_type_come_back);
    tcase_add_test(tcase, a_result_above_the_limit_fails_the_job);
    tcase_add_test(tcase, a_function_can_ask_for_a_retry);
    tcase_add_test(tcase, arguments_are_read_by_type);
    tcase_add_loop_test(tcase, wrong_arguments_are_named, 0, CQ_ARRAY_LEN(wrong_arguments));
    tcase_add_test(tcase, keywords_are_needed_or_have_a_default);
    tcase_add_test(tcase, nested_values_are_walked);
    tcase_add_test(tcase, meta_is_read_changed_and_sent_with_the_outcome);
    tcase_add_test(tcase, a_meta_that_cannot_be_read_is_not_overwritten);
    tcase_add_test(tcase, messages_go_to_the_log);
    tcase_add_test(tcase, progress_is_saved_every_100_ms_and_at_the_end);
    tcase_add_test(tcase, progress_text_is_cut_at_a_character);
    tcase_add_test(tcase, meta_that_is_set_for_ever_does_not_grow_for_ever);
    tcase_add_test(tcase, a_worker_that_is_gone_is_no_crash);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
