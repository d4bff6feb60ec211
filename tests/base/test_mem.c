/* Allocation that cannot fail: it gives memory or ends the process. */
#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/support/suite.h"

enum { OUT_OF_MEMORY = 70 };

/* A sanitizer's allocator is to answer NULL, as libc's does, and not to end the process itself. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

START_TEST(memory_is_given_and_may_be_of_no_size)
{
    unsigned char *block = cq_alloc(1000);
    memset(block, 0xFF, 1000);
    block = cq_realloc(block, 100000);
    for (int i = 0; i < 1000; i++)
        ck_assert_uint_eq(block[i], 0xFF);
    memset(block, 0, 100000);
    block = cq_realloc(block, 0);
    ck_assert_ptr_nonnull(block);
    free(block);
    void *none[] = {cq_alloc(0), cq_calloc(0, 8), cq_calloc(8, 0), cq_realloc(NULL, 0), cq_realloc(NULL, 10)};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        ck_assert_ptr_nonnull(none[i]);
        free(none[i]);
    }
}
END_TEST

START_TEST(cleared_memory_is_zero)
{
    /* What was just freed is likely to come back. */
    for (int i = 0; i < 10; i++) {
        unsigned char *block = cq_calloc(25, 40);
        for (int at = 0; at < 1000; at++)
            ck_assert_uint_eq(block[at], 0);
        memset(block, 0xFF, 1000);
        free(block);
    }
}
END_TEST

START_TEST(copies_are_the_callers_and_end_in_nul)
{
    char text[] = "abcdef";
    char *copies[] = {cq_strdup(text),     cq_strndup(text, 3), cq_memdup("a\0b", 3),
                      cq_strndup(NULL, 0), cq_memdup(NULL, 0),  cq_strdup("")};
    memset(text, 'x', 6);
    ck_assert_str_eq(copies[0], "abcdef");
    ck_assert_str_eq(copies[1], "abc");
    ck_assert_mem_eq(copies[2], "a\0b", 4);
    for (size_t i = 3; i < 6; i++)
        ck_assert_str_eq(copies[i], "");
    for (size_t i = 0; i < 6; i++)
        free(copies[i]);
    ck_assert_ptr_null(cq_strdup(NULL));
}
END_TEST

/* Ask for more than there is. The sizes are volatile: a compiler may take an allocation away that nobody
 * uses. */
static void exhaust(int how)
{
    volatile size_t all = SIZE_MAX, half = SIZE_MAX / 2 + 1;
    void *volatile block = NULL;
    switch (how) {
    case 0: block = cq_alloc(all); break;
    case 1: block = cq_alloc(half); break;
    case 2: block = cq_calloc(half, 2); break; /* the product is 0 */
    case 3: block = cq_calloc(all, all); break;
    case 4: block = cq_realloc(cq_alloc(10), all); break;
    case 5: block = cq_memdup("", all); break; /* with the NUL the size is 0 */
    case 6: block = cq_strndup("", all); break;
    default: break;
    }
    (void)block;
}

START_TEST(without_memory_the_process_ends_with_one_line_and_status_70)
{
    int ends[2], status;
    char said[4096];
    size_t len = 0;
    ssize_t n;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDERR_FILENO);
        exhaust(_i);
        _exit(0);
    }
    ck_assert_int_gt(pid, 0);
    close(ends[1]);
    while ((n = read(ends[0], said + len, sizeof(said) - 1 - len)) > 0)
        len += (size_t)n;
    said[len] = '\0';
    close(ends[0]);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == OUT_OF_MEMORY, "status %x: %s",
                  (unsigned)status, said);
    const char *line = strstr(said, "cq: "); /* after what a sanitizer warns of */
    ck_assert_ptr_nonnull(line);
    ck_assert_str_eq(line, "cq: out of memory\n");
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = tcase_create("mem");
    tcase_add_test(tcase, memory_is_given_and_may_be_of_no_size);
    tcase_add_test(tcase, cleared_memory_is_zero);
    tcase_add_test(tcase, copies_are_the_callers_and_end_in_nul);
    tcase_add_loop_test(tcase, without_memory_the_process_ends_with_one_line_and_status_70, 0, 7);
    return suite_of("base/mem", tcase);
}
