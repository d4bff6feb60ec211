/* The log: one line per event, whatever is in it, and never a wait for whoever reads it. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

enum { PIPE_SIZE = 64 * 1024, STAMP_LEN = 13 }; /* `hh:mm:ss.mmm ` */

static int ends[2];
static char out[4 * PIPE_SIZE];

static void open_pipe(void)
{
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    ck_assert_int_eq(fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE), PIPE_SIZE);
    ck_assert_int_eq(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
}

static void close_pipe(void)
{
    close(ends[0]);
    close(ends[1]);
}

/* What is in the pipe now. */
static size_t drain(void)
{
    size_t len = 0;
    ssize_t n;
    while ((n = read(ends[0], out + len, sizeof(out) - 1 - len)) > 0)
        len += (size_t)n;
    out[len] = '\0';
    return len;
}

START_TEST(a_text_line_has_time_level_and_ids)
{
    struct cq_log log;
    cq_log_init(&log, ends[1], CQ_LOG_INFO, CQ_LOG_TEXT);
    cq_log(&log, CQ_LOG_INFO, "w", "j", "%d done", 3);
    drain();
    ck_assert_str_eq(out + STAMP_LEN, "w: j: 3 done\n");
    cq_log(&log, CQ_LOG_ERROR, NULL, NULL, "no");
    drain();
    ck_assert_str_eq(out + STAMP_LEN, "ERROR no\n");
    cq_log(&log, CQ_LOG_DEBUG, NULL, NULL, "below the level");
    ck_assert_uint_eq(drain(), 0);
    cq_log(NULL, CQ_LOG_ERROR, NULL, NULL, "to nobody");
}
END_TEST

START_TEST(one_event_is_one_line_whatever_the_ids_and_the_message_hold)
{
    struct cq_log log;
    cq_log_init(&log, ends[1], CQ_LOG_INFO, CQ_LOG_TEXT);
    cq_log(&log, CQ_LOG_INFO, "w\x1b[2J", "j\n00:00:00.000 w: forged", "a\nb\xff");
    drain();
    ck_assert_str_eq(out + STAMP_LEN, "w\\x1b[2J: j\\n00:00:00.000 w: forged: a\\nb\\xff\n");
    log.format = CQ_LOG_JSON;
    cq_log_output(&log, "w\"", "j\n", "stdout", CQ_STR_LIT("x\0\xff\"\n"));
    drain();
    ck_assert_ptr_nonnull(
        strstr(out, "\"level\":\"INFO\",\"logger\":\"cq\",\"worker\":\"w\\\"\",\"job_id\":\"j\\n\",\"stream\":\"stdout\","
                    "\"message\":\"x\\u0000\\ufffd\\\"\\n\"}\n"));
}
END_TEST

START_TEST(a_full_pipe_loses_lines_and_says_how_many_when_there_is_room)
{
    struct cq_log log;
    cq_log_init(&log, ends[1], CQ_LOG_INFO, CQ_LOG_TEXT);
    for (int i = 0; i < PIPE_SIZE; i++) /* more than fits; a write that waits would never end */
        cq_log(&log, CQ_LOG_INFO, "w", "j", "line");
    ck_assert_uint_gt(log.dropped, 0);
    unsigned long dropped = log.dropped;
    drain();
    char note[96];
    snprintf(note, sizeof(note), "cq: %lu log lines were dropped, standard error was full\n", dropped);
    cq_log(&log, CQ_LOG_INFO, "w", "j", "again");
    drain();
    ck_assert_uint_eq(strncmp(out, note, strlen(note)), 0);
    ck_assert_ptr_nonnull(strstr(out, "w: j: again\n"));
    ck_assert_uint_eq(log.dropped, 0);
}
END_TEST

START_TEST(a_line_longer_than_the_room_is_cut_and_the_next_begins_a_new_one)
{
    static char text[40 * 1024];
    struct cq_log log;
    memset(text, 'x', sizeof(text) - 1);
    cq_log_init(&log, ends[1], CQ_LOG_INFO, CQ_LOG_TEXT);
    cq_log(&log, CQ_LOG_INFO, NULL, NULL, "%s", text);
    cq_log(&log, CQ_LOG_INFO, NULL, NULL, "%s", text); /* a write of all of it would wait for a reader, for ever */
    ck_assert_uint_eq(log.dropped, 1);
    size_t len = drain();
    ck_assert_uint_gt(len, sizeof(text) + STAMP_LEN);
    ck_assert_int_eq(out[len - 1], 'x');
    cq_log(&log, CQ_LOG_INFO, NULL, NULL, "next");
    drain();
    ck_assert_ptr_eq(strstr(out, "\ncq: 1 log lines were dropped"), out);
}
END_TEST

START_TEST(lines_held_back_come_together_and_in_order)
{
    struct cq_log log;
    cq_log_init(&log, ends[1], CQ_LOG_INFO, CQ_LOG_TEXT);
    cq_log_hold(&log);
    cq_log(&log, CQ_LOG_INFO, NULL, NULL, "one");
    cq_log(&log, CQ_LOG_INFO, NULL, NULL, "two");
    ck_assert_uint_eq(drain(), 0);
    cq_log_flush(&log);
    drain();
    ck_assert_str_eq(out + STAMP_LEN, strstr(out, "one\n"));
    ck_assert_str_eq(strstr(out, "two"), "two\n");
    cq_log_flush(&log);
    ck_assert_uint_eq(drain(), 0);
    cq_log(&log, CQ_LOG_INFO, NULL, NULL, "three");
    cq_log_release(&log);
    drain();
    ck_assert_str_eq(out + STAMP_LEN, "three\n");
}
END_TEST

START_TEST(levels_are_named_as_in_python)
{
    enum cq_log_level level = CQ_LOG_CRITICAL;
    ck_assert(cq_log_parse_level("debug", &level) && level == CQ_LOG_DEBUG);
    ck_assert(cq_log_parse_level("Warn", &level) && level == CQ_LOG_WARNING);
    ck_assert(cq_log_parse_level("WARNING", &level) && level == CQ_LOG_WARNING);
    ck_assert(cq_log_parse_level("40", &level) && level == CQ_LOG_ERROR);
    ck_assert(!cq_log_parse_level("loud", &level) && !cq_log_parse_level("", &level) && !cq_log_parse_level("45", &level));
    ck_assert_int_eq(level, CQ_LOG_ERROR);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base/log");
    TCase *tc = tcase_create("log");
    tcase_add_checked_fixture(tc, open_pipe, close_pipe);
    tcase_add_test(tc, a_text_line_has_time_level_and_ids);
    tcase_add_test(tc, one_event_is_one_line_whatever_the_ids_and_the_message_hold);
    tcase_add_test(tc, a_full_pipe_loses_lines_and_says_how_many_when_there_is_room);
    tcase_add_test(tc, a_line_longer_than_the_room_is_cut_and_the_next_begins_a_new_one);
    tcase_add_test(tc, lines_held_back_come_together_and_in_order);
    tcase_add_test(tc, levels_are_named_as_in_python);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
