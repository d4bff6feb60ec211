#include "tests/support/rig_stable.h"
#include "tests/support/suite.h"

/* ---- a job's way ---- */

START_TEST(a_horse_runs_one_job_and_exits)
{
    struct link horse;
    start_stable(NULL);
    pid_t pid = start_horse(7, &horse, NULL);
    ck_assert_int_gt(pid, 0);
    ck_assert_int_eq(getpgid(pid), pid);
    send_call(&horse, "[\"module.add\", null, [40, 2], {}]");
    struct cq_frame done = expect(&horse, "done");
    ck_text(cq_frame_get_str(&done, "value"), "42");
    ck_assert_ptr_null(cq_frame_get_str(&done, "meta").data);
    ck_assert(!next_frame(&horse, &done));
    ck_assert_int_eq(horse_status(7), 0);
    end_link(&horse);
    stop_stable();
}
END_TEST

START_TEST(a_job_that_comes_in_single_bytes_is_run)
{
    struct link horse;
    struct cq_buf job = CQ_BUF_INIT(4096);
    start_stable(NULL);
    start_horse(1, &horse, NULL);
    write_job(&job, &(struct job_text){.call = "[\"module.nothing\", null, [], {}]"});
    for (size_t i = 0; i < job.len; i++)
        ck_assert_int_eq(write(horse.fd, job.data + i, 1), 1);
    struct cq_frame done = expect(&horse, "done");
    ck_assert_ptr_null(cq_frame_get_str(&done, "value").data);
    ck_assert_int_eq(horse_status(1), 0);
    cq_buf_release(&job);
    end_link(&horse);
    stop_stable();
}
END_TEST

START_TEST(a_horse_that_gets_no_job_leaves_with_its_socket)
{
    struct link horse;
    start_stable(NULL);
    start_horse(1, &horse, NULL);
    end_link(&horse);
    ck_assert_int_eq(horse_status(1), 0);
    stop_stable();
}
END_TEST

START_TEST(a_reused_horse_runs_job_after_job)
{
    struct link horse;
    char call[100], want[16];
    start_stable(NULL);
    pid_t pid = start_horse(1, &horse, NULL);
    for (int i = 0; i < 50; i++) {
        snprintf(call, sizeof(call), "[\"module.add\", null, [%d, 1], {}]", i);
        snprintf(want, sizeof(want), "%d", i + 1);
        send_job(&horse, &(struct job_text){.call = call, .reuse = true});
        struct cq_frame done = expect(&horse, "done");
        ck_text(cq_frame_get_str(&done, "value"), want);
        ck_assert_int_gt(int_of(&done, "rss_kb"), 100);
    }
    /* A job's failure is not the horse's. */
    send_job(&horse, &(struct job_text){.call = "[\"module.fails_silently\", null, [], {}]", .reuse = true});
    expect(&horse, "failed");
    send_job(&horse, &(struct job_text){.call = "[\"module.nothing\", null, [], {}]", .reuse = true});
    expect(&horse, "done");
    ck_assert_int_eq(kill(pid, 0), 0);
    end_link(&horse);
    ck_assert_int_eq(horse_status(1), 0);
    stop_stable();
}
END_TEST

START_TEST(many_horses_at_once_are_told_apart)
{
    enum { HORSES = 200 };
    static struct link horses[HORSES];
    static bool exited[HORSES];
    start_stable(NULL);
    for (int i = 0; i < HORSES; i++) {
        int pair[2];
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        send_fork(i, &pair[1], 1);
        close(pair[1]);
        horses[i] = (struct link){.fd = pair[0], .in = CQ_BUF_INIT(LINK_MAX)};
        send_call(&horses[i], "[\"module.nothing\", null, [], {}]");
    }
    for (int forked = 0, gone = 0; forked < HORSES || gone < HORSES;) {
        struct cq_frame frame;
        ck_assert(next_frame(&stable_link, &frame));
        int64_t number = int_of(&frame, "horse");
        ck_assert(number >= 0 && number < HORSES);
        if (cq_str_is(frame.type, "forked")) {
            ck_assert_int_eq(number, forked++);
        } else {
            ck_assert(!exited[number]);
            ck_assert_int_eq(int_of(&frame, "status"), 0);
            exited[number] = true;
            gone++;
        }
    }
    for (int i = 0; i < HORSES; i++) {
        expect(&horses[i], "done");
        end_link(&horses[i]);
    }
    stop_stable();
}
END_TEST

