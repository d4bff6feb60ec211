/* The table of settings and config.example.ini say the same. */
#include "tests/config/settings_scene.h"
#include "tests/support/suite.h"

/* The line of config.example.ini that shows a setting must hold its default, and its environment variables be
 * named. */
START_TEST(the_example_documents_every_setting_with_its_default)
{
    char *text = calloc(1, 65536), wanted[160], section[32];
    FILE *file = fopen("config.example.ini", "re");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_gt(fread(text, 1, 65535, file), 1000);
    fclose(file);
    size_t count;
    const struct cq_setting *table = cq_settings_table(&count);
    for (size_t i = 0; i < count; i++) {
        snprintf(section, sizeof(section), "\n[%s]\n", table[i].section);
        const char *from = strstr(text, section);
        ck_assert_msg(from != NULL, "no section %s", section);
        snprintf(wanted, sizeof(wanted), "\n# %s =%s%s\n", table[i].key, *table[i].initial ? " " : "",
                 table[i].initial);
        const char *at = strstr(from, wanted), *next = strstr(from + 1, "\n[");
        ck_assert_msg(at && (!next || at < next), "[%s] lacks the line %s", table[i].section, wanted + 1);
        for (size_t j = 0; j < 2 && table[i].env[j]; j++)
            ck_assert_msg(strstr(text, table[i].env[j]) != NULL, "%s is not mentioned", table[i].env[j]);
    }
    /* And the other way round: it shows nothing that cq does not know. */
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
    tcase_add_test(tc, the_example_with_all_its_lines_uncommented_is_valid);
    return suite_of("table", tc);
}
