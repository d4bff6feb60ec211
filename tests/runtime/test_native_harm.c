#include "tests/support/rig_stable.h"
#include "tests/support/suite.h"

/* Jobs that harm their horse, or would leave something behind. */

static const struct {
    const char *call;
    int status; /* -1: anything but 0 (a sanitizer turns the signal into a status) */
} deaths[] = {
    {"[\"module.aborts\", null, [], {}]", SIGABRT},
    {"[\"module.exits_with_3\", null, [], {}]", 3 << 8},
    {"[\"module.writes_past_its_memory\", null, [], {}]", -1},
    {"[\"module.closes_all_descriptors\", null, [], {}]", 74 << 8},
    {"[\"module.replaces_descriptor_3\", null, [], {}]", 74 << 8},
};

START_TEST(a_horse_that_dies_leaves_no_answer_and_the_stable_goes_on)
{
    struct link horse;
    struct cq_frame frame;
    start_stable(NULL);
    start_horse(1, &horse, NULL);
    send_call(&horse, deaths[_i].call);
    ck_assert(!next_frame(&horse, &frame));
    int status = horse_status(1);
    ck_assert_msg(deaths[_i].status < 0 ? status != 0 : (status & 0xff7f) == deaths[_i].status, "status %d",
                  status);
    end_link(&horse);
    start_horse(2, &horse, NULL);
    send_call(&horse, "[\"module.nothing\", null, [], {}]");
    expect(&horse, "done");
    ck_assert_int_eq(horse_status(2), 0);
    end_link(&horse);
    stop_stable();
}
END_TEST

/* Start module.forks_children and read the children's pids out of the meta that it saves. */
static void run_forks_children(struct link *horse, bool stay, bool reuse, pid_t ret_children[3])
{
    send_job(horse, &(struct job_text){.call = stay ? "[\"module.forks_children\", null, [1], {}]"
                                                    : "[\"module.forks_children\", null, [], {}]",
                                       .reuse = reuse});
    struct cq_frame meta = expect(horse, "meta");
    struct cq_str text = cq_frame_get_str(&meta, "meta");
    char copy[200];
    snprintf(copy, sizeof(copy), "%.*s", (int)text.len, text.data);
    ck_assert_int_eq(sscanf(copy, "{\"child0\": %d, \"child1\": %d, \"child2\": %d}", &ret_children[0],
                            &ret_children[1], &ret_children[2]),
                     3);
    for (int i = 0; i < 3 && stay; i++)
        ck_assert_int_eq(kill(ret_children[i], 0), 0);
}

START_TEST(nothing_that_a_job_forked_outlives_it)
{
    struct link horse;
    pid_t children[3];
    start_stable(NULL);
    start_horse(1, &horse, NULL);
    run_forks_children(&horse, false, false, children);
    expect(&horse, "done");
    ck_assert_int_eq(horse_status(1), 0);
    for (int i = 0; i < 3; i++)
        wait_until_gone(children[i]);
    end_link(&horse);
    stop_stable();
}
END_TEST

START_TEST(nothing_that_a_killed_job_forked_outlives_it)
{
    struct link horse, other;
    pid_t children[3];
    start_stable(NULL);
    pid_t pid = start_horse(1, &horse, NULL);
    start_horse(2, &other, NULL);
    run_forks_children(&horse, true, false, children);
    kill(-pid, SIGKILL);
    ck_assert_int_eq(horse_status(1), SIGKILL);
    for (int i = 0; i < 3; i++)
        wait_until_gone(children[i]);
    /* Another horse is none of its leftovers. */
    send_call(&other, "[\"module.nothing\", null, [], {}]");
    expect(&other, "done");
    ck_assert_int_eq(horse_status(2), 0);
    end_link(&other);
    end_link(&horse);
    stop_stable();
}
END_TEST

