#include "tests/runtime/rig_python.h"
#include "tests/support/suite.h"

START_TEST(a_horse_is_set_up_as_promised)
{
    start("");
    ck_value("import os, signal\n"
             "status = {line.split(':')[0]: line.split()[-1] for line in open('/proc/self/status')}\n"
             "fds = sorted(int(fd) for fd in os.listdir('/proc/self/fd'))\n"
             "value = repr((os.getpgid(0) == os.getpid(), signal.getsignal(signal.SIGINT) == signal.SIG_IGN,"
             " signal.getsignal(signal.SIGTERM) == signal.SIG_DFL, int(status['SigBlk'], 16),"
             " os.path.realpath('/proc/self/fd/0'), fds[:5], opened in fds, len(fds),"
             " open('/proc/self/cmdline').read().rstrip('\\0')))",
             /* descriptors: the five, what the stable had opened itself, and the listing's own */
             "(True, True, True, 0, '/dev/null', [0, 1, 2, 3, 4], True, 7, 'cq: horse w1: job-1')");
    stop_stable();
}
END_TEST

START_TEST(values_go_both_ways)
{
    start("");
    ck_value("value = repr(sorted(job.items()))",
             "[('fields', {b'code': b'value = repr(sorted(job.items()))'}), ('id', 'job-1'), ('reuse', "
             "False), ('timeout', -1), "
             "('type', 'job')]");
    ck_value("value = '%d' % len(b'\\0\\xff')", "2");
    ck_value("value = bytearray(b'abc')", "abc");
    ck_value("value = 'h\\xe9\\udc80'", "h\xc3\xa9\\udc80");
    ck_fails_with("_cq.send('meta', {'meta': 1.5})",
                  "TypeError: a frame's meta is to be str, bytes, int, bool or None, not <class 'float'>");
    ck_fails_with("_cq.send('meta', {'meta': 1 << 64})", "OverflowError");
    ck_fails_with("_cq.send('meta', {1: 'x'})", "TypeError: a frame's keys are to be str");
    ck_fails_with("_cq.send('meta', 7)", "TypeError: a frame's fields are to be a dict");
    ck_fails_with("_cq.learn([1])", "TypeError: learn takes a list of str");
    ck_fails_with("_cq.serve()", "RuntimeError: this stable was closed");
    stop_stable();
}
END_TEST

START_TEST(meta_and_log_come_before_the_answer)
{
    struct link horse;
    start("");
    start_horse(1, &horse, NULL);
    send_code(
        &horse,
        "_cq.log('INFO', 'one'); _cq.send('meta', {'meta': b'm\\0', 'n': -5, 'yes': True, 'none': None})",
        false);
    struct cq_frame frame = expect(&horse, "log");
    ck_text(cq_frame_get_str(&frame, "level"), "INFO");
    ck_text(cq_frame_get_str(&frame, "text"), "one");
    frame = expect(&horse, "meta");
    ck_assert(cq_str_eq(cq_frame_get_str(&frame, "meta"), CQ_STR_LIT("m\0")));
    ck_assert_int_eq(int_of(&frame, "n"), -5);
    ck_assert(cq_frame_get_bool(&frame, "yes", false));
    frame = expect(&horse, "done");
    ck_assert_ptr_null(cq_frame_get_str(&frame, "value").data);
    int64_t kb;
    ck_assert(!cq_frame_get_int(&frame, "rss_kb", &kb));
    ck_assert_int_eq(horse_status(1), 0);
    end_link(&horse);
    stop_stable();
}
END_TEST

START_TEST(a_log_line_of_any_length_reaches_the_worker)
{
    struct link horse;
    start("");
    start_horse(1, &horse, NULL);
    send_code(&horse, "_cq.log('INFO', 'x' * 1000000)", false);
    struct cq_frame frame = expect(&horse, "log");
    ck_assert_uint_gt(cq_frame_get_str(&frame, "text").len, 60000);
    expect(&horse, "done");
    ck_assert_int_eq(horse_status(1), 0);
    end_link(&horse);
    stop_stable();
}
END_TEST

/* A process that a job has named as its value. */
static pid_t pid_in(const struct cq_frame *done)
{
    struct cq_str value = cq_frame_get_str(done, "value");
    return (pid_t)strtol(strndupa(value.data, value.len), NULL, 10);
}

START_TEST(a_reused_horse_cleans_up_between_jobs)
{
    struct link horse;
    start("");
    start_horse(1, &horse, NULL);
    send_code(&horse,
              "import os, signal, subprocess\nvalue = str(subprocess.Popen(['sleep', '1000'], "
              "start_new_session=True).pid)\n"
              "signal.signal(signal.SIGTERM, lambda *_: None)",
              true);
    struct cq_frame done = expect(&horse, "done");
    pid_t left = pid_in(&done);
    ck_assert_int_gt(left, 0);
    ck_assert_int_gt(int_of(&done, "rss_kb"), 1000);
    wait_until_gone(left);
    send_code(&horse, "value = open('/proc/self/cmdline').read().rstrip('\\0')", true);
    done = expect(&horse, "done");
    ck_text(cq_frame_get_str(&done, "value"), "cq: horse w1: job-1");
    end_link(&horse);
    ck_assert_int_eq(horse_status(1), 0);
    stop_stable();
}
END_TEST

