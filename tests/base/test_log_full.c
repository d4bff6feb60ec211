/* A log that has no room: lines are lost and counted, and nobody waits. */
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/base/log_scene.h"
#include "tests/support/suite.h"

START_TEST(a_full_pipe_loses_lines_and_says_how_many_when_there_is_room)
{
    struct cq_log log;
    cq_log_init(&log, ends[1], CQ_LOG_INFO, CQ_LOG_TEXT);
    for (int i = 0; i < PIPE_SIZE; i++) /* more than fits; a write that waits would never end */
        cq_log(&log, CQ_LOG_INFO, "w", "j", "line");
    ck_assert_uint_gt(log.dropped, 0);
    unsigned long dropped = log.dropped;
    drain();
    ck_assert_uint_eq(count_lines() + dropped, PIPE_SIZE);
    char note[96];
    snprintf(note, sizeof(note), "cq: %lu log lines were dropped, standard error was full\n", dropped);
    cq_log(&log, CQ_LOG_INFO, "w", "j", "again");
    drain();
    ck_assert_uint_eq(strncmp(out, note, strlen(note)), 0);
    ck_assert_ptr_nonnull(strstr(out, "w: j: again\n"));
    ck_assert_uint_eq(log.dropped, 0);
}
END_TEST

START_TEST(in_json_the_count_of_dropped_lines_is_json)
{
    struct cq_log log;
    cq_log_init(&log, ends[1], CQ_LOG_INFO, CQ_LOG_JSON);
    for (int i = 0; i < PIPE_SIZE / 16; i++)
        cq_log(&log, CQ_LOG_INFO, NULL, NULL, "line");
    unsigned long dropped = log.dropped;
    ck_assert_uint_gt(dropped, 0);
    drain();
    char want[96];
    snprintf(want, sizeof(want), "%lu log lines were dropped, standard error was full", dropped);
    cq_log(&log, CQ_LOG_INFO, NULL, NULL, "again");
    drain();
    ck_assert_uint_eq(count_lines(), 2);
    *(strchr(out, '\n') + 1) = '\0';
    json_t *note = json_loads(out, 0, NULL);
    ck_assert_ptr_nonnull(note);
    ck_assert_str_eq(json_string_value(json_object_get(note, "level")), "WARNING");
    ck_assert_str_eq(json_string_value(json_object_get(note, "logger")), "cq");
    ck_assert_str_eq(json_string_value(json_object_get(note, "message")), want);
    json_decref(note);
}
END_TEST

START_TEST(a_burst_that_is_held_and_does_not_fit_is_counted)
{
    struct cq_log log;
    cq_log_init(&log, ends[1], CQ_LOG_INFO, CQ_LOG_TEXT);
    cq_log_hold(&log);
    for (int i = 0; i < 8000; i++) /* more than the log holds, which is more than the pipe takes */
        cq_log(&log, CQ_LOG_INFO, "w", "j", "line %05d of a long burst of lines", i);
    cq_log_release(&log);
    ck_assert_uint_gt(log.dropped, 0);
    drain();
    ck_assert_uint_eq(count_lines() + log.dropped, 8000);
    unsigned long i = 0;
    for (const char *at = out; (at = strstr(at, "line ")); at += 5, i++)
        ck_assert_uint_eq(strtoul(at + 5, NULL, 10), i);
    ck_assert_uint_eq(i, count_lines());
}
END_TEST

START_TEST(without_a_reader_lines_are_counted)
{
    struct cq_log log;
    signal(SIGPIPE, SIG_IGN);
    close(ends[0]);
    cq_log_init(&log, ends[1], CQ_LOG_INFO, CQ_LOG_TEXT);
    cq_log(&log, CQ_LOG_INFO, NULL, NULL, "one");
    cq_log(&log, CQ_LOG_INFO, NULL, NULL, "two");
    ck_assert_uint_eq(log.dropped, 2);
    log.fd = -1;
    cq_log(&log, CQ_LOG_INFO, NULL, NULL, "three");
    ck_assert_uint_eq(log.dropped, 3);
}
END_TEST

START_TEST(a_line_of_which_the_disk_took_a_part_is_counted_and_ended)
{
    struct cq_log log;
    struct rlimit room;
    int fd = memfd_create("log", MFD_CLOEXEC);
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &room), 0);
    rlim_t before = room.rlim_cur;
    room.rlim_cur = 2 * (STAMP_LEN + 4) + STAMP_LEN + 2;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &room), 0);
    cq_log_init(&log, fd, CQ_LOG_INFO, CQ_LOG_TEXT);
    cq_log_hold(&log);
    cq_log(&log, CQ_LOG_INFO, NULL, NULL, "one");
    cq_log(&log, CQ_LOG_INFO, NULL, NULL, "two");
    cq_log(&log, CQ_LOG_INFO, NULL, NULL, "cut");
    cq_log(&log, CQ_LOG_INFO, NULL, NULL, "lost");
    cq_log_release(&log);
    ck_assert_uint_eq(log.dropped, 2); /* not those that are there */
    room.rlim_cur = before;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &room), 0);
    cq_log(&log, CQ_LOG_INFO, NULL, NULL, "next");
    ssize_t len = pread(fd, out, sizeof(out) - 1, 0);
    ck_assert_int_gt(len, 0);
    out[len] = '\0';
    ck_assert_uint_eq(count_lines(), 5);
    ck_assert_ptr_nonnull(strstr(out, " two\n"));
    ck_assert_ptr_nonnull(strstr(out, " cu\ncq: 2 log lines were dropped"));
    close(fd);
}
END_TEST

START_TEST(a_line_longer_than_the_room_is_cut_and_the_next_begins_a_new_one)
{
    static char text[40 * 1024];
    struct cq_log log;
    memset(text, 'x', sizeof(text) - 1);
    cq_log_init(&log, ends[1], CQ_LOG_INFO, CQ_LOG_TEXT);
    cq_log(&log, CQ_LOG_INFO, NULL, NULL, "%s", text);
    cq_log(&log, CQ_LOG_INFO, NULL, NULL, "%s",
           text); /* a write of all of it would wait for a reader, for ever */
    ck_assert_uint_eq(log.dropped, 1);
    size_t len = drain();
    ck_assert_uint_gt(len, sizeof(text) + STAMP_LEN);
    ck_assert_int_eq(out[len - 1], 'x');
    cq_log(&log, CQ_LOG_INFO, NULL, NULL, "next");
    drain();
    ck_assert_ptr_eq(strstr(out, "\ncq: 1 log lines were dropped"), out);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = tcase_create("log_full");
    tcase_add_checked_fixture(tc, open_pipe, close_pipe);
    tcase_add_test(tc, a_full_pipe_loses_lines_and_says_how_many_when_there_is_room);
    tcase_add_test(tc, in_json_the_count_of_dropped_lines_is_json);
    tcase_add_test(tc, a_burst_that_is_held_and_does_not_fit_is_counted);
    tcase_add_test(tc, without_a_reader_lines_are_counted);
    tcase_add_test(tc, a_line_of_which_the_disk_took_a_part_is_counted_and_ended);
    tcase_add_test(tc, a_line_longer_than_the_room_is_cut_and_the_next_begins_a_new_one);
    return suite_of("base/log_full", tc);
}
