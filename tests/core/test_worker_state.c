/* What each event means for a worker, where the order or the reason matters: tests/core/test_worker.c does
 * all of them in any order, and cannot know whether a worker should have fetched, or told of what it did. */
#include "core/worker_state.h"

#include "tests/support/machine_rules.h"
#include "tests/support/suite.h"

#define AT(state) CQ_WORKER_##state
#define DO(action) CQ_WORKER_DO_##action
#define assert_rule(from, event, facts, to, ...) \
    check_rule(&cq_worker_machine, AT(from), AT(event), facts, AT(to), (const int[]){__VA_ARGS__, 0})

enum {
    REDIS = CQ_WORKER_REDIS,
    CAN_FETCH = CQ_WORKER_REDIS | CQ_WORKER_RUNTIMES,
    UNSURE = CQ_WORKER_UNSURE,
    ENOUGH = CQ_WORKER_ENOUGH,
    BURST = CQ_WORKER_BURST,
    BURST_DONE = CQ_WORKER_BURST | CQ_WORKER_QUEUES_EMPTY,
};

static void check_each(int first, int last, int event, uint32_t facts, int next, const int *actions)
{
    for (int state = first; state <= last; state++)
        check_rule(&cq_worker_machine, state, event, facts, next == CQ_SAME_STATE ? state : next, actions);
}

START_TEST(it_is_registered_before_it_does_anything)
{
    assert_rule(UNREGISTERED, REDIS_READY, 0, UNREGISTERED, DO(REGISTER));
    assert_rule(UNREGISTERED, WORK, CAN_FETCH, UNREGISTERED, 0);
    assert_rule(UNREGISTERED, REGISTERED, 0, IDLE, DO(TELL_REGISTERED), DO(START_BEATING), DO(SHOW_IDLE),
                DO(ARM_IDLE), DO(WARM), DO(TELL_WORK));
    assert_rule(UNREGISTERED, NAME_TAKEN, 0, GONE, DO(SAY_NAME_TAKEN), DO(TELL_NAME_TAKEN), DO(TELL_GONE));
    check_each(AT(IDLE), AT(GONE), AT(REGISTERED), 0, CQ_SAME_STATE, (const int[]){0});
}
END_TEST

START_TEST(it_registers_again_on_each_new_connection_and_proceeds)
{
    const int fetches[] = {DO(REGISTER_AGAIN), DO(FETCH), 0};
    const int resends[] = {DO(REGISTER_AGAIN), DO(BEAT), DO(RESEND), 0};
    check_each(AT(IDLE), AT(FETCHING), AT(REDIS_READY), 0, CQ_SAME_STATE, fetches);
    check_each(AT(LEAVING_UNSURE), AT(LEAVING_FETCHING), AT(REDIS_READY), 0, CQ_SAME_STATE, fetches);
    check_each(AT(WORKING), AT(WORKING), AT(REDIS_READY), 0, CQ_SAME_STATE, resends);
    check_each(AT(LEAVING_WORKING), AT(LEAVING_WORKING), AT(REDIS_READY), 0, CQ_SAME_STATE, resends);
    check_each(AT(DEREGISTERING), AT(GONE), AT(REDIS_READY), 0, CQ_SAME_STATE, (const int[]){0});
    check_each(AT(IDLE), AT(LEAVING_WORKING), AT(NAME_TAKEN), 0, CQ_SAME_STATE,
               (const int[]){DO(SAY_NOT_AGAIN), 0});
    check_each(AT(DEREGISTERING), AT(GONE), AT(NAME_TAKEN), 0, CQ_SAME_STATE, (const int[]){0});
}
END_TEST

START_TEST(it_fetches_when_redis_and_its_runtimes_are_there)
{
    assert_rule(IDLE, WORK, CAN_FETCH, FETCHING, DO(SEND_FETCH));
    assert_rule(IDLE, WORK, REDIS, IDLE, 0);
    assert_rule(IDLE, WORK, CQ_WORKER_RUNTIMES, IDLE, 0);
    assert_rule(LEAVING_UNSURE, WORK, CAN_FETCH, LEAVING_FETCHING, DO(SEND_FETCH));
    assert_rule(FETCHING, LOST, 0, IDLE, 0);
    assert_rule(FETCHING, NOT_FETCHED, 0, IDLE, DO(ARM_AGAIN));
    assert_rule(IDLE, AGAIN, 0, IDLE, DO(FETCH));
    assert_rule(LEAVING_UNSURE, AGAIN, 0, LEAVING_UNSURE, DO(FETCH));
    assert_rule(WORKING, AGAIN, 0, WORKING, DO(RESEND));
    assert_rule(LEAVING_WORKING, AGAIN, 0, LEAVING_WORKING, DO(RESEND));
}
END_TEST