START_TEST(nothing_of_a_job_outlives_its_horse)
{
    struct link horse;
    start("");
    start_horse(1, &horse, NULL);
    send_code(
        &horse,
        "import subprocess\nvalue = str(subprocess.Popen(['sleep', '1000'], start_new_session=True).pid)",
        false);
    struct cq_frame done = expect(&horse, "done");
    pid_t left = pid_in(&done);
    ck_assert_int_eq(horse_status(1), 0);
    wait_until_gone(left);
    end_link(&horse);
    stop_stable();
}
END_TEST

START_TEST(the_next_job_does_not_wait_for_what_a_thread_of_the_last_one_has_started)
{
    struct link horse;
    start("");
    start_horse(1, &horse, NULL);
    send_code(&horse,
              "import subprocess, threading\nstarted = threading.Event()\n"
              "def run():\n    global child\n    child = subprocess.Popen(['sleep', '1000'])\n    "
              "started.set()\n    child.wait()\n"
              "threading.Thread(target=run, daemon=True).start()\nstarted.wait()\nvalue = str(child.pid)",
              true);
    struct cq_frame done = expect(&horse, "done");
    pid_t left = pid_in(&done);
    send_code(&horse, "value = 'next'", false);
    done = expect(&horse, "done");
    ck_assert(cq_str_is(cq_frame_get_str(&done, "value"), "next"));
    wait_until_gone(left);
    end_link(&horse);
    stop_stable();
}
END_TEST

START_TEST(a_job_that_closed_the_socket_is_told_by_the_status)
{
    struct link horse;
    start("");
    start_horse(1, &horse, NULL);
    send_code(&horse, "import os; os.close(3)", false);
    ck_assert_int_eq(horse_status(1), 74 << 8);
    end_link(&horse);
    start_horse(2, &horse, NULL);
    send_code(&horse,
              "import os, socket; os.close(3); a, b = socket.socketpair(); _cq.log('INFO', 'to whom?')",
              false);
    ck_assert_int_eq(horse_status(2), 74 << 8);
    end_link(&horse);
    stop_stable();
}
END_TEST

START_TEST(a_horse_killed_by_a_signal_is_told_by_the_status)
{
    struct link horse;
    start("");
    start_horse(1, &horse, NULL);
    send_code(&horse, "import os; os.kill(os.getpid(), 11)", false);
    ck_assert_int_eq(horse_status(1) & 0x7f, SIGSEGV);
    end_link(&horse);
    stop_stable();
}
END_TEST

START_TEST(twins_have_random_numbers_of_their_own)
{
    struct link horse[2];
    char numbers[2][64];
    start("import random; random.random()");
    for (int i = 0; i < 2; i++) {
        start_horse(i + 1, &horse[i], NULL);
        send_code(&horse[i], "import random; value = repr(random.random())", false);
        struct cq_frame done = expect(&horse[i], "done");
        struct cq_str value = cq_frame_get_str(&done, "value");
        snprintf(numbers[i], sizeof(numbers[i]), "%.*s", (int)value.len, value.data);
        ck_assert_int_eq(horse_status(i + 1), 0);
        end_link(&horse[i]);
    }
    ck_assert_str_ne(numbers[0], numbers[1]);
    stop_stable();
}
END_TEST

START_TEST(fork_hooks_of_python_are_called_on_both_sides)
{
    start("import os, sys\nsys.modules['calls'] = calls = []\n"
          "os.register_at_fork(before=lambda: calls.append('b'), after_in_parent=lambda: calls.append('p'),"
          " after_in_child=lambda: calls.append('c'))");
    ck_value("import sys; value = ''.join(sys.modules['calls'])", "bc");
    ck_value("import sys; value = ''.join(sys.modules['calls'])", "bpbc");
    stop_stable();
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = tcase_create("python_horse");
    tcase_add_checked_fixture(tcase, NULL, kill_stable);
    tcase_add_test(tcase, a_horse_is_set_up_as_promised);
    tcase_add_test(tcase, values_go_both_ways);
    tcase_add_test(tcase, meta_and_log_come_before_the_answer);
    tcase_add_test(tcase, a_log_line_of_any_length_reaches_the_worker);
    tcase_add_test(tcase, a_reused_horse_cleans_up_between_jobs);
    tcase_add_test(tcase, nothing_of_a_job_outlives_its_horse);
    tcase_add_test(tcase, the_next_job_does_not_wait_for_what_a_thread_of_the_last_one_has_started);
    tcase_add_test(tcase, a_job_that_closed_the_socket_is_told_by_the_status);
    tcase_add_test(tcase, a_horse_killed_by_a_signal_is_told_by_the_status);
    tcase_add_test(tcase, twins_have_random_numbers_of_their_own);
    tcase_add_test(tcase, fork_hooks_of_python_are_called_on_both_sides);
    return suite_of("runtime/python_horse", tcase);
}
