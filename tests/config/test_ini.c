/* The ini file: broken ones, large ones and long lines. */
#include "tests/config/settings_scene.h"
#include "tests/support/suite.h"

static const struct {
    const char *file;
    int line;
    const char *says;
} broken[] = {
    {"[worker\n", 1, "`]`"},
    {"[worker] name\n", 1, "nothing may follow"},
    {"[worker]\nresults_ttl\n", 2, "neither a [section] nor a `key = value`"},
    {"[worker]\n\n= 5\n", 3, "no key"},
    {"name = w\n", 1, "before the first [section]"},
    {"[worke]\nname = w\n", 2, "did you mean [worker]?"},
    {"[program]\nx = y\n", 2, "did you mean [programs]?"},
    {"[zebra]\nx = y\n", 2, "there are [redis], [worker]"},
    {"[worker]\n# fine\nresult_ttl = 5\n", 3, "did you mean `results_ttl`?"},
    {"[worker]\nReuse-Horses = 5\n", 2, "did you mean `reuse_horses`?"},
    {"[worker]\nzebra = 5\n", 2, "config.example.ini"},
    {"[redis]\nname = w\n", 2, "[redis]"},
    {"[worker]\nresults_ttl = -2\n", 2, "between -1 and"},
    {"[worker]\nresults_ttl = soon\n", 2, "`soon` is not seconds"},
    {"[worker]\nworker_ttl = 0\n", 2, "between 1 and"},
    {"[worker]\nnum_workers = 1001\n", 2, "between 1 and 1000"},
    {"[worker]\nnum_workers = 1.5\n", 2, "whole number"},
    {"[worker]\nnum_workers =\n", 2, "whole number"},
    {"[worker]\nreuse_horses = maybe\n", 2, "neither true nor false"},
    {"[worker]\njob_output = file\n", 2, "log, pass or discard"},
    {"[worker]\nlogging_level = LOUD\n", 2, "DEBUG"},
    {"[worker]\nserializer = yaml\n", 2, "pickle, json, msgpack"},
    {"[worker]\nserializer = app..Fast\n", 2, "`app..Fast` is not a dotted name"},
    {"[worker]\nqueues = ,\n", 2, "empty"},
    {"[worker]\nname = a\nname = b\n", 3, "first in line 2"},
    {"[redis]\nport = 65536\n", 2, "between 1 and 65535"},
    {"[redis]\nconnect_timeout = 0\n", 2, "seconds between"},
    {"[redis]\nurl = redis://:SECRET@h:x\n", 2, "port"},
    {"[redis]\nurl = redis://h\npassword = SECRET\n", 3, "line 2"},
    {"[programs]\na = x\na = y\n", 3, "twice"},
    {"[programs]\na =\n", 2, "no command"},
    {"[programs]\na = /bin/a\nb = \"/bin/b\n", 3, "program b: a quote is not closed"},
    {"[programs]\na = /bin/a {x\n", 2, "a brace alone"},
    {"[runtime.]\ncommand = x\n", 2, "has a name"},
    {"[runtime.a]\npath = x\n", 2, "`command` and `functions`"},
    {"[runtime.a]\nfunction = x\n", 2, "did you mean `functions`?"},
    {"[runtime.a]\ncommand = x\n", 2, "[runtime.a] has no functions"},
    {"[runtime.a]\nfunctions = x\n", 2, "[runtime.a] has no command"},
    {"[runtime.a]\ncommand = 'x\n", 2, "[runtime.a] command: program a: a quote is not closed"},
    {"[runtime.a]\ncommand = x {0}\n", 2, "no arguments to put in"},
    {"[runtime.a]\nfunctions = x,,y\n", 2, "functions: an item of the list `x,,y` is empty"},
    {"[runtime.a]\nfunctions = x y\n", 2, "`x y` is not a dotted name"},
    {"[runtime.a]\nfunctions = x\nfunctions = y\n", 3, "twice"},
    {"[runtime.a]\ncommand = x\nfunctions = r\n[runtime.b]\nfunctions = r\ncommand = y\n", 5,
     "`r` is [runtime.a]'s already"},
    {"[runtime.python]\ncommand = x\n", 2, "is cq's own"},
    {"[worker]\npreload = a,\n", 2, "an item of the list `a,` is empty"},
    {"[worker]\npreload = .a\n", 2, "`.a` is not a dotted name"},
    {"[worker]\nallow = app.*\n", 2, "`app.*` is not a dotted name"},
    {"[worker]\nexception_handlers = report\n", 2, "`report` names no module"},
    {"[worker]\njob_class = Job\n", 2, "`Job` names no module"},
    {"[worker]\nconnection_class = app.\n", 2, "`app.` is not a dotted name"},
    {"[worker]\nauto_preload = perhaps\n", 2, "neither true nor false"},
    {"[runtime.a]\ncommand =\n", 2, "nothing after"},
    {"[runtime.a]\ncommand = x\n[runtime.a]\ncommand = y\n", 4, "twice"},
    {"[worker]\nname = a\n  continued\n", 3, "neither"},
    {"[worker]\nbroken\nresults_ttl = -2\n", 2, "neither"},
    {"[aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\n", 1, "too long"},
};