START_TEST(output_goes_to_the_pipes_line_by_line)
{
    struct link horse;
    int pipes[2];
    char text[256] = "";
    size_t len = 0;
    ssize_t n;
    start_stable(NULL);
    ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
    start_horse(1, &horse, &pipes[1]);
    close(pipes[1]);
    send_call(&horse, "[\"module.prints\", null, [], {}]");
    expect(&horse, "done");
    while ((n = read(pipes[0], text + len, sizeof(text) - 1 - len)) > 0)
        len += (size_t)n;
    text[len] = '\0';
    ck_assert_str_eq(text, "to stdout\nto stderr\nwithout a newline");
    ck_assert_int_eq(horse_status(1), 0);
    close(pipes[0]);
    end_link(&horse);
    stop_stable();
}
END_TEST

START_TEST(a_horse_is_set_up_as_promised)
{
    struct link horse;
    char title[64] = "";
    start_stable(NULL);
    pid_t pid = start_horse(1, &horse, NULL);
    send_call(&horse, "[\"module.describes_itself\", null, [], {}]");
    struct cq_frame done = expect(&horse, "done");
    ck_text(cq_frame_get_str(&done, "value"), "{\"leader\": true, \"int_ignored\": true, \"term_default\": "
                                              "true, \"unblocked\": true, \"fds\": \"0 1 2 3\", "
                                              "\"id\": \"job-1\", \"worker\": \"w1\"}");
    ck_assert_int_eq(horse_status(1), 0);
    end_link(&horse);

    pid = start_horse(2, &horse, NULL);
    send_call(&horse, "[\"module.sleeps\", null, [], {}]");
    struct cq_frame line = expect(&horse, "log");
    ck_text(cq_frame_get_str(&line, "text"), "asleep");
    snprintf(title, sizeof(title), "/proc/%d/comm", (int)pid);
    FILE *comm = fopen(title, "re");
    ck_assert_ptr_nonnull(comm);
    ck_assert_ptr_nonnull(fgets(title, sizeof(title), comm));
    fclose(comm);
    ck_assert_str_eq(title, "cq: horse w1\n");
    /* SIGINT is ignored, SIGTERM ends it. */
    kill(-pid, SIGINT);
    kill(-pid, SIGTERM);
    ck_assert_int_eq(horse_status(2), SIGTERM);
    end_link(&horse);
    stop_stable();
}
END_TEST

/* ---- the stable's own end ---- */

START_TEST(signals_of_the_terminal_do_not_end_the_stable)
{
    struct link horse;
    start_stable(NULL);
    kill(stable_pid, SIGINT);
    kill(stable_pid, SIGTERM);
    kill(stable_pid, SIGHUP);
    start_horse(1, &horse, NULL);
    send_call(&horse, "[\"module.nothing\", null, [], {}]");
    expect(&horse, "done");
    ck_assert_int_eq(horse_status(1), 0);
    end_link(&horse);
    stop_stable();
}
END_TEST

START_TEST(quit_waits_for_the_last_horse)
{
    struct link horse;
    start_stable(NULL);
    start_horse(1, &horse, NULL);
    send_plain(stable_link.fd, "quit");
    send_call(&horse, "[\"module.nothing\", null, [], {}]");
    expect(&horse, "done");
    ck_assert_int_eq(horse_status(1), 0);
    struct cq_frame frame;
    ck_assert(!next_frame(&stable_link, &frame));
    ck_assert_int_eq(stable_status(), 0);
    end_link(&horse);
    end_link(&stable_link);
}
END_TEST

