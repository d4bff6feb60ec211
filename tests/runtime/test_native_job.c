#include "base/mem.h"
#include "tests/runtime/rig_run.h"
#include "tests/support/suite.h"

/* ---- finding the function ---- */

START_TEST(what_is_not_there_is_named_with_the_remedy)
{
    ck_fails("[\"module.no_such\", null, [], {}]", "cq.FunctionNotFound: module.no_such: ");
    ck_contains(cq_buf_view(&answer), "nm -D");
    ck_fails("[\"absent.func\", null, [], {}]",
             "cq.FunctionNotFound: absent.func: no module absent.so on --path");
    ck_contains(cq_buf_view(&answer), "/nonexistent");
    ck_contains(cq_buf_view(&answer), "[programs]");
    ck_fails("[\"some.package.func\", null, [], {}]",
             "cq.FunctionNotFound: some.package.func: no module some/package.so");
    ck_fails("[\"plain\", null, [], {}]", "cq.FunctionNotFound: plain: no program of that name");
}
END_TEST

START_TEST(names_that_lead_elsewhere_are_refused)
{
    static const char *const names[] = {
        "../module.add",   "..module.add", "module..add", ".add",       "module.",
        "/tmp/module.add", "./module.add", "module/add",  ".",          "..",
        "a\\u0000b.c",     "mod ule.add",  "-rf.x",       "module.add;"};
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
    /* libc's, the executable's, and a name that is not a function's. */
    ck_fails("[\"module.abort\", null, [], {}]", "cq.FunctionNotFound: module.abort: ");
    ck_fails("[\"module.system\", null, [], {}]", "cq.FunctionNotFound: module.system: ");
    ck_fails("[\"module.cq_return_none\", null, [], {}]", "cq.FunctionNotFound: ");
    ck_fails("[\"module.hidden\", null, [], {}]", "cq.FunctionNotFound: ");
    ck_fails("[\"module.not_a_function\", null, [], {}]", "cq.FunctionNotFound: ");
}
END_TEST

START_TEST(a_module_that_does_not_load_says_why)
{
    char folder[] = "/tmp/cq-test-XXXXXX", file[64], last_line[256];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(file, sizeof(file), "%s/broken.so", folder);
    snprintf(last_line, sizeof(last_line),
             "cq.ModuleError: broken.func: %s does not load: %s: file too short", file, file);
    FILE *out = fopen(file, "we");
    fputs("this is no shared object", out);
    fclose(out);
    cq_strv_push(&paths, cq_str(folder));
    ck_fails("[\"broken.func\", null, [], {}]", "cq.ModuleError: broken.func: ");
    ck_contains(cq_buf_view(&answer), last_line);
    unlink(file);
    rmdir(folder);
}
END_TEST

START_TEST(a_folder_is_no_module_and_more_modules_than_are_kept_work)
{
    char folder[] = "/tmp/cq-test-XXXXXX", command[2048], call[64];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    cq_strv_push(&paths, cq_str(folder));
    snprintf(command, sizeof(command),
             "mkdir %s/dir.so; for i in $(seq 0 %d); do cp '%s/module.so' %s/m$i.so; done", folder,
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
    static const char *const calls[] = {
        "[\"module.add\", null, [1, 2]", "[1, 2]", "x\x9c half a zlib stream", "\x80\x05K", "{}", "\x94"};
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
    ck_fails("[\"module.add\", null, [1, 2], {}]",
             "cq.SerializerRefused: the job is written in json, and this worker takes only pickle");
    options.format = CQ_FORMAT_JSON;
    ck_returns("[\"module.add\", null, [1, 2], {}]", "3");
    /* Compressed data too. */
    struct cq_function_call call = {.format = CQ_FORMAT_JSON, .function = CQ_STR_LIT("module.nothing")};
    struct cq_arena arena = CQ_ARENA_INIT;
    struct cq_buf data = CQ_BUF_INIT(4096);
    call.args = cq_value_list(&arena, CQ_VALUE_LIST, 0);
    call.kwargs = cq_value_map(&arena, 0);
    ck_assert_int_eq(cq_function_call_write(&call, &data, NULL), CQ_OK);
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
    ck_fails("[\"module.fails_silently\", null, [], {}]",
             "cq.JobFailed: the function returned CQ_FAILED and gave no reason");
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
    ck_returns("[\"module.echo\", null, [{\"a\": [1, 2.5, true, \"\\u00fc\"]}], {}]",
               "{\"a\": [1, 2.5, true, \"\\u00fc\"]}");
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

Suite *test_suite(void)
{
    TCase *tcase = tcase_create("native_job");
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
    return suite_of("runtime/native_job", tcase);
}