START_TEST(children_of_one_job_live_on_when_another_job_ends)
{
    struct link horse, other;
    pid_t children[3];
    start_stable(NULL);
    pid_t pid = start_horse(1, &horse, NULL);
    run_forks_children(&horse, true, false, children);
    start_horse(2, &other, NULL);
    send_call(&other, "[\"module.nothing\", null, [], {}]");
    expect(&other, "done");
    ck_assert_int_eq(horse_status(2), 0);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(kill(children[i], 0), 0);
    kill(-pid, SIGKILL);
    ck_assert_int_eq(horse_status(1), SIGKILL);
    end_link(&other);
    end_link(&horse);
    stop_stable();
}
END_TEST

START_TEST(what_a_job_forked_ends_before_the_reused_horses_next_job)
{
    struct link horse;
    pid_t children[3];
    start_stable(NULL);
    start_horse(1, &horse, NULL);
    run_forks_children(&horse, false, true, children);
    expect(&horse, "done");
    send_job(&horse, &(struct job_text){.call = "[\"module.nothing\", null, [], {}]", .reuse = true});
    expect(&horse, "done");
    for (int i = 0; i < 3; i++)
        ck_assert_msg(kill(children[i], 0) != 0 && errno == ESRCH, "child %d lives on", i);
    end_link(&horse);
    ck_assert_int_eq(horse_status(1), 0);
    stop_stable();
}
END_TEST

START_TEST(a_job_that_ignores_sigterm_dies_of_sigkill)
{
    struct link horse;
    start_stable(NULL);
    pid_t pid = start_horse(1, &horse, NULL);
    send_call(&horse, "[\"module.ignores_sigterm\", null, [], {}]");
    expect(&horse, "meta");
    kill(-pid, SIGTERM);
    ck_assert_int_eq(kill(pid, 0), 0);
    kill(-pid, SIGKILL);
    ck_assert_int_eq(horse_status(1), SIGKILL);
    end_link(&horse);
    stop_stable();
}
END_TEST

START_TEST(the_end_of_the_worker_ends_everything)
{
    struct link horse, warm;
    pid_t children[3];
    start_stable(NULL);
    pid_t pid = start_horse(1, &horse, NULL);
    pid_t warm_pid = start_horse(2, &warm, NULL);
    run_forks_children(&horse, true, false, children);
    stop_stable();
    wait_until_gone(pid);
    wait_until_gone(warm_pid);
    for (int i = 0; i < 3; i++)
        wait_until_gone(children[i]);
    end_link(&horse);
    end_link(&warm);
}
END_TEST

START_TEST(horses_die_with_a_stable_that_is_killed)
{
    struct link horse;
    start_stable(NULL);
    pid_t pid = start_horse(1, &horse, NULL);
    send_call(&horse, "[\"module.ignores_sigterm\", null, [], {}]");
    expect(&horse, "meta");
    kill(stable_pid, SIGKILL);
    ck_assert_int_eq(stable_status(), SIGKILL);
    struct cq_frame frame;
    ck_assert(!next_frame(&horse, &frame)); /* its end of the socket is gone, so is it */
    wait_until_gone(pid);
    end_link(&horse);
    end_link(&stable_link);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = tcase_create("native_stable");
    tcase_add_checked_fixture(tcase, NULL, kill_stable);
    tcase_add_loop_test(tcase, a_horse_that_dies_leaves_no_answer_and_the_stable_goes_on, 0,
                        CQ_ARRAY_LEN(deaths));
    tcase_add_test(tcase, nothing_that_a_job_forked_outlives_it);
    tcase_add_test(tcase, nothing_that_a_killed_job_forked_outlives_it);
    tcase_add_test(tcase, children_of_one_job_live_on_when_another_job_ends);
    tcase_add_test(tcase, what_a_job_forked_ends_before_the_reused_horses_next_job);
    tcase_add_test(tcase, a_job_that_ignores_sigterm_dies_of_sigkill);
    tcase_add_test(tcase, the_end_of_the_worker_ends_everything);
    tcase_add_test(tcase, horses_die_with_a_stable_that_is_killed);
    return suite_of("runtime/native_harm", tcase);
}