static void ck_stable_refuses(void)
{
    struct cq_frame frame;
    ck_assert(!next_frame(&stable_link, &frame));
    ck_assert_int_eq(stable_status(), 76 << 8);
    end_link(&stable_link);
}

START_TEST(an_unknown_frame_ends_the_stable)
{
    start_stable(NULL);
    send_plain(stable_link.fd, "gallop");
    ck_stable_refuses();
}
END_TEST

START_TEST(a_fork_without_a_socket_ends_the_stable)
{
    start_stable(NULL);
    send_fork(1, NULL, 0);
    ck_stable_refuses();
}
END_TEST

START_TEST(a_fork_with_two_descriptors_ends_the_stable)
{
    int fds[2] = {0, 1};
    start_stable(NULL);
    send_fork(1, fds, 2);
    ck_stable_refuses();
}
END_TEST

START_TEST(a_lying_length_ends_the_stable)
{
    start_stable(NULL);
    ck_assert_int_eq(write(stable_link.fd, "\x7f\xff\xff\xff", 4), 4);
    ck_stable_refuses();
}
END_TEST

START_TEST(a_horse_that_is_sent_no_job_says_so_by_its_status)
{
    struct link horse;
    start_stable(NULL);
    start_horse(1, &horse, NULL);
    send_plain(horse.fd, "gallop");
    ck_assert_int_eq(horse_status(1), 76 << 8);
    end_link(&horse);
    start_horse(2, &horse, NULL);
    ck_assert_int_eq(write(horse.fd, "\xff\xff\xff\xff", 4), 4);
    ck_assert_int_eq(horse_status(2), 76 << 8);
    end_link(&horse);
    stop_stable();
}
END_TEST

START_TEST(wrong_arguments_end_the_stable_with_status_2)
{
    static const char *const wrong[][3] = {
        {"--pat", "x", NULL}, {"--path", NULL, NULL}, {"--program", "x", NULL}, {"--restrict", "yaml", NULL}};
    for (size_t i = 0; i < CQ_ARRAY_LEN(wrong); i++) {
        char *argv[] = {(char *)"cq", (char *)"stable-native", (char *)wrong[i][0], (char *)wrong[i][1],
                        NULL};
        fflush(NULL);
        stable_pid = fork();
        if (stable_pid == 0)
            _exit(cq_native_main(wrong[i][1] ? 4 : 3, argv));
        ck_assert_int_eq(stable_status(), 2 << 8);
    }
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = tcase_create("native_stable");
    tcase_add_checked_fixture(tcase, NULL, kill_stable);
    tcase_add_test(tcase, a_horse_runs_one_job_and_exits);
    tcase_add_test(tcase, a_job_that_comes_in_single_bytes_is_run);
    tcase_add_test(tcase, a_horse_that_gets_no_job_leaves_with_its_socket);
    tcase_add_test(tcase, a_reused_horse_runs_job_after_job);
    tcase_add_test(tcase, many_horses_at_once_are_told_apart);
    tcase_add_test(tcase, output_goes_to_the_pipes_line_by_line);
    tcase_add_test(tcase, a_horse_is_set_up_as_promised);
    tcase_add_test(tcase, signals_of_the_terminal_do_not_end_the_stable);
    tcase_add_test(tcase, quit_waits_for_the_last_horse);
    tcase_add_test(tcase, an_unknown_frame_ends_the_stable);
    tcase_add_test(tcase, a_fork_without_a_socket_ends_the_stable);
    tcase_add_test(tcase, a_fork_with_two_descriptors_ends_the_stable);
    tcase_add_test(tcase, a_lying_length_ends_the_stable);
    tcase_add_test(tcase, a_horse_that_is_sent_no_job_says_so_by_its_status);
    tcase_add_test(tcase, wrong_arguments_end_the_stable_with_status_2);
    return suite_of("runtime/native_stable", tcase);
}