START_TEST(a_broken_file_is_told_with_its_line)
{
    char where[96];
    snprintf(where, sizeof(where), "%s:%d: ", path, broken[_i].line);
    ck_assert_int_eq(load(broken[_i].file, nothing), CQ_ERR_CONFIG);
    ck_assert_msg(strncmp(err.text, where, strlen(where)) == 0, "%s", err.text);
    ck_assert_msg(strstr(err.text, broken[_i].says) != NULL, "%s", err.text);
    ck_assert_ptr_null(strstr(err.text, "SECRET"));
}
END_TEST

START_TEST(binary_and_oversized_files_are_refused)
{
    char *big = malloc(CQ_INI_FILE_MAX * 2);
    memset(big, '\n', CQ_INI_FILE_MAX * 2);
    write_file("[worker]\nna\0me = w\n", 19, 0600);
    ck_assert_int_eq(load(NULL, nothing), CQ_OK);
    ck_assert_int_eq(cq_settings_load(&settings, path, NULL, lookup, (void *)nothing, &err), CQ_ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.text, ":2: the line holds a NUL"));
    write_file(big, CQ_INI_FILE_MAX * 2, 0600);
    ck_assert_int_eq(cq_settings_load(&settings, path, NULL, lookup, (void *)nothing, &err), CQ_ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.text, "larger than"));
    memset(big, 'x', CQ_INI_LINE_MAX + 1);
    write_file(big, CQ_INI_LINE_MAX + 1, 0600);
    ck_assert_int_eq(cq_settings_load(&settings, path, NULL, lookup, (void *)nothing, &err), CQ_ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.text, ":1: the line is longer than"));
    free(big);
}
END_TEST

START_TEST(a_long_line_is_read_whole)
{
    char text[4096];
    int at = snprintf(text, sizeof(text), "\xEF\xBB\xBF[worker]\r\nqueues = q0");
    for (int i = 1; i < 500; i++)
        at += snprintf(text + at, sizeof(text) - (size_t)at, ",q%d", i);
    snprintf(text + at, sizeof(text) - (size_t)at, "\r\nname = w");
    load_ok(text, nothing);
    ck_assert_uint_eq(settings.queues.len, 500);
    ck_assert_str_eq(settings.queues.items[499], "q499");
    ck_assert_str_eq(settings.name, "w");
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = tcase_create("all");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, a_broken_file_is_told_with_its_line, 0, (int)CQ_ARRAY_LEN(broken));
    tcase_add_test(tc, binary_and_oversized_files_are_refused);
    tcase_add_test(tc, a_long_line_is_read_whole);
    return suite_of("ini", tc);
}
