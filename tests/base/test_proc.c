/* What /proc says of a process, and what is left alone when it says nothing. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/process/proc.h"
#include "tests/support/suite.h"

START_TEST(the_name_of_a_process_is_read_by_its_pid_and_of_itself)
{
    char text[64];
    prctl(PR_SET_NAME, "a b) c", 0, 0, 0);
    ck_assert(cq_proc_read(0, "comm", text, sizeof(text)));
    ck_assert_str_eq(text, "a b) c\n");
    ck_assert(cq_proc_read(getpid(), "comm", text, sizeof(text)));
    ck_assert_str_eq(text, "a b) c\n");
}
END_TEST

START_TEST(a_text_ends_where_the_room_does)
{
    char text[4] = "xxx";
    prctl(PR_SET_NAME, "abcdef", 0, 0, 0);
    ck_assert(cq_proc_read(0, "comm", text, sizeof(text)));
    ck_assert_str_eq(text, "abc");
}
END_TEST

START_TEST(a_file_that_is_missing_leaves_the_text_alone)
{
    char text[8] = "before";
    ck_assert(!cq_proc_read_file("/proc/self/no-such-file", text, sizeof(text)));
    ck_assert_int_eq(errno, ENOENT);
    ck_assert(!cq_proc_read_file("/proc/self", text, sizeof(text)));
    ck_assert_int_eq(errno, EISDIR);
    ck_assert_str_eq(text, "before");
}
END_TEST

START_TEST(a_file_that_is_empty_is_an_empty_text)
{
    char text[8] = "before";
    ck_assert(cq_proc_read_file("/dev/null", text, sizeof(text)));
    ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(resident_memory_grows_by_what_is_touched)
{
    enum { MIB = 32 };
    int64_t before_kb = cq_proc_rss_kb(0);
    ck_assert_int_gt(before_kb, 0);
    char *memory = cq_alloc(MIB << 20);
    memset(memory, 1, MIB << 20);
    __asm__ volatile("" : : "r"(memory) : "memory"); /* the compiler must not leave the writes out */
    int64_t after_kb = cq_proc_rss_kb(getpid());
    free(memory);
    ck_assert_int_ge(after_kb - before_kb, (MIB - 1) << 10);
}
END_TEST

START_TEST(a_process_that_is_gone_has_no_memory)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    ck_assert_int_eq(cq_proc_rss_kb(pid), 0);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = tcase_create("proc");
    tcase_add_test(tc, the_name_of_a_process_is_read_by_its_pid_and_of_itself);
    tcase_add_test(tc, a_text_ends_where_the_room_does);
    tcase_add_test(tc, a_file_that_is_missing_leaves_the_text_alone);
    tcase_add_test(tc, a_file_that_is_empty_is_an_empty_text);
    tcase_add_test(tc, resident_memory_grows_by_what_is_touched);
    tcase_add_test(tc, a_process_that_is_gone_has_no_memory);
    return suite_of("base/proc", tc);
}
