/* Which word is guessed for a mistyped one, and when none is. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "config/nearest.h"
#include "tests/support/suite.h"

static const char *const words[] = {"queue", "quiet", "burst", "max-jobs", "results-ttl"};

static const struct {
    const char *typed, *wanted;
} slips[] = {
    {"brust", "burst"},       /* two letters swapped */
    {"quite", "quiet"},       /* the same, though `queue` is two changes away, too */
    {"qeue", "queue"},        /* a letter missing */
    {"quueue", "queue"},      /* one too many */
    {"max-jops", "max-jobs"}, /* another one */
    {"MAX_JOBS", "max-jobs"}, /* no slip at all */
    {"result-ttl", "results-ttl"},
};

START_TEST(a_slip_gets_the_word_that_was_meant)
{
    ck_assert_str_eq(cq_nearest(slips[_i].typed, words, CQ_ARRAY_LEN(words)), slips[_i].wanted);
}
END_TEST

START_TEST(what_is_near_to_nothing_gets_no_guess)
{
    char endless[200];
    memset(endless, 'q', sizeof(endless) - 1);
    endless[sizeof(endless) - 1] = '\0';
    ck_assert_ptr_null(cq_nearest("frobnicate", words, CQ_ARRAY_LEN(words)));
    ck_assert_ptr_null(cq_nearest("", words, CQ_ARRAY_LEN(words)));
    ck_assert_ptr_null(cq_nearest(endless, words, CQ_ARRAY_LEN(words)));
    ck_assert_ptr_null(cq_nearest("queue", words, 0));
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = tcase_create("nearest");
    tcase_add_loop_test(tc, a_slip_gets_the_word_that_was_meant, 0, (int)CQ_ARRAY_LEN(slips));
    tcase_add_test(tc, what_is_near_to_nothing_gets_no_guess);
    return suite_of("nearest", tc);
}
