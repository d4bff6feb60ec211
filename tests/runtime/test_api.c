#include "base/strv.h"
#include "tests/support/rig.h"
#include "tests/support/suite.h"

/* cq.h as modules see it: what it declares is what the executable exports, and it compiles as C and as
 * C++. */

static char *read_file(const char *path)
{
    struct cq_buf text = CQ_BUF_INIT(1024 * 1024);
    char part[4096];
    size_t n;
    FILE *file = fopen(path, "re");
    ck_assert_msg(file != NULL, "%s: run the tests from the top folder", path);
    while ((n = fread(part, 1, sizeof(part), file)) > 0)
        cq_buf_append(&text, part, n);
    fclose(file);
    return cq_buf_steal(&text);
}

/* Names after which `after` follows; comments are left out. */
static void collect(char *text, char after, struct cq_strv *names)
{
    for (char *comment; (comment = strstr(text, "/*"));)
        memset(comment, ' ', (size_t)(strstr(comment, "*/") + 2 - comment));
    for (char *p = text; (p = strstr(p, "cq_"));) {
        size_t len = strspn(p, "abcdefghijklmnopqrstuvwxyz_0123456789");
        bool starts = p == text || !strchr("abcdefghijklmnopqrstuvwxyz_", p[-1]);
        if (starts && p[len] == after &&
            !(len == strlen("cq_function") && strncmp(p, "cq_function", len) == 0))
            cq_strv_push(names, cq_str_n(p, len));
        p += len;
    }
}

static bool has(const struct cq_strv *names, const char *name)
{
    for (size_t i = 0; i < names->len; i++)
        if (strcmp(names->items[i], name) == 0)
            return true;
    return false;
}

START_TEST(the_executable_exports_what_the_header_declares)
{
    struct cq_strv declared = CQ_STRV_INIT, exported = CQ_STRV_INIT;
    char *header = read_file("runtime/cq.h"), *map = read_file("runtime/exports.map");
    collect(header, '(', &declared);
    collect(map, ';', &exported);
    ck_assert_uint_gt(declared.len, 40);
    for (size_t i = 0; i < declared.len; i++)
        ck_assert_msg(has(&exported, declared.items[i]), "%s is not in exports.map", declared.items[i]);
    for (size_t i = 0; i < exported.len; i++)
        ck_assert_msg(has(&declared, exported.items[i]), "%s is not in cq.h", exported.items[i]);
    cq_strv_release(&declared);
    cq_strv_release(&exported);
    free(header);
    free(map);
}
END_TEST

START_TEST(the_example_compiles_as_c99_and_as_cpp)
{
    static const char *const compilers[] = {"cc -std=c99 -D_GNU_SOURCE -x c", "c++ -std=c++11 -x c++"};
    char command[256];
    for (size_t i = 0; i < CQ_ARRAY_LEN(compilers); i++) {
        snprintf(command, sizeof(command),
                 "%s -Wall -Wextra -Wpedantic -Werror -Iruntime -fsyntax-only examples/demo.c", compilers[i]);
        ck_assert_msg(system(command) == 0, "%s", command);
    }
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = tcase_create("api");
    tcase_add_test(tcase, the_executable_exports_what_the_header_declares);
    tcase_add_test(tcase, the_example_compiles_as_c99_and_as_cpp);
    return suite_of("runtime/api", tcase);
}
