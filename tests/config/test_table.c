/* The table of settings, config.example.ini and docs/CLI.md say the same. */
#include "tests/config/settings_scene.h"
#include "tests/support/suite.h"

/* A file of the project, as a text to free. */
static char *read_text(const char *name)
{
    char *text = calloc(1, 262144);
    FILE *file = fopen(name, "re");
    ck_assert_msg(file != NULL, "%s is missing", name);
    ck_assert_uint_gt(fread(text, 1, 262143, file), 1000);
    fclose(file);
    return text;
}

/* The line of config.example.ini that shows a setting must hold its default, and its environment variables be
 * named. */
START_TEST(the_example_documents_every_setting_with_its_default)
{
    char *text = read_text("config.example.ini"), wanted[160], section[32];
    size_t count;
    const struct cq_setting *table = cq_settings_table(&count);
    for (size_t i = 0; i < count; i++) {
        if (!table[i].section)
            continue;
        snprintf(section, sizeof(section), "\n[%s]\n", table[i].section);
        const char *from = strstr(text, section), *initial = table[i].initial;
        ck_assert_msg(from != NULL, "no section %s", section);
        snprintf(wanted, sizeof(wanted), "\n# %s =%s%s\n", table[i].key, initial ? " " : "",
                 initial ? initial : "");
        const char *at = strstr(from, wanted), *next = strstr(from + 1, "\n[");
        ck_assert_msg(at && (!next || at < next), "[%s] lacks the line %s", table[i].section, wanted + 1);
        for (size_t j = 0; j < 2 && table[i].env[j]; j++)
            ck_assert_msg(strstr(text, table[i].env[j]) != NULL, "%s is not mentioned", table[i].env[j]);
    }
    free(text);
}
END_TEST

START_TEST(the_example_shows_nothing_that_is_no_setting)
{
    char *text = read_text("config.example.ini");
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        char key[64], value[64];
        if (sscanf(line, "# %63[a-z_] =%63[^\n]", key, value) < 1 || !strstr(line, " =") ||
            strstr(line, "/usr/local") || strcmp(key, "functions") == 0)
            continue;
        bool known = cq_setting_find(CQ_STR_LIT("redis"), cq_str(key)) ||
                     cq_setting_find(CQ_STR_LIT("worker"), cq_str(key));
        ck_assert_msg(known, "unknown: %s", line);
    }
    free(text);
}
END_TEST

/* `| results_ttl | `--results-ttl` | `CQ_RESULTS_TTL` | 500 |`, or `-` where there is none. */
static void table_line(const struct cq_setting *setting, char *text, size_t size)
{
    char option[64] = "-", env[96] = "-";
    if (setting->option.name)
        snprintf(option, sizeof(option), "`--%s`", setting->option.name);
    if (setting->env[0])
        snprintf(env, sizeof(env), "`%s`%s%s%s", setting->env[0], setting->env[1] ? ", `" : "",
                 setting->env[1] ? setting->env[1] : "", setting->env[1] ? "`" : "");
    snprintf(text, size, "\n| %s%s%s | %s | %s | %s |\n", setting->section ? setting->section : "",
             setting->section ? "." : "", setting->section ? setting->key : "-", option, env,
             setting->initial ? setting->initial : "-");
}

START_TEST(the_documentation_lists_every_setting_with_its_option_variables_and_default)
{
    char *text = read_text("docs/CLI.md"), wanted[256];
    size_t count, lines = 0;
    const struct cq_setting *table = cq_settings_table(&count);
    for (size_t i = 0; i < count; i++) {
        table_line(&table[i], wanted, sizeof(wanted));
        ck_assert_msg(strstr(text, wanted) != NULL, "docs/CLI.md lacks: %s", wanted + 1);
    }
    for (const char *at = strstr(text, "\n## Settings\n"); at && (at = strstr(at + 1, "\n| ")); lines++)
        continue;
    ck_assert_uint_eq(lines, count + 2); /* with the head of the table, and of none that is gone */
    free(text);
}
END_TEST

START_TEST(every_row_fits_its_field)
{
    size_t count;
    const struct cq_setting *table = cq_settings_table(&count);
    for (size_t i = 0; i < count; i++) {
        const struct cq_setting *row = &table[i];
        bool number = row->type == CQ_SETTING_INT || row->type == CQ_SETTING_SECONDS ||
                      row->type == CQ_SETTING_SIZE || row->type == CQ_SETTING_TIMEOUT;
        if (number)
            ck_assert_msg(
                row->min < row->max &&
                    (row->size == 8 || (row->size == 4 && row->min >= INT32_MIN && row->max <= INT32_MAX)),
                "%s: its bounds do not fit into its field", row->key);
        if (row->type == CQ_SETTING_CHOICE || row->type == CQ_SETTING_LEVEL)
            ck_assert_msg(row->size == sizeof(int), "%s: its enum has another size", row->key);
        if (row->type == CQ_SETTING_BOOL)
            ck_assert_msg(row->size == sizeof(bool), "%s: not a bool", row->key);
        if (row->type == CQ_SETTING_LIST || row->type == CQ_SETTING_NAMES)
            ck_assert_msg(row->size == sizeof(struct cq_strv), "%s: not a list", row->key);
        ck_assert_msg(row->help && *row->help, "%s: no help", row->key);
        ck_assert_msg(!row->option.group || row->option.name, "%s: a group without an option", row->key);
        ck_assert_msg(!row->option.name || !row->option.argument == (row->option.value != NULL),
                      "%s: either argument or value", row->key);
    }
}
END_TEST

START_TEST(the_example_with_all_its_lines_uncommented_is_valid)
{
    char line[512], *text = calloc(1, 65536);
    FILE *file = fopen("config.example.ini", "re");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof(line), file)) {
        char *equals = strstr(line, " =");
        bool setting = strncmp(line, "# ", 2) == 0 && equals &&
                       strcspn(line + 2, " ") == (size_t)(equals - line - 2);
        bool section = strncmp(line, "# [", 3) == 0;
        strcat(text, setting || section ? line + 2 : line);
    }
    fclose(file);
    /* A url stands alone, even an empty one beside a host: it says nothing then. */
    load_ok(text, nothing);
    ck_assert_uint_eq(settings.program_count, 1);
    ck_assert_uint_eq(settings.runtime_count, 1);
    ck_assert_int_eq(settings.results_ttl_s, 500);
    free(text);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = tcase_create("all");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, the_example_documents_every_setting_with_its_default);
    tcase_add_test(tc, the_example_shows_nothing_that_is_no_setting);
    tcase_add_test(tc, the_documentation_lists_every_setting_with_its_option_variables_and_default);
    tcase_add_test(tc, every_row_fits_its_field);
    tcase_add_test(tc, the_example_with_all_its_lines_uncommented_is_valid);
    return suite_of("table", tc);
}
