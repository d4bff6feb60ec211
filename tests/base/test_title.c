#include "base/process/title.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/suite.h"

/* The title needs a process of its own: this executable, executed again with a word that makes it a
 * subject. */
#define SUBJECT "title-subject"
#define ADOPTED "title-adopted"

static int wrong(const char *what)
{
    fprintf(stderr, "test_title: %s\n", what);
    return 1;
}

static size_t read_cmdline(char *text, size_t size)
{
    FILE *file = fopen("/proc/self/cmdline", "re");
    size_t n = file ? fread(text, 1, size - 1, file) : 0;
    if (file)
        fclose(file);
    text[n] = '\0';
    return n;
}

/* A detail is shown after the title, a shorter one leaves nothing of a longer one, and none leaves the
 * title. */
static int details(const char *longest)
{
    static const char *const given[] = {"job-1", "a longer id", "id", "", "again", NULL};
    char text[4096], want[64];
    for (size_t i = 0; given[i]; i++) {
        snprintf(want, sizeof(want), "cq: horse w%s%s", *given[i] ? ": " : "", given[i]);
        cq_title_put("cq: horse w");
        for (size_t j = 0; j <= i; j++)
            cq_title_detail(cq_str(given[j]));
        read_cmdline(text, sizeof(text));
        if (strcmp(text, want) != 0)
            return wrong(text);
    }
    cq_title_detail(cq_str(longest));
    read_cmdline(text, sizeof(text));
    if (strncmp(text, "cq: horse w: xxx", 16) != 0)
        return wrong(text);
    cq_title_put(longest); /* no room is left */
    cq_title_detail(cq_str("id"));
    cq_title_put("short again");
    read_cmdline(text, sizeof(text));
    return strcmp(text, "short again") == 0 ? 0 : wrong(text);
}

static int subject(int argc, char **argv)
{
    char text[4096], comm[32] = "";
    char *elsewhere[] = {(char *)"cq", NULL};
    cq_title_init(1, elsewhere); /* not main()'s: left alone */
    cq_title_init(argc, argv);
    cq_title_init(argc, argv);
    if (strcmp(argv[1], SUBJECT) != 0 || strcmp(argv[2], "secret") != 0)
        return wrong("argv is lost");
    cq_title_set("cq: %s of %d", "test", 1);
    read_cmdline(text, sizeof(text));
    if (strcmp(text, "cq: test of 1") != 0)
        return wrong(text);
    char rest[4096];
    size_t n = read_cmdline(rest, sizeof(rest));
    if (memmem(rest, n, "secret", 6))
        return wrong("an argument still shows");
    FILE *file = fopen("/proc/self/comm", "re");
    if (!file || !fgets(comm, sizeof(comm), file) || strcmp(comm, "cq: test of 1\n") != 0)
        return wrong(comm);
    fclose(file);
    const char *kept = getenv("CQ_TEST_KEPT");
    if (!kept || strcmp(kept, "value") != 0 || setenv("CQ_TEST_NEW", "x", 1) != 0 || !getenv("PATH"))
        return wrong("the environment is lost");
    char longest[20000];
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    cq_title_set("%s", longest);
    cq_title_put("short again");
    read_cmdline(text, sizeof(text));
    return strcmp(text, "short again") == 0 ? details(longest) : wrong(text);
}

/* Without main()'s help, as in an interpreter: there is only as much room as the arguments have. */
static int adopted(void)
{
    char text[4096];
    prctl(PR_SET_NAME, ") a name (", 0, 0, 0); /* stands before the numbers that are looked for */
    cq_title_adopt();
    cq_title_put("cq: horse w");
    cq_title_detail(cq_str("job-1"));
    read_cmdline(text, sizeof(text));
    if (strcmp(text, "cq: horse w: job-1") != 0)
        return wrong(text);
    const char *kept = getenv("CQ_TEST_KEPT");
    return kept && strcmp(kept, "value") == 0 ? 0 : wrong("the environment is lost");
}

static void ck_subject(const char *word)
{
    int status;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        setenv("CQ_TEST_KEPT", "value", 1);
        execl("/proc/self/exe", "cq", word, "secret", NULL);
        _exit(127);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}

START_TEST(the_title_replaces_the_arguments_and_nothing_is_lost)
{
    ck_subject(SUBJECT);
}
END_TEST

START_TEST(a_process_with_a_main_of_its_own_gets_a_title_too)
{
    ck_subject(ADOPTED);
}
END_TEST

START_TEST(without_init_only_the_threads_name_is_set)
{
    char before[4096], after[4096];
    size_t n = read_cmdline(before, sizeof(before));
    cq_title_set("cq: other");
    ck_assert_uint_eq(read_cmdline(after, sizeof(after)), n);
    ck_assert_mem_eq(before, after, n);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = tcase_create("title");
    tcase_add_test(tcase, the_title_replaces_the_arguments_and_nothing_is_lost);
    tcase_add_test(tcase, a_process_with_a_main_of_its_own_gets_a_title_too);
    tcase_add_test(tcase, without_init_only_the_threads_name_is_set);
    return suite_of("base/title", tcase);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], SUBJECT) == 0)
        return subject(argc, argv);
    if (argc > 1 && strcmp(argv[1], ADOPTED) == 0)
        return adopted();
    return run_test_suite();
}
