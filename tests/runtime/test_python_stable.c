#include "tests/runtime/rig_python.h"

#include <sys/stat.h>

#include "tests/support/suite.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* Linux 6.1 */
#endif

/* ---- boot ---- */

START_TEST(the_worker_hears_hello_with_what_the_python_side_adds)
{
    struct cq_frame hello = start("");
    ck_assert_int_eq(int_of(&hello, "protocol"), 1);
    ck_text(cq_frame_get_str(&hello, "runtime"), "python");
    ck_text(cq_frame_get_str(&hello, "version"), "3.x");
    ck_assert(cq_frame_get_bool(&hello, "callbacks", false));
    stop_stable();
}
END_TEST

START_TEST(setup_gives_lists_and_texts)
{
    start_with("assert setup == {'url': 'redis://h\\xe9', 'paths': ['a', '', 'b c'], 'preload': [], "
               "'handlers': [], 'allow': [], 'fatal': [],"
               " 'auto_preload': True, 'code': setup['code'], 'late': ''}, setup",
               "", CQ_STR_LIT("a\0\0b c\0"));
    struct cq_frame hello = expect(&stable_link, "hello");
    ck_assert_ptr_null(cq_frame_get_str(&hello, "error").data);
    stop_stable();
}
END_TEST

START_TEST(boot_leaves_nothing_behind_in_main_and_path)
{
    start("import __main__; left = [name for name in vars(__main__) if name[:2] != '__']; assert not left, "
          "left\n"
          "assert '' not in sys.path, sys.path\n"
          "import cq; assert cq.__file__ == '<cq>/__init__.py', cq.__file__");
    ck_value("import sys; value = str(sys.modules['__main__'].__spec__)", "None");
    stop_stable();
}
END_TEST

START_TEST(an_exception_before_hello_is_the_hello_and_shows_the_line_in_the_bundle)
{
    start_with("1 / 0", "", CQ_STR_NONE);
    struct cq_frame hello = expect(&stable_link, "hello");
    ck_contains(cq_frame_get_str(&hello, "error"), "ZeroDivisionError: division by zero");
    ck_contains(cq_frame_get_str(&hello, "error"), "<cq>/_stable.py");
    ck_contains(cq_frame_get_str(&hello, "error"), "exec(setup.get('code', ''), {");
    ck_assert(!next_frame(&stable_link, &hello));
    ck_assert_int_eq(stable_status(), 70 << 8);
    end_link(&stable_link);
}
END_TEST

START_TEST(an_exception_after_hello_ends_the_stable)
{
    start_with("", "1 / 0", CQ_STR_NONE);
    struct cq_frame frame = expect(&stable_link, "hello");
    ck_assert(!next_frame(&stable_link, &frame));
    ck_assert_int_eq(stable_status(), 70 << 8);
    end_link(&stable_link);
}
END_TEST

START_TEST(other_submodules_of_cq_are_refused_by_name)
{
    start("");
    ck_fails_with(
        "import cq.tasks",
        "No module named 'cq.tasks': inside of a cq worker, cq is the package of the worker itself");
    stop_stable();
}
END_TEST

/* The boot text, told that it runs in another Python. */
static void ck_refused(const char *before, const char *part)
{
    struct cq_buf boot = CQ_BUF_INIT(FILE_MAX);
    cq_buf_printf(&boot, "import sys\n%s\n%s", before, cq_python_boot);
    start_python(boot.data, NULL);
    struct cq_frame hello = expect(&stable_link, "hello");
    ck_assert_int_eq(int_of(&hello, "protocol"), 1);
    ck_contains(cq_frame_get_str(&hello, "error"), part);
    ck_contains(cq_frame_get_str(&hello, "error"), "--python");
    ck_assert_int_eq(stable_status(), 0);
    end_link(&stable_link);
    cq_buf_release(&boot);
}

START_TEST(a_python_that_cannot_load_us_says_so_in_its_hello)
{
    ck_refused("sys.version_info = (3, 8, 1)", "python 3.8 (");
    ck_refused("sys.abiflags = 't'", "free-threaded");
    ck_refused("sys.implementation.name = 'pypy'", "CPython");
}
END_TEST

