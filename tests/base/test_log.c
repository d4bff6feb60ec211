/* The log: one line per event, whatever is in it, held back or not. */
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/base/log_scene.h"
#include "tests/support/suite.h"

/* The whole of out is one JSON line; its fields are name, value, ..., NULL. */
static void assert_json(const char *const *fields)
{
    json_error_t fault;
    ck_assert_uint_eq(count_lines(), 1);
    json_t *line = json_loads(out, JSON_REJECT_DUPLICATES, &fault);
    ck_assert_msg(line != NULL, "%s: %s", fault.text, out);
    for (; *fields; fields += 2) {
        const char *value = json_string_value(json_object_get(line, fields[0]));
        ck_assert_msg(value && strcmp(value, fields[1]) == 0, "%s is not %s: %s", fields[0], fields[1], out);
    }
    ck_assert_uint_eq(strlen(json_string_value(json_object_get(line, "time"))), 27);
    json_decref(line);
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

START_TEST(lines_below_the_level_are_not_written)
{
    for (int level = CQ_LOG_DEBUG; level <= CQ_LOG_CRITICAL; level++)
        for (int line = CQ_LOG_DEBUG; line <= CQ_LOG_CRITICAL; line++) {
            struct cq_log log;
            cq_log_init(&log, ends[1], (enum cq_log_level)level, CQ_LOG_TEXT);
            cq_log(&log, (enum cq_log_level)line, NULL, NULL, "line");
            ck_assert_int_eq(drain() > 0, line >= level);
            ck_assert_int_eq(cq_log_enabled(&log, (enum cq_log_level)line), line >= level);
            cq_log_output(&log, NULL, NULL, "stderr", CQ_STR_LIT("output is at info"));
            ck_assert_int_eq(drain() > 0, level <= CQ_LOG_INFO);
        }
    ck_assert(!cq_log_enabled(NULL, CQ_LOG_CRITICAL));
}
END_TEST

START_TEST(a_line_of_output_names_its_stream)
{
    struct cq_log log;
    cq_log_init(&log, ends[1], CQ_LOG_INFO, CQ_LOG_TEXT);
    cq_log_output(&log, "w", "j", "stderr", cq_str_n("100%s\xff and more", 6));
    drain();
    ck_assert_str_eq(out + STAMP_LEN, "w: j: stderr: 100%s\\xff\n");
    cq_log_output(&log, NULL, NULL, "stdout", CQ_STR_LIT(""));
    drain();
    ck_assert_str_eq(out + STAMP_LEN, "stdout: \n");
}
END_TEST

START_TEST(of_a_text_each_line_has_time_level_and_ids)
{
    struct cq_log log;
    cq_log_init(&log, ends[1], CQ_LOG_INFO, CQ_LOG_TEXT);
    cq_log_lines(&log, CQ_LOG_ERROR, "w", "j", CQ_STR_LIT("Traceback:\n\n  at \x1b 1\n\n"));
    drain();
    ck_assert_uint_eq(count_lines(), 3);
    char *second = strchr(out, '\n') + 1, *third = strchr(second, '\n') + 1;
    second[-1] = third[-1] = '\0';
    ck_assert_str_eq(out + STAMP_LEN, "ERROR w: j: Traceback:");
    ck_assert_str_eq(second + STAMP_LEN, "ERROR w: j: ");
    ck_assert_str_eq(third + STAMP_LEN, "ERROR w: j:   at \\x1b 1\n");
    cq_log_lines(&log, CQ_LOG_INFO, NULL, NULL, CQ_STR_NONE);
    drain();
    ck_assert_str_eq(out + STAMP_LEN, "\n");
    cq_log_lines(&log, CQ_LOG_DEBUG, NULL, NULL, CQ_STR_LIT("below\nthe level"));
    ck_assert_uint_eq(drain(), 0);
    log.format = CQ_LOG_JSON;
    cq_log_lines(&log, CQ_LOG_ERROR, "w", NULL, CQ_STR_LIT("a\nb\n"));
    drain();
    assert_json((const char *const[]){"level", "ERROR", "worker", "w", "message", "a\nb", NULL});
}
END_TEST

START_TEST(only_text_is_coloured_and_the_colour_ends_with_the_line)
{
    struct cq_log log;
    cq_log_init(&log, ends[1], CQ_LOG_INFO, CQ_LOG_TEXT);
    log.color = true;
    cq_log(&log, CQ_LOG_ERROR, NULL, NULL, "no");
    drain();
    ck_assert_int_eq(strncmp(out, "\033[31m", 5), 0);
    ck_assert_str_eq(out + 5 + STAMP_LEN, "ERROR no\033[0m\n");
    log.format = CQ_LOG_JSON;
    cq_log(&log, CQ_LOG_ERROR, NULL, NULL, "no");
    drain();
    assert_json((const char *const[]){"level", "ERROR", "message", "no", NULL});
}
END_TEST

START_TEST(a_json_line_has_the_fields_that_are_known)
{
    static const char *const names[] = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"};
    struct cq_log log;
    cq_log_init(&log, ends[1], CQ_LOG_DEBUG, CQ_LOG_JSON);
    log.name = "cq.worker";
    for (int level = CQ_LOG_DEBUG; level <= CQ_LOG_CRITICAL; level++) {
        cq_log(&log, (enum cq_log_level)level, NULL, NULL, "%s", "a\nb\xc2\x85");
        drain();
        ck_assert(!strstr(out, "worker\":") && !strstr(out, "job_id") && !strstr(out, "stream"));
        assert_json((const char *const[]){"level", names[level], "logger", "cq.worker", "message",
                                          "a\nb\xc2\x85", NULL});
    }
    cq_log_output(&log, "w", "j", "stdout", CQ_STR_LIT("\"\\\x01"));
    drain();
    assert_json(
        (const char *const[]){"worker", "w", "job_id", "j", "stream", "stdout", "message", "\"\\\x01", NULL});
}
END_TEST

START_TEST(names_and_messages_of_any_length_make_one_whole_line)
{
    static char huge[300 * 1024];
    memset(huge, _i ? 0x1b : 'x', sizeof(huge) - 1);
    struct cq_log log;
    ends[1] = dup2(memfd_create("log", MFD_CLOEXEC), ends[1]); /* which has room for anything */
    for (int format = CQ_LOG_TEXT; format <= CQ_LOG_JSON; format++) {
        cq_log_init(&log, ends[1], CQ_LOG_INFO, (enum cq_log_format)format);
        for (int held = 0; held < 2; held++) {
            ck_assert_int_eq(ftruncate(ends[1], 0), 0);
            ck_assert_int_eq(lseek(ends[1], 0, SEEK_SET), 0);
            if (held)
                cq_log_hold(&log);
            cq_log_output(&log, huge, huge, "stdout", cq_str(huge));
            cq_log_release(&log);
            ssize_t len = pread(ends[1], out, sizeof(out) - 1, 0);
            ck_assert_int_gt(len, 64 * 1024);
            out[len] = '\0';
            ck_assert_uint_eq(count_lines(), 1);
            ck_assert_int_eq(out[len - 1], '\n');
            if (format == CQ_LOG_JSON)
                assert_json((const char *const[]){"stream", "stdout", NULL});
            ck_assert_uint_eq(log.dropped, 0);
        }
        cq_log(&log, CQ_LOG_INFO, huge, NULL, "%s", huge);
        ck_assert_uint_eq(log.dropped, 0);
    }
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
    ck_assert_ptr_nonnull(strstr(
        out,
        "\"level\":\"INFO\",\"logger\":\"cq\",\"worker\":\"w\\\"\",\"job_id\":\"j\\n\",\"stream\":\"stdout\","
        "\"message\":\"x\\u0000\\ufffd\\\"\\n\"}\n"));
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

START_TEST(a_long_burst_is_written_in_order_and_in_pieces_of_whole_lines)
{
    int pair[2], written = 0, seen = 0, pieces = 0;
    struct cq_log log;
    char piece[PIPE_BUF + 2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0); /* keeps writes apart */
    cq_log_init(&log, pair[1], CQ_LOG_INFO, CQ_LOG_TEXT);
    cq_log_hold(&log);
    for (int turn = 0; turn < 20; turn++) {
        for (int i = 0; i < 150; i++)
            cq_log(&log, CQ_LOG_INFO, "w", "j", "line %05d %*s", written++, i, "end");
        cq_log_flush(&log);
        ssize_t n;
        while ((n = recv(pair[0], piece, sizeof(piece) - 1, MSG_DONTWAIT)) > 0) {
            ck_assert_int_le(n, PIPE_BUF);
            ck_assert_int_eq(piece[n - 1], '\n');
            piece[n] = '\0';
            for (const char *at = piece; (at = strstr(at, "line ")); at += 5)
                ck_assert_int_eq(strtol(at + 5, NULL, 10), seen++);
            pieces++;
        }
        ck_assert_int_eq(seen, written);
    }
    ck_assert_int_gt(pieces, 40);
    ck_assert_int_lt(pieces, written / 10);
    ck_assert_uint_eq(log.dropped, 0);
    cq_log_release(&log);
    close(pair[0]);
    close(pair[1]);
}
END_TEST

START_TEST(holding_twice_or_releasing_what_is_not_held_loses_nothing)
{
    struct cq_log log;
    cq_log_init(&log, ends[1], CQ_LOG_INFO, CQ_LOG_TEXT);
    cq_log_release(&log);
    cq_log_flush(&log);
    cq_log_hold(&log);
    cq_log(&log, CQ_LOG_INFO, NULL, NULL, "one");
    cq_log_hold(&log);
    cq_log_release(&log);
    drain();
    ck_assert_str_eq(out + STAMP_LEN, "one\n");
    cq_log(&log, CQ_LOG_INFO, NULL, NULL, "at once");
    drain();
    ck_assert_str_eq(out + STAMP_LEN, "at once\n");
}
END_TEST

START_TEST(levels_are_named_as_in_python)
{
    enum cq_log_level level = CQ_LOG_CRITICAL;
    ck_assert(cq_log_parse_level("debug", &level) && level == CQ_LOG_DEBUG);
    ck_assert(cq_log_parse_level("Warn", &level) && level == CQ_LOG_WARNING);
    ck_assert(cq_log_parse_level("WARNING", &level) && level == CQ_LOG_WARNING);
    ck_assert(cq_log_parse_level("40", &level) && level == CQ_LOG_ERROR);
    ck_assert(!cq_log_parse_level("loud", &level) && !cq_log_parse_level("", &level) &&
              !cq_log_parse_level("45", &level));
    ck_assert(!cq_log_parse_level("060", &level) && !cq_log_parse_level("10 ", &level) &&
              !cq_log_parse_level("-10", &level));
    ck_assert(!cq_log_parse_level("INFOS", &level) && !cq_log_parse_level("INF", &level) &&
              !cq_log_parse_level("0", &level));
    ck_assert_int_eq(level, CQ_LOG_ERROR);
    ck_assert(cq_log_parse_level("critical", &level) && level == CQ_LOG_CRITICAL);
    ck_assert(cq_log_parse_level("10", &level) && level == CQ_LOG_DEBUG);
    ck_assert(cq_log_parse_level("50", &level) && level == CQ_LOG_CRITICAL);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = tcase_create("log");
    tcase_add_checked_fixture(tc, open_pipe, close_pipe);
    tcase_add_test(tc, a_text_line_has_time_level_and_ids);
    tcase_add_test(tc, lines_below_the_level_are_not_written);
    tcase_add_test(tc, a_line_of_output_names_its_stream);
    tcase_add_test(tc, of_a_text_each_line_has_time_level_and_ids);
    tcase_add_test(tc, only_text_is_coloured_and_the_colour_ends_with_the_line);
    tcase_add_test(tc, a_json_line_has_the_fields_that_are_known);
    tcase_add_loop_test(tc, names_and_messages_of_any_length_make_one_whole_line, 0, 2);
    tcase_add_test(tc, one_event_is_one_line_whatever_the_ids_and_the_message_hold);
    tcase_add_test(tc, lines_held_back_come_together_and_in_order);
    tcase_add_test(tc, a_long_burst_is_written_in_order_and_in_pieces_of_whole_lines);
    tcase_add_test(tc, holding_twice_or_releasing_what_is_not_held_loses_nothing);
    tcase_add_test(tc, levels_are_named_as_in_python);
    return suite_of("base/log", tc);
}
