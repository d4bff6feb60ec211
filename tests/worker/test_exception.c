/* The line of a failure's text that the log has. */
#include <check.h>
#include <stdlib.h>

#include "base/attr.h"
#include "tests/support/suite.h"
#include "worker/exception.h"

#define HEAD "Traceback (most recent call last):\n  File \"app.py\", line 1, in f\n    raise E\n    ^^^^^^^\n"

static const struct {
    const char *text, *line;
} cases[] = {
    {"", ""},
    {" \n\n", ""},
    {"cq.ArgumentError: argument 0 must be int, not str\n",
     "cq.ArgumentError: argument 0 must be int, not str"},
    {"some words\nWork-horse terminated unexpectedly; waitpid returned 9 (signal 9); ",
     "Work-horse terminated unexpectedly; waitpid returned 9 (signal 9);"},
    {HEAD "ValueError: boom\n", "ValueError: boom"},
    {HEAD "app.Invalid: 2 errors\nname\n  field required\n", "app.Invalid: 2 errors"},
    {HEAD "ValueError: boom\na note\n", "ValueError: boom"},
    {HEAD "KeyError: 1\n\nDuring handling of the above exception, another exception occurred:\n\n" HEAD
          "OSError: two\nmore\n",
     "OSError: two"},
    {"Traceback (most recent call last):\n  File \"app.py\", line 2\n    def f(:\n          ^\nSyntaxError: "
     "invalid syntax\n",
     "SyntaxError: invalid syntax"},
    {"  + Exception Group Traceback (most recent call last):\n  |   File \"app.py\", line 1, in f\n  | "
     "ExceptionGroup: many (2 sub-exceptions)\n"
     "  +-+---------------- 1 ----------------\n    | Traceback (most recent call last):\n    |   File "
     "\"app.py\", line 1, in f\n"
     "    | ValueError: a\n    +------------------------------------\n",
     "ExceptionGroup: many (2 sub-exceptions)"},
    {HEAD, "    ^^^^^^^"},
    {"Traceback (most recent call last):", "Traceback (most recent call last):"},
};

START_TEST(a_failure_is_named_by_the_line_with_its_exception)
{
    struct cq_str line = cq_exception_line(cq_str(cases[_i].text));
    ck_assert_msg(cq_str_is(line, cases[_i].line), "'%.*s' instead of '%s'", (int)line.len, line.data,
                  cases[_i].line);
}
END_TEST

START_TEST(no_text_has_no_line)
{
    ck_assert_uint_eq(cq_exception_line(CQ_STR_NONE).len, 0);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = tcase_create("exception");
    tcase_add_loop_test(tcase, a_failure_is_named_by_the_line_with_its_exception, 0,
                        (int)CQ_ARRAY_LEN(cases));
    tcase_add_test(tcase, no_text_has_no_line);
    return suite_of("worker/exception", tcase);
}
