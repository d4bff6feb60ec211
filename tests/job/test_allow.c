#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "job/allow.h"
#include "tests/job/fields.h"
#include "tests/support/suite.h"

#define DATA "tests/job/data/allow"
#define JSON_CALL "[\"app.jobs.run\", null, [], {}]"
#define PICKLE_CALL     \
    "\x80\x04(\x8c\x0c" \
    "app.jobs.runN)}t."
#define OS_SYSTEM "\x80\x04\x8c\x02os\x8c\x06system\x93."

static struct cq_strv prefixes;
static struct cq_error err;

static void setup(void)
{
    cq_strv_init(&prefixes);
    cq_strv_push(&prefixes, CQ_STR_LIT("app.jobs"));
    cq_strv_push(&prefixes, CQ_STR_LIT("shop.models"));
}

static void teardown(void)
{
    cq_strv_release(&prefixes);
}

/* With `data` and, unless NULL, one more field. */
static enum cq_code check(struct cq_str data, const char *field, struct cq_str value)
{
    struct fields fields = {0};
    fields_add(&fields, "created_at", CQ_STR_LIT("2026-11-20T22:11:51.000123Z"));
    if (field)
        fields_add(&fields, field, value);
    fields_add(&fields, "data", data);
    err = (struct cq_error){CQ_OK, ""};
    return cq_allow_check(&prefixes, fields_reply(&fields), &err);
}

/* "": it may run; else the refusal */
static const char *verdict(struct cq_str data, const char *field, struct cq_str value)
{
    enum cq_code code = check(data, field, value);
    ck_assert_int_eq(code, err.code);
    ck_assert(code == CQ_OK || code == CQ_ERR_INVALID_OPERATION);
    ck_assert(code == CQ_OK || strncmp(err.text, "cq.NotAllowed: ", 15) == 0);
    return code == CQ_OK ? "" : err.text + 15;
}

static const char *verdict_of_name(const char *name)
{
    char json[200];
    int len = snprintf(json, sizeof(json), "[\"%s\", null, [], {}]", name);
    return verdict(cq_str_n(json, (size_t)len), NULL, CQ_STR_NONE);
}

/* Exactly as large as the file, so that reading past its end is seen. */
static struct cq_str read_file(const char *name)
{
    char path[300];
    snprintf(path, sizeof(path), DATA "/%s", name);
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s is missing; tests run from the top folder", path);
    fseek(file, 0, SEEK_END);
    size_t len = (size_t)ftell(file);
    rewind(file);
    char *bytes = cq_alloc(len);
    ck_assert_uint_eq(fread(bytes, 1, len, file), len);
    fclose(file);
    return cq_str_n(bytes, len);
}

static int each_case(void (*test)(const char *, const char *, struct cq_str))
{
    char *line = NULL;
    size_t size = 0;
    int count = 0;
    FILE *list = fopen(DATA ".txt", "r");
    ck_assert_ptr_nonnull(list);
    while (getline(&line, &size, list) > 0) {
        line[strcspn(line, "\n")] = '\0';
        char *expected = strchr(line, ' ');
        ck_assert_ptr_nonnull(expected);
        *expected++ = '\0';
        struct cq_str bytes = read_file(line);
        test(line, expected, bytes);
        free((void *)(uintptr_t)bytes.data);
        count++;
    }
    free(line);
    fclose(list);
    return count;
}

static void as_expected(const char *name, const char *expected, struct cq_str data)
{
    const char *said = verdict(data, NULL, CQ_STR_NONE);
    if (strcmp(expected, "ok") == 0)
        ck_assert_msg(!*said, "%s: %s", name, said);
    else
        ck_assert_msg(strstr(said, expected) != NULL, "%s: %s\nexpected %s", name, said, expected);
}

START_TEST(what_python_wrote_is_allowed_or_refused_as_it_should_be)
{
    ck_assert_int_gt(each_case(as_expected), 100);
}
END_TEST

static void refused_when_cut(const char *name, const char *expected, struct cq_str data)
{
    if (strcmp(expected, "ok") != 0 || strstr(name, "after_stop") || data.len > 2000)
        return;
    for (size_t len = 0; len < data.len; len++) {
        char *cut = cq_alloc(len);
        memcpy(cut, data.data, len);
        ck_assert_msg(*verdict(cq_str_n(cut, len), NULL, CQ_STR_NONE), "%s cut to %zu bytes", name, len);
        free(cut);
    }
}

START_TEST(a_job_that_is_cut_anywhere_is_refused)
{
    ck_assert_int_gt(each_case(refused_when_cut), 100);
}
END_TEST

START_TEST(without_a_prefix_everything_may_run)
{
    teardown();
    ck_assert_int_eq(
        check(CQ_STR_LIT("[\"os.system\", null, [], {}]"), "success_callback_name", CQ_STR_LIT("os.system")),
        CQ_OK);
    ck_assert_int_eq(check(CQ_STR_NONE, NULL, CQ_STR_NONE), CQ_OK);
}
END_TEST