START_TEST(a_job_is_told_when_a_fetch_has_found_it)
{
    assert_rule(FETCHING, JOB, 0, WORKING, DO(STOP_IDLE), DO(START_JOB), DO(TELL_JOB));
    assert_rule(LEAVING_FETCHING, JOB, 0, LEAVING_WORKING, DO(STOP_IDLE), DO(START_JOB), DO(TELL_JOB));
    assert_rule(WORKING, JOB, 0, WORKING, DO(START_JOB));
    assert_rule(LEAVING_WORKING, JOB, 0, LEAVING_WORKING, DO(START_JOB));
}
END_TEST

START_TEST(without_a_job_it_is_idle_and_says_so)
{
    check_each(AT(FETCHING), AT(WORKING), AT(TRY_AGAIN), CAN_FETCH, AT(FETCHING),
               (const int[]){DO(SEND_FETCH), 0});
    check_each(AT(FETCHING), AT(WORKING), AT(TRY_AGAIN), REDIS, AT(IDLE),
               (const int[]){DO(ARM_IDLE), DO(TELL_NO_JOB), 0});
    check_each(AT(FETCHING), AT(WORKING), AT(NO_JOB), CAN_FETCH | BURST, AT(IDLE),
               (const int[]){DO(ARM_IDLE), DO(TELL_NO_JOB), 0});
    check_each(AT(FETCHING), AT(WORKING), AT(SUSPENDED), CAN_FETCH, AT(IDLE),
               (const int[]){DO(ARM_IDLE), DO(TELL_SUSPENDED), 0});
    assert_rule(WORKING, NOT_ASKED, UNSURE, IDLE, DO(ARM_IDLE), DO(FETCH));
    assert_rule(WORKING, NOT_ASKED, 0, IDLE, DO(ARM_IDLE), DO(TELL_WORK));
    assert_rule(WORKING, NOT_FETCHED, 0, IDLE, DO(ARM_AGAIN));
}
END_TEST

START_TEST(it_ends_after_enough_jobs_whatever_the_last_call_has_found)
{
    const int ends[] = {DO(SAY_ENOUGH), DO(DEREGISTER), DO(TELL_WORK), 0};
    const int events[] = {AT(TRY_AGAIN), AT(NO_JOB), AT(SUSPENDED)};
    for (int i = 0; i < 3; i++)
        check_each(AT(FETCHING), AT(WORKING), events[i], CAN_FETCH | ENOUGH | BURST_DONE, AT(DEREGISTERING),
                   ends);
    check_each(AT(WORKING), AT(WORKING), AT(NOT_ASKED), ENOUGH | UNSURE, AT(DEREGISTERING), ends);
}
END_TEST

START_TEST(in_burst_mode_it_ends_when_the_queues_are_empty_or_suspended)
{
    check_each(AT(FETCHING), AT(WORKING), AT(NO_JOB), CAN_FETCH | BURST_DONE, AT(DEREGISTERING),
               (const int[]){DO(SAY_BURST_DONE), DO(DEREGISTER), DO(TELL_WORK), 0});
    check_each(AT(FETCHING), AT(WORKING), AT(SUSPENDED), BURST, AT(DEREGISTERING),
               (const int[]){DO(SAY_SUSPENDED), DO(DEREGISTER), DO(TELL_WORK), 0});
}
END_TEST

START_TEST(one_that_was_idle_too_long_ends)
{
    assert_rule(IDLE, IDLE_LONG, 0, DEREGISTERING, DO(SAY_IDLE_LONG), DO(DEREGISTER));
    check_each(AT(FETCHING), AT(GONE), AT(IDLE_LONG), 0, CQ_SAME_STATE, (const int[]){0});
}
END_TEST

