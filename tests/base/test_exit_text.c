#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process/exit_text.h"
#include "tests/support/suite.h"

static const char *text_of(int status, int signal_number)
{
    static char text[CQ_EXIT_TEXT_SIZE];
    int wait_status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        if (signal_number)
            raise(signal_number);
        _exit(status);
    }
    ck_assert_int_eq(waitpid(pid, &wait_status, 0), pid);
    cq_exit_text(wait_status, text, sizeof(text));
    return text;
}

START_TEST(a_status_and_a_signal_are_told_apart)
{
    ck_assert_str_eq(text_of(0, 0), "ended with status 0");
    ck_assert_str_eq(text_of(137, 0), "ended with status 137");
    ck_assert_str_eq(text_of(0, SIGKILL), "was killed by signal 9 (Killed)");
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = tcase_create("exit_text");
    tcase_add_test(tcase, a_status_and_a_signal_are_told_apart);
    return suite_of("base/exit_text", tcase);
}
