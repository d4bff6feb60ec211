#include "tests/runtime/rig_run.h"
#include "tests/support/suite.h"

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
    ck_returns("[\"module.reads_keywords\", null, [], {\"needed\": 3, \"truth\": false, \"number\": null, "
               "\"fraction\": 2, \"text\": \"t\"}]",
               "\"3 0 7 2 t\"");
    ck_fails("[\"module.reads_keywords\", null, [], {}]",
             "cq.ArgumentError: keyword argument 'needed' is missing");
    ck_fails("[\"module.reads_keywords\", null, [], {\"needed\": \"x\"}]",
             "cq.ArgumentError: keyword argument 'needed' must be int, not str");
    ck_fails("[\"module.reads_keywords\", null, [], {\"needed\": 1, \"text\": 1}]",
             "cq.ArgumentError: keyword argument 'text' must be str, not int");
}
END_TEST

START_TEST(nested_values_are_walked)
{
    ck_returns("[\"module.walks\", null, [{\"a\": [1, 2], \"b\": [], \"c\": [39]}], {}]", "\"a b c 42\"");
    ck_fails("[\"module.walks\", null, [{\"a\": [1, \"x\"]}], {}]",
             "cq.ArgumentError: a value of the call must be int, not str");
}
END_TEST

/* ---- meta, progress, log ---- */

START_TEST(meta_is_read_changed_and_sent_with_the_outcome)
{
    struct cq_frame frame = run(&(struct job_text){.call = "[\"module.counts\", null, [\"n\"], {}]",
                                                   .meta = "{\"n\": 41, \"other\": [1]}",
                                                   .retries_left = "2"});
    ck_text(frame.type, "done");
    ck_text(cq_frame_get_str(&frame, "value"), "2");
    ck_text(cq_frame_get_str(&frame, "meta"),
            "{\"n\": 42, \"other\": [1], \"who\": \"w1\", \"list\": [1, {\"a\": null}], \"half\": 0.5}");
    frame = run_call("[\"module.counts\", null, [\"n\"], {}]");
    ck_text(cq_frame_get_str(&frame, "meta"),
            "{\"n\": 1, \"who\": \"w1\", \"list\": [1, {\"a\": null}], \"half\": 0.5}");
    ck_text(cq_frame_get_str(&frame, "value"), "0");
}
END_TEST

START_TEST(a_meta_that_cannot_be_read_is_not_overwritten)
{
    struct cq_frame frame = run(
        &(struct job_text){.call = "[\"module.counts\", null, [\"n\"], {}]", .meta = "{broken"});
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

Suite *test_suite(void)
{
    TCase *tcase = tcase_create("native_call");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
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
    return suite_of("runtime/native_call", tcase);
}