START_TEST(told_to_stop_it_finishes_its_job_and_asks_for_what_it_may_have_lost)
{
    assert_rule(UNREGISTERED, STOP, 0, DEREGISTERING, DO(DEREGISTER));
    assert_rule(IDLE, STOP, REDIS | UNSURE, LEAVING_UNSURE, DO(FETCH));
    assert_rule(IDLE, STOP, UNSURE, DEREGISTERING, DO(DEREGISTER));
    assert_rule(IDLE, STOP, REDIS, DEREGISTERING, DO(DEREGISTER));
    assert_rule(FETCHING, STOP, REDIS, LEAVING_FETCHING, 0);
    assert_rule(WORKING, STOP, REDIS, LEAVING_WORKING, DO(END_WARM), DO(SHOW_SHUTDOWN));
    assert_rule(WORKING, STOP, 0, LEAVING_WORKING, DO(END_WARM));
    check_each(AT(LEAVING_UNSURE), AT(GONE), AT(STOP), REDIS, CQ_SAME_STATE, (const int[]){0});
}
END_TEST

START_TEST(one_that_leaves_ends_when_nothing_can_be_its_job_any_more)
{
    const int ends[] = {DO(DEREGISTER), DO(TELL_WORK), 0};
    const int events[] = {AT(TRY_AGAIN), AT(NO_JOB), AT(SUSPENDED)};
    for (int i = 0; i < 3; i++)
        check_each(AT(LEAVING_FETCHING), AT(LEAVING_WORKING), events[i], CAN_FETCH, AT(DEREGISTERING), ends);
    assert_rule(LEAVING_WORKING, NOT_ASKED, UNSURE, LEAVING_UNSURE, DO(FETCH));
    assert_rule(LEAVING_WORKING, NOT_ASKED, 0, DEREGISTERING, DO(DEREGISTER), DO(TELL_WORK));
    assert_rule(LEAVING_FETCHING, LOST, 0, LEAVING_UNSURE, 0);
    check_each(AT(LEAVING_FETCHING), AT(LEAVING_WORKING), AT(NOT_FETCHED), UNSURE, AT(LEAVING_UNSURE),
               (const int[]){DO(ARM_AGAIN), 0});
    check_each(AT(LEAVING_FETCHING), AT(LEAVING_WORKING), AT(NOT_FETCHED), 0, AT(DEREGISTERING),
               (const int[]){DO(DEREGISTER), 0});
}
END_TEST

START_TEST(its_end_is_told_once)
{
    check_each(AT(UNREGISTERED), AT(LEAVING_WORKING), AT(ABANDON), 0, AT(DEREGISTERING),
               (const int[]){DO(DEREGISTER), 0});
    check_each(AT(DEREGISTERING), AT(GONE), AT(ABANDON), 0, CQ_SAME_STATE, (const int[]){0});
    assert_rule(DEREGISTERING, DEREGISTERED, 0, GONE, DO(TELL_GONE));
    assert_rule(GONE, DEREGISTERED, 0, GONE, 0);
    check_each(AT(UNREGISTERED), AT(GONE), AT(PROCESS_ENDS), 0, AT(GONE), (const int[]){0});
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = tcase_create("worker_state");
    tcase_add_test(tcase, it_is_registered_before_it_does_anything);
    tcase_add_test(tcase, it_registers_again_on_each_new_connection_and_proceeds);
    tcase_add_test(tcase, it_fetches_when_redis_and_its_runtimes_are_there);
    tcase_add_test(tcase, a_job_is_told_when_a_fetch_has_found_it);
    tcase_add_test(tcase, without_a_job_it_is_idle_and_says_so);
    tcase_add_test(tcase, it_ends_after_enough_jobs_whatever_the_last_call_has_found);
    tcase_add_test(tcase, in_burst_mode_it_ends_when_the_queues_are_empty_or_suspended);
    tcase_add_test(tcase, one_that_was_idle_too_long_ends);
    tcase_add_test(tcase, told_to_stop_it_finishes_its_job_and_asks_for_what_it_may_have_lost);
    tcase_add_test(tcase, one_that_leaves_ends_when_nothing_can_be_its_job_any_more);
    tcase_add_test(tcase, its_end_is_told_once);
    return suite_of("core/worker_state", tcase);
}
