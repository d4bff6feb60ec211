/* The one error struct: one line that fits. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/utf8.h"
#include "tests/support/suite.h"

enum { ROOM = sizeof(((struct cq_error *)NULL)->text) - 1 };

START_TEST(an_error_has_a_code_and_a_text)
{
    struct cq_error err;
    ck_assert_int_eq(cq_error_set(&err, CQ_ERR_CONFIG, "%s: line %d", "cq.ini", 3), CQ_ERR_CONFIG);
    ck_assert_int_eq(err.code, CQ_ERR_CONFIG);
    ck_assert_str_eq(err.text, "cq.ini: line 3");
    ck_assert_int_eq(cq_error_set(&err, CQ_ERR_USAGE, "%s", ""), CQ_ERR_USAGE);
    ck_assert_str_eq(err.text, "");
}
END_TEST

START_TEST(who_does_not_care_gets_the_code_alone)
{
    ck_assert_int_eq(cq_error_set(NULL, CQ_ERR_LIMIT, "%d", 1), CQ_ERR_LIMIT);
    ck_assert_int_eq(cq_error_errno(NULL, ENOENT, "%d", 1), CQ_ERR_SYSTEM);
}
END_TEST

START_TEST(an_error_may_be_told_in_another)
{
    struct cq_error err;
    cq_error_set(&err, CQ_ERR_CONNECTION, "refused");
    cq_error_set(&err, err.code, "redis: %s", err.text);
    ck_assert_int_eq(err.code, CQ_ERR_CONNECTION);
    ck_assert_str_eq(err.text, "redis: refused");
    cq_error_errno(&err, EPIPE, "%s", err.text);
    ck_assert_str_eq(err.text, "redis: refused: Broken pipe");
}
END_TEST

START_TEST(a_system_call_failed_for_a_reason)
{
    struct cq_error err;
    ck_assert_int_eq(cq_error_errno(&err, ENOENT, "cannot open %s", "cq.ini"), CQ_ERR_SYSTEM);
    ck_assert_int_eq(err.code, CQ_ERR_SYSTEM);
    ck_assert_str_eq(err.text, "cannot open cq.ini: No such file or directory");
    cq_error_errno(&err, 12345, "odd");
    ck_assert_str_eq(err.text, "odd: Unknown error 12345");
}
END_TEST

START_TEST(a_long_text_is_cut_where_the_room_ends)
{
    struct cq_error err;
    char text[ROOM + 10];
    for (size_t len = ROOM - 2; len < sizeof(text); len++) {
        memset(text, 'x', len);
        text[len] = '\0';
        cq_error_set(&err, CQ_ERR_USAGE, "%s", text);
        ck_assert_uint_eq(strlen(err.text), len < ROOM ? len : ROOM);
        ck_assert_int_eq(strncmp(err.text, text, strlen(err.text)), 0);
    }
}
END_TEST

START_TEST(a_long_text_is_cut_between_characters)
{
    static const char *const characters[] = {"\xc3\xa9", "\xe6\x97\xa5", "\xf0\x9f\x98\x80"};
    struct cq_error err;
    for (size_t i = 0; i < CQ_ARRAY_LEN(characters); i++)
        for (size_t before = ROOM - 6; before <= ROOM; before++) {
            char text[ROOM + 20];
            size_t width = strlen(characters[i]);
            memset(text, 'x', before);
            for (int n = 0; n < 3; n++)
                memcpy(text + before + (size_t)n * width, characters[i], width + 1);
            cq_error_set(&err, CQ_ERR_USAGE, "%s", text);
            size_t fit = before + (ROOM - before) / width * width;
            ck_assert_uint_eq(strlen(err.text), fit < strlen(text) ? fit : strlen(text));
            ck_assert(cq_utf8_valid(cq_str(err.text)));
        }
}
END_TEST

START_TEST(a_long_text_leaves_room_for_the_reason)
{
    static const char *const characters[] = {"x", "\xc3\xa9", "\xe6\x97\xa5", "\xf0\x9f\x98\x80"};
    static const char reason[] = ": No such file or directory";
    struct cq_error err;
    for (size_t i = 0; i < CQ_ARRAY_LEN(characters); i++) {
        char text[2 * ROOM] = "";
        while (strlen(text) <= ROOM)
            strcat(text, characters[i]);
        cq_error_errno(&err, ENOENT, "%s", text);
        ck_assert_uint_ge(strlen(err.text), ROOM - 3);
        ck_assert_str_eq(err.text + strlen(err.text) - strlen(reason), reason);
        ck_assert(cq_utf8_valid(cq_str(err.text)));
    }
}
END_TEST

START_TEST(control_characters_become_question_marks)
{
    struct cq_error err;
    cq_error_set(&err, CQ_ERR_NO_SUCH_JOB, "%s", "a\nb\r\t\x1b[2J\x7f");
    ck_assert_str_eq(err.text, "a?b???[2J?");
    cq_error_set(&err, CQ_ERR_NO_SUCH_JOB, "a%cb", 1);
    ck_assert_str_eq(err.text, "a?b");
    cq_error_set(&err, CQ_ERR_NO_SUCH_JOB, "%s",
                 "\xc2\x80-\xc2\x9b-\xc2\x9f|\xc2\xa0\xc3\xa9\xc3\x85"); /* C1, then none */
    ck_assert_str_eq(err.text, "?-?-?|\xc2\xa0\xc3\xa9\xc3\x85");
    cq_error_errno(&err, ENOENT, "%s", "\n");
    ck_assert_str_eq(err.text, "?: No such file or directory");
}
END_TEST

START_TEST(bytes_that_are_no_utf8_do_no_harm)
{
    struct cq_error err;
    char text[ROOM + 10];
    cq_error_set(&err, CQ_ERR_USAGE, "%s", "\x80\x80");
    ck_assert_str_eq(err.text, "\x80\x80");
    cq_error_set(&err, CQ_ERR_USAGE, "%s", "a\xc2");
    ck_assert_str_eq(err.text, "a"); /* a half character is taken for one that was cut */
    memset(text, 0x80, sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    cq_error_set(&err, CQ_ERR_USAGE, "%s", text);
    ck_assert_uint_eq(strlen(err.text), ROOM);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = tcase_create("error");
    tcase_add_test(tcase, an_error_has_a_code_and_a_text);
    tcase_add_test(tcase, who_does_not_care_gets_the_code_alone);
    tcase_add_test(tcase, an_error_may_be_told_in_another);
    tcase_add_test(tcase, a_system_call_failed_for_a_reason);
    tcase_add_test(tcase, a_long_text_is_cut_where_the_room_ends);
    tcase_add_test(tcase, a_long_text_is_cut_between_characters);
    tcase_add_test(tcase, a_long_text_leaves_room_for_the_reason);
    tcase_add_test(tcase, control_characters_become_question_marks);
    tcase_add_test(tcase, bytes_that_are_no_utf8_do_no_harm);
    return suite_of("base/error", tcase);
}