START_TEST(a_bundle_that_is_missing_is_named)
{
    start_python(cq_python_boot, NULL);
    struct cq_frame hello = expect(&stable_link, "hello");
    ck_contains(cq_frame_get_str(&hello, "error"), "cannot be loaded");
    ck_assert_int_eq(stable_status(), 0);
    end_link(&stable_link);
}
END_TEST

START_TEST(without_a_socket_the_refusal_goes_to_standard_error)
{
    struct cq_buf boot = CQ_BUF_INIT(FILE_MAX);
    cq_buf_printf(&boot, "import os, sys\nos.close(3)\nsys.version_info = (3, 8, 1)\n%s", cq_python_boot);
    start_python(boot.data, NULL);
    ck_assert_int_eq(stable_status(), 78 << 8);
    end_link(&stable_link);
    cq_buf_release(&boot);
}
END_TEST

/* ---- the stable ---- */

START_TEST(what_a_horse_learned_comes_to_the_stable)
{
    struct link horse;
    start("");
    start_horse(1, &horse, NULL);
    send_code(&horse, "_cq.learn(['a.b', 'c']); _cq.learn([])", false);
    expect(&horse, "done");
    bool exited = false, learned = false;
    while (!exited || !learned) {
        struct cq_frame frame;
        ck_assert(next_frame(&stable_link, &frame));
        if (cq_str_is(frame.type, "exited")) {
            exited = true;
        } else {
            ck_text(frame.type, "log");
            ck_text(cq_frame_get_str(&frame, "text"), "learn a.b c");
            learned = true;
        }
    }
    end_link(&horse);
    stop_stable();
}
END_TEST

START_TEST(many_names_are_learned_in_pieces_and_never_block)
{
    struct link horse;
    start("");
    start_horse(1, &horse, NULL);
    send_code(&horse, "_cq.learn(['x' * 100] * 1000); _cq.learn(['y' * 5000]); value = 'on'", false);
    struct cq_frame done = expect(&horse, "done");
    ck_text(cq_frame_get_str(&done, "value"), "on");
    end_link(&horse);
    stop_stable();
}
END_TEST

START_TEST(a_probe_tells_what_came_out)
{
    start(
        "import os\n"
        "assert _cq.probe(lambda: 'h\\xe9') == (True, 'h\\xe9')\n"
        "assert _cq.probe(lambda: 'x' * 50000) == (True, 'x' * 50000)\n"
        "good, text = _cq.probe(lambda: 1 / 0)\n"
        "assert not good and text.startswith('Traceback') and text.endswith('ZeroDivisionError: division "
        "by zero\\n'), text\n"
        "assert _cq.probe(lambda: os.kill(os.getpid(), 11)) == (False, 'the process was killed by signal 11 "
        "(Segmentation fault)')\n"
        "assert _cq.probe(lambda: str(os.nice(0)))[1] == str(min(os.nice(0) + 10, 19))\n"
        "assert _cq.probe(lambda: os._exit(3)) == (False, 'the process ended with status 3')\n"
        "assert _cq.probe(lambda: sorted(map(int, os.listdir('/proc/self/fd')))[:3])[1] == '[0, 1, 2]'\n"
        "good, pid = _cq.probe(lambda: __import__('subprocess').Popen(['sleep', '1000'], "
        "start_new_session=True).pid)\n"
        "import time\n"
        "def lives():\n"
        "    try: return ') Z' not in open('/proc/%s/stat' % pid).read()\n"
        "    except OSError: return False # reaped meanwhile\n"
        "while lives(): time.sleep(0.001)\n");
    ck_value("value = 'still serving'", "still serving");
    stop_stable();
}
END_TEST

