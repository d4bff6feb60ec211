#include "cmd/line/arguments.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "tests/support/suite.h"

static struct cq_arena arena;
static struct cq_function_call call;
static struct cq_error err;
static char folder[] = "/tmp/cq-arguments-XXXXXX";

static void fresh(void)
{
    cq_arena_init(&arena);
    call = (struct cq_function_call){
        .format = CQ_FORMAT_PICKLE, .function = CQ_STR_LIT("f"), .instance = cq_value_none()};
}

static void done(void)
{
    cq_arena_release(&arena);
}

/* What Python's rq makes of an argument: mode, keyword (NULL: none), value. Source: rq/cli/helpers.py, run by
 * hand. */
static const struct {
    const char *text;
    enum cq_argument_mode mode;
    const char *keyword, *value;
} splits[] = {
    {"x", CQ_ARGUMENT_TEXT, NULL, "x"},
    {"", CQ_ARGUMENT_TEXT, NULL, ""},
    {"=x", CQ_ARGUMENT_TEXT, NULL, "=x"},
    {"key=x", CQ_ARGUMENT_TEXT, "key", "x"},
    {"key=", CQ_ARGUMENT_TEXT, "key", ""},
    {"key=a=b", CQ_ARGUMENT_TEXT, "key", "a=b"},
    {":1", CQ_ARGUMENT_JSON, NULL, "1"},
    {":", CQ_ARGUMENT_JSON, NULL, ""},
    {":a=1", CQ_ARGUMENT_JSON, NULL, "a=1"},
    {"%1", CQ_ARGUMENT_LITERAL, NULL, "1"},
    {"key:=1", CQ_ARGUMENT_JSON, "key", "1"},
    {"key%=1", CQ_ARGUMENT_LITERAL, "key", "1"},
    {"a:b:=1", CQ_ARGUMENT_TEXT, "a:b:", "1"}, /* only the first colon is looked at */
    {"a:b=1", CQ_ARGUMENT_TEXT, "a:b", "1"},
    {"a:b%=1", CQ_ARGUMENT_LITERAL, "a:b", "1"},
    {"a%b:=1", CQ_ARGUMENT_JSON, "a%b", "1"},
    {"key=:1", CQ_ARGUMENT_TEXT, "key", ":1"},
    {"http://host/?a=1", CQ_ARGUMENT_TEXT, "http://host/?a", "1"},
};

START_TEST(arguments_are_taken_apart_as_rq_does)
{
    struct cq_argument argument;
    cq_argument_split(splits[_i].text, &argument);
    ck_assert_int_eq(argument.mode, splits[_i].mode);
    ck_assert_int_eq(argument.keyword.data != NULL, splits[_i].keyword != NULL);
    if (splits[_i].keyword)
        ck_assert(cq_str_is(argument.keyword, splits[_i].keyword));
    ck_assert(cq_str_is(argument.value, splits[_i].value));
}
END_TEST

static enum cq_code read_args(const char *const *texts, size_t count)
{
    return cq_arguments_read(texts, count, &arena, &call, &err);
}

static void expect_call(const char *text)
{
    struct cq_buf out = CQ_BUF_INIT(4096);
    cq_arguments_describe(&call, &out);
    ck_assert_str_eq(out.data, text);
    cq_buf_release(&out);
}

START_TEST(a_call_is_read_and_described)
{
    const char *texts[] = {"z=1", "a", "b:={\"k\": [1, null]}", "%(1,)", ":2.5", "a%=-3"};
    ck_assert_msg(read_args(texts, CQ_ARRAY_LEN(texts)) == CQ_OK, "%s", err.text);
    ck_assert_int_eq(call.args.kind, CQ_VALUE_LIST);
    ck_assert_uint_eq(call.args.as.list.len, 3);
    ck_assert_uint_eq(call.kwargs.as.map.len, 3);
    ck_assert(cq_str_is(call.kwargs.as.map.pairs[0].key.as.text, "z"));
    expect_call("f('a', (1,), 2.5, a=-3, b={'k': [1, None]}, z='1')");
}
END_TEST

START_TEST(a_call_without_arguments_is_described)
{
    ck_assert_int_eq(read_args(NULL, 0), CQ_OK);
    expect_call("f()");
}
END_TEST

START_TEST(long_arguments_are_not_cut)
{
    char text[301];
    const char *texts[] = {text};
    struct cq_buf out = CQ_BUF_INIT(4096);
    memset(text, 'x', 300);
    text[300] = '\0';
    ck_assert_int_eq(read_args(texts, 1), CQ_OK);
    cq_arguments_describe(&call, &out);
    ck_assert_uint_eq(out.len, strlen("f('')") + 300);
    cq_buf_release(&out);
}
END_TEST

