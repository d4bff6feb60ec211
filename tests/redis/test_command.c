#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "redis/command.h"
#include "tests/support/suite.h"

static struct cq_command command;

static void setup(void)
{
    cq_command_init(&command);
}

static void teardown(void)
{
    cq_command_release(&command);
}

static void wire_is(const char *want)
{
    struct cq_str wire = cq_command_wire(&command);
    ck_assert_msg(cq_str_is(wire, want), "got %.*s", (int)wire.len, wire.data);
}

START_TEST(writes_arguments_as_resp)
{
    cq_command_texts(&command, "SET", "key", "", NULL);
    cq_command_arg(&command, cq_str_n("a\0\r\n", 4));
    struct cq_str wire = cq_command_wire(&command);
    static const char want[] = "*4\r\n$3\r\nSET\r\n$3\r\nkey\r\n$0\r\n\r\n$4\r\na\0\r\n\r\n";
    ck_assert(cq_str_eq(wire, cq_str_n(want, sizeof(want) - 1)));
}
END_TEST

START_TEST(the_wire_form_follows_what_is_added_later)
{
    cq_command_text(&command, "PING");
    wire_is("*1\r\n$4\r\nPING\r\n");
    wire_is("*1\r\n$4\r\nPING\r\n");
    for (int i = 0; i < 9; i++)
        cq_command_text(&command, "x");
    struct cq_str wire = cq_command_wire(&command);
    ck_assert(cq_str_starts(wire, "*10\r\n$4\r\nPING\r\n$1\r\nx\r\n"));
}
END_TEST

START_TEST(writes_integers_up_to_both_ends)
{
    cq_command_int(&command, 0);
    cq_command_int(&command, -7);
    cq_command_int(&command, INT64_MAX);
    cq_command_int(&command, INT64_MIN);
    wire_is("*4\r\n$1\r\n0\r\n$2\r\n-7\r\n$19\r\n9223372036854775807\r\n$20\r\n-9223372036854775808\r\n");
}
END_TEST

START_TEST(formats_short_and_long_arguments)
{
    char text[1001];
    memset(text, 'x', 1000);
    text[1000] = '\0';
    cq_command_argf(&command, "rq:job:%s", "1");
    cq_command_argf(&command, "%s", text);
    struct cq_str wire = cq_command_wire(&command);
    ck_assert(cq_str_starts(wire, "*2\r\n$8\r\nrq:job:1\r\n$1000\r\nxxxx"));
    ck_assert_uint_eq(wire.len, 4 + 14 + 7 + 1002);
}
END_TEST

START_TEST(a_cleared_command_starts_anew_and_keeps_no_huge_buffer)
{
    char *big = calloc(1, 4 << 20);
    cq_command_text(&command, "SET");
    cq_command_arg(&command, cq_str_n(big, 4 << 20));
    free(big);
    cq_command_clear(&command);
    ck_assert_uint_lt(command.body.cap, 2 << 20);
    cq_command_text(&command, "PING");
    wire_is("*1\r\n$4\r\nPING\r\n");
}
END_TEST

START_TEST(an_argument_above_the_limit_is_refused_before_it_is_copied)
{
    cq_command_text(&command, "SET");
    cq_command_arg(&command, cq_str_n("", (size_t)CQ_COMMAND_MAX + 1));
    ck_assert(command.body.overflow);
    wire_is("*1\r\n$3\r\nSET\r\n");
    cq_command_clear(&command);
    ck_assert(!command.body.overflow);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = tcase_create("all");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, writes_arguments_as_resp);
    tcase_add_test(tc, the_wire_form_follows_what_is_added_later);
    tcase_add_test(tc, writes_integers_up_to_both_ends);
    tcase_add_test(tc, formats_short_and_long_arguments);
    tcase_add_test(tc, a_cleared_command_starts_anew_and_keeps_no_huge_buffer);
    tcase_add_test(tc, an_argument_above_the_limit_is_refused_before_it_is_copied);
    return suite_of("command", tc);
}