/* A stable whose probe waits until somebody writes into a pipe. */
static void start_waiting_probe(char folder[64], char pipe_path[96])
{
    strcpy(folder, "/tmp/cq-probe-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(pipe_path, 96, "%s/pipe", folder);
    ck_assert_int_eq(mkfifo(pipe_path, 0600), 0);
    start_with("", "_cq.log('INFO', repr(_cq.probe(lambda: open(setup['paths'][0]).read())))",
               cq_str(pipe_path));
    expect(&stable_link, "hello");
}

START_TEST(horses_are_forked_and_reaped_while_a_probe_waits)
{
    char folder[64], pipe_path[96];
    struct link horse;
    start_waiting_probe(folder, pipe_path);
    for (int64_t number = 1; number <= 2; number++) {
        start_horse(number, &horse, NULL);
        send_code(&horse, "import sys; value = repr((_cq.threads(), sys.exc_info()))", false);
        struct cq_frame done = expect(&horse, "done");
        ck_text(cq_frame_get_str(&done, "value"), "(1, (None, None, None))");
        ck_assert_int_eq(horse_status(number), 0);
        end_link(&horse);
    }
    int fd = open(pipe_path, O_WRONLY);
    ck_assert_int_eq(write(fd, "said", 4), 4);
    close(fd);
    struct cq_frame frame = expect(&stable_link, "busy");
    ck_assert_int_gt(int_of(&frame, "seconds"), 0);
    frame = expect(&stable_link, "log");
    ck_text(cq_frame_get_str(&frame, "text"), "(True, 'said')");
    ck_value("value = 'still serving'", "still serving");
    stop_stable();
    unlink(pipe_path);
    rmdir(folder);
}
END_TEST

START_TEST(a_stable_that_is_to_quit_does_not_wait_for_a_probe)
{
    char folder[64], pipe_path[96];
    start_waiting_probe(folder, pipe_path);
    send_plain(stable_link.fd, "quit");
    struct cq_frame frame = expect(&stable_link, "log");
    ck_text(cq_frame_get_str(&frame, "text"), "(False, 'the worker is gone, or wants no more')");
    ck_assert(!next_frame(&stable_link, &frame));
    ck_assert_int_eq(stable_status(), 0);
    end_link(&stable_link);
    ck_assert_int_eq(open(pipe_path, O_WRONLY | O_NONBLOCK), -1); /* nobody reads any more */
    ck_assert_int_eq(errno, ENXIO);
    unlink(pipe_path);
    rmdir(folder);
}
END_TEST

START_TEST(threads_and_connections_are_counted)
{
    start("import socket, threading\n"
          "assert _cq.threads() == 1 and _cq.sockets() == [], (_cq.threads(), _cq.sockets())\n"
          "server = socket.create_server(('127.0.0.1', 0))\n"
          "client = socket.create_connection(server.getsockname())\n"
          "pair = socket.socketpair()\n"
          "assert _cq.sockets() == ['127.0.0.1 port %d' % server.getsockname()[1]], _cq.sockets()\n"
          "stop = threading.Event(); thread = threading.Thread(target=stop.wait); thread.start()\n"
          "assert _cq.threads() == 2\n"
          "stop.set(); thread.join()\n");
    stop_stable();
}
END_TEST

/* More objects than fit into what Python had before. */
START_TEST(a_stable_has_huge_pages_and_a_horse_adds_small_ones)
{
    if (madvise(NULL, 0, MADV_COLLAPSE) != 0)
        return; /* a kernel before Linux 6.1, or without huge pages */
    start_with("", "sys.kept = [str(i) for i in range(300000)]", CQ_STR_NONE);
    expect(&stable_link, "hello");
    ck_value("import re, sys\n"
             "def huge():\n"
             "    return sum(map(int, re.findall(r'AnonHugePages: +([0-9]+) kB', "
             "open('/proc/self/smaps').read())))\n"
             "before = huge()\n"
             "assert before > 10000, before\n"
             "more = [str(i) for i in range(300000)]\n"
             "assert huge() <= before, (huge(), before)\n"
             "assert sys.kept == more\n"
             "del sys.kept\n"
             "value = str(sum([int(text) for text in [str(i) for i in range(300000)]]))",
             "44999850000");
    stop_stable();
}
END_TEST

START_TEST(what_a_stable_has_freed_is_free_and_used_again)
{
    start_with("",
               "def resident():\n"
               "    return int(open('/proc/self/statm').read().split()[1]) * 4096\n"
               "before = resident()\n"
               "for turn in range(3):\n"
               "    kept = [str(i) for i in range(1000000)]\n"
               "    full = resident()\n"
               "    del kept\n"
               "    assert full - before > 40000000 > 2 * (resident() - before), (before, full, resident())",
               CQ_STR_NONE);
    expect(&stable_link, "hello");
    ck_value("value = str([str(i) for i in range(300000)][-1])", "299999");
    stop_stable();
}
END_TEST

START_TEST(a_python_without_its_own_allocator_is_served_too)
{
    setenv("PYTHONMALLOC", "malloc", 1);
    start("");
    ck_value("value = str(sum([len(text) for text in [str(i) for i in range(100000)]]))", "488890");
    stop_stable();
    setenv("PYTHONMALLOC", "debug", 1);
    start("");
    ck_value("value = str(sum([len(text) for text in [str(i) for i in range(100000)]]))", "488890");
    unsetenv("PYTHONMALLOC");
    stop_stable();
}
END_TEST

START_TEST(quit_waits_for_the_last_horse)
{
    struct link horse;
    start("");
    start_horse(1, &horse, NULL);
    send_plain(stable_link.fd, "quit");
    send_code(&horse, "value = 'x'", false);
    expect(&horse, "done");
    ck_assert_int_eq(horse_status(1), 0);
    struct cq_frame frame;
    ck_assert(!next_frame(&stable_link, &frame));
    ck_assert_int_eq(stable_status(), 0);
    end_link(&horse);
    end_link(&stable_link);
}
END_TEST

START_TEST(end_of_file_kills_all_horses)
{
    struct link horse;
    start("");
    pid_t pid = start_horse(1, &horse, NULL);
    send_code(&horse, "_cq.log('INFO', 'asleep'); import time; time.sleep(1000)", false);
    expect(&horse, "log");
    stop_stable();
    wait_until_gone(pid);
    end_link(&horse);
}
END_TEST

START_TEST(a_broken_frame_ends_the_stable)
{
    struct cq_frame frame;
    start("");
    send_plain(stable_link.fd, "gallop");
    ck_assert(!next_frame(&stable_link, &frame));
    ck_assert_int_eq(stable_status(), 76 << 8);
    end_link(&stable_link);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = tcase_create("python_stable");
    tcase_add_checked_fixture(tcase, NULL, kill_stable);
    tcase_add_test(tcase, the_worker_hears_hello_with_what_the_python_side_adds);
    tcase_add_test(tcase, setup_gives_lists_and_texts);
    tcase_add_test(tcase, boot_leaves_nothing_behind_in_main_and_path);
    tcase_add_test(tcase, an_exception_before_hello_is_the_hello_and_shows_the_line_in_the_bundle);
    tcase_add_test(tcase, an_exception_after_hello_ends_the_stable);
    tcase_add_test(tcase, other_submodules_of_cq_are_refused_by_name);
    tcase_add_test(tcase, a_python_that_cannot_load_us_says_so_in_its_hello);
    tcase_add_test(tcase, a_bundle_that_is_missing_is_named);
    tcase_add_test(tcase, without_a_socket_the_refusal_goes_to_standard_error);
    tcase_add_test(tcase, what_a_horse_learned_comes_to_the_stable);
    tcase_add_test(tcase, many_names_are_learned_in_pieces_and_never_block);
    tcase_add_test(tcase, a_probe_tells_what_came_out);
    tcase_add_test(tcase, horses_are_forked_and_reaped_while_a_probe_waits);
    tcase_add_test(tcase, a_stable_that_is_to_quit_does_not_wait_for_a_probe);
    tcase_add_test(tcase, threads_and_connections_are_counted);
    tcase_add_test(tcase, a_stable_has_huge_pages_and_a_horse_adds_small_ones);
    tcase_add_test(tcase, what_a_stable_has_freed_is_free_and_used_again);
    tcase_add_test(tcase, a_python_without_its_own_allocator_is_served_too);
    tcase_add_test(tcase, quit_waits_for_the_last_horse);
    tcase_add_test(tcase, end_of_file_kills_all_horses);
    tcase_add_test(tcase, a_broken_frame_ends_the_stable);
    return suite_of("runtime/python_stable", tcase);
}