START_TEST(a_call_above_the_limit_is_described_with_its_arguments_cut)
{
    char text[301];
    const char *texts[] = {text};
    struct cq_buf out = CQ_BUF_INIT(200);
    memset(text, 'x', 300);
    text[300] = '\0';
    ck_assert_int_eq(read_args(texts, 1), CQ_OK);
    cq_arguments_describe(&call, &out);
    ck_assert(!out.overflow);
    ck_assert_ptr_nonnull(strstr(out.data, "..."));
    ck_assert_uint_lt(out.len, 100);
    cq_buf_release(&out);
}
END_TEST

static const char *write_file(const char *name, const char *data, size_t len)
{
    static char argument[128];
    snprintf(argument, sizeof(argument), "@%s/%s", folder, name);
    FILE *file = fopen(argument + 1, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(data, 1, len, file), len);
    fclose(file);
    return argument;
}

START_TEST(a_file_is_read_with_newlines_as_python_does)
{
    const char *texts[] = {write_file("text", "a\r\nb\rc\n\r", 8)};
    ck_assert_msg(read_args(texts, 1) == CQ_OK, "%s", err.text);
    ck_assert(cq_str_is(call.args.as.list.items[0].as.text, "a\nb\nc\n\n"));
}
END_TEST

START_TEST(an_empty_file_is_an_empty_text)
{
    const char *texts[] = {write_file("empty", "", 0)};
    ck_assert_int_eq(read_args(texts, 1), CQ_OK);
    expect_call("f('')");
}
END_TEST

START_TEST(a_file_that_is_not_text_is_refused)
{
    const char *texts[] = {write_file("binary", "a\xff", 2)};
    ck_assert_int_eq(read_args(texts, 1), CQ_ERR_INVALID_OPERATION);
    ck_assert_ptr_nonnull(strstr(err.text, "is not UTF-8 text"));
}
END_TEST

static const struct {
    const char *first, *second;
    enum cq_code code;
    const char *text; /* the message begins so */
} wrong[] = {
    {":{", NULL, CQ_ERR_USAGE, "Unable to parse 1. non keyword argument as JSON: "},
    {"a", ":[1,]", CQ_ERR_USAGE, "Unable to parse 2. non keyword argument as JSON: "},
    {"k:=", NULL, CQ_ERR_USAGE, "Unable to parse k as JSON: "},
    {"%f()", NULL, CQ_ERR_USAGE, "Unable to eval 1. non keyword argument as Python object: "},
    {"key%=", NULL, CQ_ERR_USAGE, "Unable to eval key as Python object: "},
    {"k=1", "k=2", CQ_ERR_USAGE, "You can't specify multiple values for the same keyword: 'k'"},
    {"@/nowhere/at/all", NULL, CQ_ERR_INVALID_OPERATION, "Could not open file '/nowhere/at/all': Not found"},
    {"@", NULL, CQ_ERR_INVALID_OPERATION, "Could not open file '': Not found"},
    {"@/tmp", NULL, CQ_ERR_INVALID_OPERATION, "Could not read file '/tmp': Is a directory"},
    {"\xff", NULL, CQ_ERR_USAGE, "1. non keyword argument is not UTF-8 text"},
    {"\xff=1", NULL, CQ_ERR_USAGE, "a keyword is not UTF-8 text"},
};

START_TEST(wrong_arguments_are_refused_in_rqs_words)
{
    const char *texts[] = {wrong[_i].first, wrong[_i].second};
    ck_assert_int_eq(read_args(texts, wrong[_i].second ? 2 : 1), wrong[_i].code);
    ck_assert_msg(strncmp(err.text, wrong[_i].text, strlen(wrong[_i].text)) == 0, "%s", err.text);
}
END_TEST

static void make_folder(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_folder(void)
{
    char command[64];
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

Suite *test_suite(void)
{
    TCase *tc = tcase_create("all");
    tcase_add_unchecked_fixture(tc, make_folder, remove_folder);
    tcase_add_checked_fixture(tc, fresh, done);
    tcase_add_loop_test(tc, arguments_are_taken_apart_as_rq_does, 0, (int)CQ_ARRAY_LEN(splits));
    tcase_add_test(tc, a_call_is_read_and_described);
    tcase_add_test(tc, a_call_without_arguments_is_described);
    tcase_add_test(tc, long_arguments_are_not_cut);
    tcase_add_test(tc, a_call_above_the_limit_is_described_with_its_arguments_cut);
    tcase_add_test(tc, a_file_is_read_with_newlines_as_python_does);
    tcase_add_test(tc, an_empty_file_is_an_empty_text);
    tcase_add_test(tc, a_file_that_is_not_text_is_refused);
    tcase_add_loop_test(tc, wrong_arguments_are_refused_in_rqs_words, 0, (int)CQ_ARRAY_LEN(wrong));
    return suite_of("arguments", tc);
}