START_TEST(a_prefix_covers_itself_and_names_below_it)
{
    static const char *const covered[] = {
        "app.jobs",    "app.jobs.run", "app.jobs._run", "app.jobs.Class.method", "app.jobs.l\xc3\xa4uft",
        "app.jobs.x1", "shop.models.x"};
    static const char *const not_covered[] = {
        "app",         "app.jobsx",    "app.jobs.",    "app.jobs..x",      "app.jobs.1x",
        "app.jobs.x.", "app.jobs.x y", "app.jobs.__x", "app.jobs.x.__y__", "APP.jobs.x",
        "x.app.jobs",  "app_jobs.x",   "app.jobs.x-y", "app.jobs/x"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(covered); i++)
        ck_assert_msg(!*verdict_of_name(covered[i]), "%s", covered[i]);
    for (size_t i = 0; i < CQ_ARRAY_LEN(not_covered); i++) {
        char expected[100];
        snprintf(expected, sizeof(expected), "the job calls %s, which no --allow covers", not_covered[i]);
        ck_assert_str_eq(verdict_of_name(not_covered[i]), expected);
    }
}
END_TEST

START_TEST(callbacks_are_functions_too)
{
    static const char *const fields[][2] = {
        {"success_callback_name", "the success callback is os.system, which no --allow covers"},
        {"failure_callback_name", "the failure callback is os.system, which no --allow covers"},
        {"stopped_callback_name", "the stopped callback is os.system, which no --allow covers"},
    };
    for (size_t i = 0; i < CQ_ARRAY_LEN(fields); i++) {
        ck_assert_str_eq(verdict(CQ_STR_LIT(JSON_CALL), fields[i][0], CQ_STR_LIT("")), "");
        ck_assert_str_eq(verdict(CQ_STR_LIT(JSON_CALL), fields[i][0], CQ_STR_LIT("app.jobs.report")), "");
        ck_assert_str_eq(verdict(CQ_STR_LIT(JSON_CALL), fields[i][0], CQ_STR_LIT("os.system")), fields[i][1]);
    }
}
END_TEST

/* RQ's Job.restore unpickles both. */
START_TEST(meta_and_an_old_result_are_looked_at_like_data)
{
    static const char *const fields[] = {"meta", "result"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(fields); i++) {
        char expected[100];
        snprintf(expected, sizeof(expected), "the pickle in %s names os.system, which no --allow covers",
                 fields[i]);
        ck_assert_str_eq(verdict(CQ_STR_LIT(PICKLE_CALL), fields[i], CQ_STR_LIT("\x80\x04}.")), "");
        ck_assert_str_eq(verdict(CQ_STR_LIT(PICKLE_CALL), fields[i], CQ_STR_LIT(OS_SYSTEM)), expected);
        ck_assert(strstr(verdict(CQ_STR_LIT(PICKLE_CALL), fields[i], CQ_STR_LIT("\x80\x04}")),
                         "cannot be checked"));
    }
    ck_assert_str_eq(verdict(CQ_STR_LIT(JSON_CALL), "meta", CQ_STR_LIT("{\"a\": 1}")), "");
}
END_TEST

/* A reader that goes by the first byte of each field would unpickle it. */
START_TEST(meta_in_another_serializer_than_data_is_refused)
{
    static const char msgpack_call[] = "\x94\xac"
                                       "app.jobs.run\xc0\x90\x80";
    struct cq_str msgpack = cq_str_n(msgpack_call, sizeof(msgpack_call) - 1);
    ck_assert(strstr(verdict(CQ_STR_LIT(JSON_CALL), "meta", CQ_STR_LIT(OS_SYSTEM)),
                     "the job's meta cannot be checked"));
    ck_assert(strstr(verdict(CQ_STR_LIT(JSON_CALL), "meta", CQ_STR_LIT("cos\nsystem\n.")),
                     "the job's meta cannot be checked"));
    ck_assert(strstr(verdict(msgpack, "meta", CQ_STR_LIT(OS_SYSTEM)), "the job's meta cannot be checked"));
    ck_assert(strstr(verdict(msgpack, "meta", CQ_STR_LIT("N")),
                     "no map")); /* a pickle of None, an integer of msgpack */
    ck_assert_str_eq(verdict(msgpack, "meta", CQ_STR_LIT("\x80")), "");
    ck_assert_str_eq(verdict(msgpack, "meta", CQ_STR_LIT("\x81\xa1k\x01")), "");
}
END_TEST

START_TEST(a_job_without_data_is_refused)
{
    ck_assert(strstr(verdict(CQ_STR_LIT(""), NULL, CQ_STR_NONE), "there is none"));
    ck_assert(strstr(verdict(CQ_STR_NONE, NULL, CQ_STR_NONE), "there is none"));
}
END_TEST

START_TEST(a_long_name_leaves_the_option_in_the_message)
{
    char name[400];
    memset(name, 'x', sizeof(name));
    struct cq_str long_name = cq_str_n(name, sizeof(name));
    ck_assert(strstr(verdict(CQ_STR_LIT(JSON_CALL), "success_callback_name", long_name),
                     "x..., which no --allow covers"));
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = tcase_create("all");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, what_python_wrote_is_allowed_or_refused_as_it_should_be);
    tcase_add_test(tc, a_job_that_is_cut_anywhere_is_refused);
    tcase_add_test(tc, without_a_prefix_everything_may_run);
    tcase_add_test(tc, a_prefix_covers_itself_and_names_below_it);
    tcase_add_test(tc, callbacks_are_functions_too);
    tcase_add_test(tc, meta_and_an_old_result_are_looked_at_like_data);
    tcase_add_test(tc, meta_in_another_serializer_than_data_is_refused);
    tcase_add_test(tc, a_job_without_data_is_refused);
    tcase_add_test(tc, a_long_name_leaves_the_option_in_the_message);
    return suite_of("allow", tc);
}
