/* The tables of commands and options: what --help, the parser, the completion and the man page take for
 * granted. */
#include <check.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "cmd/line/command.h"
#include "cmd/line/program.h"
#include "config/settings.h"
#include "tests/support/suite.h"

/* Call fn for every row of every command's own table, and of the shared one with name "shared". */
static void each_option(void (*fn)(const char *command, const struct cq_option *option))
{
    struct cq_option rows[CQ_OPTIONS_MAX];
    for (const struct cq_cmd *cmd = cq_commands; cmd->name; cmd++) {
        cq_options_expand(cmd->syntax->options, rows);
        for (const struct cq_option *option = rows; option->kind != CQ_OPTION_END; option++)
            fn(cmd->name, option);
    }
    cq_options_expand(cq_shared_options, rows);
    for (const struct cq_option *option = rows; option->kind != CQ_OPTION_END; option++)
        fn("shared", option);
}

static void check_row(const char *command, const struct cq_option *option)
{
    const char *name = option->name ? option->name : "a short option";
    if (option->kind == CQ_OPTION_HEADING) {
        ck_assert_ptr_nonnull(option->help);
        return;
    }
    ck_assert_msg(option->name || option->letter, "%s: a row without a name", command);
    if (option->kind == CQ_OPTION_MISSING)
        return;
    ck_assert_msg(option->help, "%s --%s: no help", command, name);
    if (option->kind == CQ_OPTION_FLAG)
        ck_assert_msg(!option->argument, "%s --%s: a flag with an argument", command, name);
    else if (option->kind == CQ_OPTION_SETTING)
        ck_assert_msg(!option->argument == (option->value != NULL), "%s --%s: either argument or value",
                      command, name);
    else
        ck_assert_msg(option->argument, "%s --%s: no word for its value", command, name);
    if (option->kind == CQ_OPTION_CHOICE)
        ck_assert_msg(option->words, "%s --%s: no words", command, name);
    if (option->kind == CQ_OPTION_INT || option->kind == CQ_OPTION_DURATION ||
        option->kind == CQ_OPTION_DURATIONS)
        ck_assert_msg(option->min < option->max, "%s --%s: no bounds", command, name);
    if (option->help)
        ck_assert_msg(!isspace((unsigned char)option->help[strlen(option->help) - 1]) &&
                          option->help[strlen(option->help) - 1] != '.',
                      "%s --%s: help ends in a dot or a space", command, name);
}

START_TEST(every_row_is_whole)
{
    each_option(check_row);
}
END_TEST

static bool same_name(const struct cq_option *a, const struct cq_option *b)
{
    return (a->name && b->name && strcmp(a->name, b->name) == 0) || (a->letter && a->letter == b->letter);
}

START_TEST(no_option_is_there_twice)
{
    struct cq_option own[CQ_OPTIONS_MAX], shared[CQ_OPTIONS_MAX];
    cq_options_expand(cq_shared_options, shared);
    for (const struct cq_cmd *cmd = cq_commands; cmd->name; cmd++) {
        cq_options_expand(cmd->syntax->options, own);
        for (const struct cq_option *a = own; a->kind != CQ_OPTION_END; a++) {
            for (const struct cq_option *b = a + 1; b->kind != CQ_OPTION_END; b++)
                ck_assert_msg(!same_name(a, b), "%s: --%s and --%s", cmd->name, a->name, b->name);
            /* What all commands but one refuse may be an option of that one: its own table is looked through
             * first. */
            for (const struct cq_option *b = shared; b->kind != CQ_OPTION_END && !cmd->syntax->local; b++)
                ck_assert_msg(b->kind == CQ_OPTION_MISSING || !same_name(a, b), "%s: --%s and shared --%s",
                              cmd->name, a->name, b->name);
        }
    }
}
END_TEST

START_TEST(commands_of_a_group_stand_together)
{
    for (const struct cq_cmd *cmd = cq_commands; cmd->name; cmd++)
        for (const struct cq_cmd *later = cmd + 1; later->name && strcmp(later[-1].group, cmd->group) != 0;
             later++)
            ck_assert_str_ne(later->group, cmd->group);
    ck_assert_ptr_nonnull(cq_command_find("worker"));
    ck_assert_ptr_null(cq_command_find("work"));
}
END_TEST

START_TEST(every_error_has_a_status)
{
    ck_assert_int_eq(cq_exit_of(CQ_OK), 0);
    ck_assert_int_eq(cq_exit_of(CQ_ERR_NO_SUCH_JOB), 1);
    ck_assert_int_eq(cq_exit_of(CQ_ERR_DUPLICATE_JOB), 1);
    ck_assert_int_eq(cq_exit_of(CQ_ERR_INVALID_OPERATION), 1);
    ck_assert_int_eq(cq_exit_of(CQ_ERR_USAGE), 2);
    ck_assert_int_eq(cq_exit_of(CQ_ERR_CONFIG), 3);
    ck_assert_int_eq(cq_exit_of(CQ_ERR_CONNECTION), 4);
    ck_assert_int_eq(cq_exit_of(CQ_ERR_REDIS), 4);
    ck_assert_int_eq(cq_exit_of(CQ_ERR_SYSTEM), 71);
}
END_TEST

static char *read_text(const char *path)
{
    static char text[256 * 1024];
    FILE *file = fopen(path, "r");
    ck_assert_msg(file, "%s is missing", path);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    return text;
}

START_TEST(the_documentation_has_every_status)
{
    const char *text = read_text("docs/CLI.md");
    char row[256];
#define CHECK_STATUS(name, status, meaning)                         \
    snprintf(row, sizeof(row), "\n| %d | %s |\n", status, meaning); \
    ck_assert_msg(strstr(text, row), "docs/CLI.md lacks: %s", row);
    CQ_EXIT_STATUSES(CHECK_STATUS)
#undef CHECK_STATUS
}
END_TEST

static const char *documentation;

static void check_documented(const char *command, const struct cq_option *option)
{
    char name[64];
    if (option->kind == CQ_OPTION_HEADING || !option->name || strcmp(option->name, "help") == 0)
        return;
    snprintf(name, sizeof(name), "--%s", option->name);
    ck_assert_msg(strstr(documentation, name), "docs/CLI.md lacks %s of %s", name, command);
}

START_TEST(the_documentation_has_every_option)
{
    documentation = read_text("docs/CLI.md");
    each_option(check_documented);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = tcase_create("all");
    tcase_add_test(tc, every_row_is_whole);
    tcase_add_test(tc, no_option_is_there_twice);
    tcase_add_test(tc, commands_of_a_group_stand_together);
    tcase_add_test(tc, every_error_has_a_status);
    tcase_add_test(tc, the_documentation_has_every_status);
    tcase_add_test(tc, the_documentation_has_every_option);
    return suite_of("commands", tc);
}
