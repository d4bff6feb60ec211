#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/suite.h"
#include "worker/output_tail.h"

static struct cq_output_tail tail;

static void set_up(void)
{
    cq_output_tail_init(&tail);
}

static void tear_down(void)
{
    cq_output_tail_release(&tail);
}

static void add_numbers(int from, int to)
{
    char line[32];
    for (int i = from; i <= to; i++) {
        snprintf(line, sizeof(line), "line %d", i);
        cq_output_tail_add(&tail, cq_str(line));
    }
}

START_TEST(nothing_written_is_nothing_kept)
{
    ck_assert_ptr_null(cq_output_tail_last(&tail).data);
    add_numbers(1, 3);
    cq_output_tail_clear(&tail);
    ck_assert_ptr_null(cq_output_tail_last(&tail).data);
}
END_TEST

START_TEST(few_lines_are_all_kept)
{
    add_numbers(1, 2);
    cq_output_tail_add(&tail, CQ_STR_LIT(""));
    ck_assert(cq_str_is(cq_output_tail_last(&tail), "line 1\nline 2\n\n"));
}
END_TEST

START_TEST(of_many_lines_the_last_twenty_are_kept)
{
    add_numbers(1, 100000);
    struct cq_str last = cq_output_tail_last(&tail);
    ck_assert(cq_str_starts(last, "line 99981\n"));
    ck_assert_int_eq(memcmp(last.data + last.len - 12, "line 100000\n", 12), 0);
    int lines = 0;
    for (size_t i = 0; i < last.len; i++)
        lines += last.data[i] == '\n';
    ck_assert_int_eq(lines, CQ_OUTPUT_TAIL_LINES);
}
END_TEST

START_TEST(long_lines_count_in_bytes_too)
{
    char *line = malloc(CQ_OUTPUT_TAIL_BYTES * 2);
    memset(line, 'x', CQ_OUTPUT_TAIL_BYTES * 2);
    for (int i = 0; i < 10; i++)
        cq_output_tail_add(&tail, cq_str_n(line, 5000));
    ck_assert_uint_eq(cq_output_tail_last(&tail).len, 3 * 5001); /* whole lines */
    cq_output_tail_add(&tail, cq_str_n(line, CQ_OUTPUT_TAIL_BYTES * 2));
    ck_assert_uint_eq(cq_output_tail_last(&tail).len, CQ_OUTPUT_TAIL_BYTES);
    cq_output_tail_add(&tail, CQ_STR_LIT("end"));
    ck_assert(cq_str_is(cq_output_tail_last(&tail), "end\n"));
    free(line);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = tcase_create("tail");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, nothing_written_is_nothing_kept);
    tcase_add_test(tcase, few_lines_are_all_kept);
    tcase_add_test(tcase, of_many_lines_the_last_twenty_are_kept);
    tcase_add_test(tcase, long_lines_count_in_bytes_too);
    return suite_of("worker/tail", tcase);
}
