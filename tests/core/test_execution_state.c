/* What each event means for an execution, where the order or the reason matters: tests/core/test_worker.c
 * does all of them in any order, and cannot know which callback was due. */
#include "core/execution_state.h"

#include "tests/support/machine_rules.h"
#include "tests/support/suite.h"

#define AT(state) CQ_EXECUTION_##state
#define DO(action) CQ_EXECUTION_DO_##action
#define assert_rule(from, event, facts, to, ...) \
    check_rule(&cq_execution_machine, AT(from), AT(event), facts, AT(to), (const int[]){__VA_ARGS__, 0})

START_TEST(a_started_job_is_handed_to_a_horse_at_once_and_has_its_timeout_from_then_on)
{
    assert_rule(NONE, START, 0, WAITING, DO(TAKE_HORSE));
    assert_rule(WAITING, HORSE_TAKEN, 0, RUNNING, DO(ARM_LIMIT));
    assert_rule(RUNNING, NOT_FORKED, 0, WAITING, DO(DISARM));
    assert_rule(WAITING, TRY_HORSE, 0, WAITING, DO(TAKE_HORSE));
    assert_rule(WAITING, CANNOT_RUN, 0, KEPT, DO(DROP_FRAME), DO(COMMIT));
}
END_TEST

START_TEST(callbacks_and_handlers_of_its_horse_have_a_time_of_their_own)
{
    assert_rule(RUNNING, CALLS_SUCCESS, 0, SUCCESS_CALLBACK, DO(NOTE_ENDED), DO(ARM_LIMIT));
    assert_rule(SUCCESS_CALLBACK, CALLS_HANDLERS, 0, HANDLERS, DO(NOTE_ENDED), DO(ARM_LIMIT));
    assert_rule(STOPPED, CALLS_HANDLERS, 0, STOPPED, DO(NOTE_ENDED));
    assert_rule(TIMING_OUT, CALLS_SUCCESS, 0, TIMING_OUT, DO(NOTE_ENDED));
    assert_rule(KILLED, CALLS_SUCCESS, 0, KILLED, DO(NOTE_ENDED));
}
END_TEST

START_TEST(the_outcome_leaves_before_the_horse_is_let_go)
{
    assert_rule(RUNNING, ANSWER_DONE, 0, KEPT, DO(RECORD_ANSWER), DO(COMMIT), DO(DISARM), DO(LET_GO));
    assert_rule(HANDLERS, ANSWER_FAILED, 0, KEPT, DO(RECORD_ANSWER), DO(COMMIT), DO(DISARM), DO(LET_GO));
    assert_rule(RUNNING, ANSWER_RETRY, CQ_EXECUTION_FAILURE_ELSEWHERE, KEPT, DO(RECORD_ANSWER), DO(COMMIT),
                DO(DISARM), DO(LET_GO));
}
END_TEST

START_TEST(a_callback_of_another_runtime_comes_before_the_record)
{
    assert_rule(RUNNING, ANSWER_DONE, CQ_EXECUTION_SUCCESS_ELSEWHERE, CALLING_SUCCESS, DO(RECORD_ANSWER),
                DO(DISARM), DO(CALL_SUCCESS), DO(LET_GO));
    assert_rule(RUNNING, ANSWER_FAILED, CQ_EXECUTION_FAILURE_ELSEWHERE, CALLING_FAILURE, DO(RECORD_ANSWER),
                DO(DISARM), DO(CALL_FAILURE), DO(LET_GO));
    assert_rule(CALLING_SUCCESS, CALLED, 0, KEPT, DO(COMMIT));
}
END_TEST

START_TEST(a_success_callback_that_fails_makes_the_job_fail_and_the_failure_callback_follows)
{
    assert_rule(CALLING_SUCCESS, CALL_FAILED, CQ_EXECUTION_FAILURE_NAMED, CALLING_FAILURE,
                DO(RECORD_CALLBACK), DO(CALL_FAILURE));
    assert_rule(CALLING_SUCCESS, CALL_FAILED, 0, KEPT, DO(RECORD_CALLBACK), DO(COMMIT));
    assert_rule(CALLING_FAILURE, CALL_FAILED, 0, KEPT, DO(ADD_CALLBACK), DO(COMMIT));
}
END_TEST

START_TEST(a_timeout_is_sigterm_then_sigkill_then_a_failure_with_its_callback)
{
    assert_rule(RUNNING, TIME_UP, 0, TIMING_OUT, DO(SAY_TIMEOUT), DO(TERM_HORSE), DO(ARM_GRACE));
    assert_rule(TIMING_OUT, TIME_UP, 0, TIMING_OUT, DO(KILL_HORSE));
    assert_rule(TIMING_OUT, HORSE_GONE, CQ_EXECUTION_FAILURE_NAMED, CALLING_LAST, DO(DISARM), DO(DROP_FRAME),
                DO(RECORD_TIMEOUT), DO(CALL_FAILURE));
    assert_rule(TIMING_OUT, HORSE_GONE, 0, KEPT, DO(DISARM), DO(DROP_FRAME), DO(RECORD_TIMEOUT), DO(COMMIT));
    assert_rule(CALLING_LAST, CALL_FAILED, 0, KEPT, DO(COMMIT));
}
END_TEST

START_TEST(a_failure_callback_that_its_horse_has_begun_is_not_called_again)
{
    assert_rule(HANDLERS, TIME_UP, 0, HANDLERS_TIMED_OUT, DO(SAY_TIMEOUT), DO(TERM_HORSE), DO(ARM_GRACE));
    assert_rule(HANDLERS_TIMED_OUT, HORSE_GONE, CQ_EXECUTION_FAILURE_NAMED, KEPT, DO(DISARM), DO(DROP_FRAME),
                DO(RECORD_TIMEOUT), DO(COMMIT));
    assert_rule(SUCCESS_CALLBACK, TIME_UP, 0, TIMING_OUT, DO(SAY_TIMEOUT), DO(TERM_HORSE), DO(ARM_GRACE));
    assert_rule(TIMING_OUT, CALLS_HANDLERS, 0, HANDLERS_TIMED_OUT, DO(NOTE_ENDED));
}
END_TEST

START_TEST(stop_job_ends_it_whatever_else_is_killing_it_and_its_callback_is_called)
{
    assert_rule(RUNNING, STOP, 0, STOPPED, DO(KILL_HORSE));
    assert_rule(TIMING_OUT, STOP, 0, STOPPED, DO(KILL_HORSE));
    assert_rule(STOPPED, KILL, 0, STOPPED, DO(KILL_HORSE));
    assert_rule(STOPPED, HORSE_GONE, CQ_EXECUTION_STOPPED_NAMED, CALLING_LAST, DO(DISARM), DO(DROP_FRAME),
                DO(RECORD_STOP), DO(CALL_STOPPED));
    assert_rule(STOPPED, HORSE_GONE, 0, KEPT, DO(DISARM), DO(DROP_FRAME), DO(RECORD_STOP), DO(COMMIT));
    assert_rule(WAITING, STOP, CQ_EXECUTION_STOPPED_NAMED, CALLING_LAST, DO(DROP_FRAME), DO(RECORD_STOP),
                DO(CALL_STOPPED));
    assert_rule(WAITING, STOP, 0, KEPT, DO(DROP_FRAME), DO(RECORD_STOP), DO(COMMIT));
}
END_TEST

START_TEST(what_a_horse_says_while_it_is_killed_does_not_count)
{
    assert_rule(TIMING_OUT, ANSWER_DONE, 0, TIMING_OUT, 0);
    assert_rule(STOPPED, ANSWER_DONE, 0, STOPPED, 0);
    assert_rule(KILLED, ANSWER_FAILED, 0, KILLED, 0);
    assert_rule(ENDING, ANSWER_FAILED, 0, ENDING, 0);
    assert_rule(RUNNING, BAD_FRAME, 0, KILLED, DO(KILL_HORSE));
    assert_rule(RUNNING, KILL, 0, KILLED, DO(KILL_HORSE));
}
END_TEST

START_TEST(a_shutdowns_deadline_puts_the_job_back_unless_it_is_done)
{
    assert_rule(RUNNING, DEADLINE, 0, ENDING, DO(TERM_HORSE), DO(ARM_GRACE));
    assert_rule(ENDING, HORSE_GONE, CQ_EXECUTION_FAILURE_NAMED, RETURN_KEPT, DO(DISARM), DO(DROP_FRAME),
                DO(COMMIT));
    assert_rule(ENDING, ANSWER_DONE, 0, KEPT, DO(RECORD_ANSWER), DO(COMMIT), DO(DISARM), DO(LET_GO));
    assert_rule(CALLING_SUCCESS, DEADLINE, 0, CALLING_SUCCESS_CUT, DO(KILL_CALLBACK));
    assert_rule(CALLING_SUCCESS_CUT, CALL_FAILED, CQ_EXECUTION_FAILURE_NAMED, RETURN_KEPT, DO(COMMIT));
    assert_rule(CALLING_SUCCESS_CUT, CALLED, 0, KEPT, DO(COMMIT));
    assert_rule(WAITING, DEADLINE, 0, RETURN_KEPT, DO(DROP_FRAME), DO(COMMIT));
    assert_rule(STOPPED, DEADLINE, 0, STOPPED, 0);
    assert_rule(ENDING, ANSWER_DONE, CQ_EXECUTION_SUCCESS_ELSEWHERE, CALLING_SUCCESS_CUT, DO(RECORD_ANSWER),
                DO(DISARM), DO(CALL_SUCCESS), DO(LET_GO));
    assert_rule(RETURN_KEPT, SEND, CQ_EXECUTION_REDIS, RETURNING, DO(SEND_RETURN));
    assert_rule(RETURNING, BUSY, 0, RETURN_PAUSED, DO(ARM_AGAIN));
    assert_rule(RETURN_PAUSED, SEND, CQ_EXECUTION_REDIS, RETURNING, DO(STOP_AGAIN), DO(SEND_RETURN));
    assert_rule(RETURN_PAUSED, SEND, 0, RETURN_KEPT, DO(STOP_AGAIN));
    assert_rule(RETURNING, STORED, 0, NONE, DO(RETURNED));
}
END_TEST

START_TEST(a_horse_that_dies_by_itself_is_said_and_recorded)
{
    assert_rule(RUNNING, HORSE_GONE, CQ_EXECUTION_FAILURE_NAMED, KEPT, DO(DISARM), DO(DROP_FRAME),
                DO(SAY_DEATH), DO(RECORD_DEATH), DO(COMMIT));
    assert_rule(KILLED, HORSE_GONE, 0, KEPT, DO(DISARM), DO(DROP_FRAME), DO(RECORD_DEATH), DO(COMMIT));
    assert_rule(WAITING, KILL, 0, KEPT, DO(DROP_FRAME), DO(RECORD_NOT_STARTED), DO(COMMIT));
}
END_TEST

START_TEST(a_callback_that_the_worker_runs_ends_early_when_it_is_killed_or_time_is_short)
{
    for (int state = AT(CALLING_SUCCESS); state <= AT(CALLING_LAST); state++)
        check_rule(&cq_execution_machine, state, AT(KILL), 0, state, (const int[]){DO(KILL_CALLBACK), 0});
    for (int state = AT(CALLING_SUCCESS_CUT); state <= AT(CALLING_LAST); state++)
        check_rule(&cq_execution_machine, state, AT(DEADLINE), 0, state, (const int[]){DO(KILL_CALLBACK), 0});
}
END_TEST

START_TEST(an_outcome_is_kept_while_redis_is_away_and_sent_once_it_is_back)
{
    assert_rule(KEPT, SEND, 0, KEPT, 0);
    assert_rule(KEPT, SEND, CQ_EXECUTION_REDIS, COMMITTING, DO(SEND_FINISH));
    assert_rule(COMMITTING, LOST, 0, KEPT, 0);
    assert_rule(COMMITTING, SEND, CQ_EXECUTION_REDIS, COMMITTING, 0);
    assert_rule(COMMITTING, STORED, 0, NONE, DO(REPORT));
}
END_TEST

START_TEST(an_outcome_that_redis_refuses_twice_is_given_up_and_one_that_it_cannot_take_now_is_not)
{
    assert_rule(COMMITTING, BUSY, 0, PAUSED, DO(ARM_AGAIN));
    assert_rule(PAUSED, SEND, CQ_EXECUTION_REDIS, COMMITTING, DO(STOP_AGAIN), DO(SEND_FINISH));
    assert_rule(COMMITTING, REFUSED, 0, REFUSED_PAUSED, DO(ARM_AGAIN));
    assert_rule(REFUSED_PAUSED, SEND, CQ_EXECUTION_REDIS, REFUSED_COMMITTING, DO(STOP_AGAIN),
                DO(SEND_FINISH));
    assert_rule(REFUSED_COMMITTING, BUSY, 0, PAUSED, DO(ARM_AGAIN));
    assert_rule(REFUSED_COMMITTING, REFUSED, 0, NONE, DO(GIVE_UP));
    assert_rule(COMMITTING, TOO_LARGE, 0, KEPT, DO(RECORD_TOO_LARGE), DO(COMMIT));
    assert_rule(PAUSED, SEND, 0, KEPT, DO(STOP_AGAIN));
    assert_rule(REFUSED_PAUSED, SEND, 0, REFUSED_KEPT, DO(STOP_AGAIN));
    assert_rule(REFUSED_COMMITTING, SEND, CQ_EXECUTION_REDIS, REFUSED_COMMITTING, 0);
    assert_rule(REFUSED_COMMITTING, TOO_LARGE, 0, REFUSED_KEPT, DO(RECORD_TOO_LARGE), DO(COMMIT));
    assert_rule(REFUSED_COMMITTING, STORED, 0, NONE, DO(REPORT));
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = tcase_create("execution_state");
    tcase_add_test(tcase, a_started_job_is_handed_to_a_horse_at_once_and_has_its_timeout_from_then_on);
    tcase_add_test(tcase, callbacks_and_handlers_of_its_horse_have_a_time_of_their_own);
    tcase_add_test(tcase, the_outcome_leaves_before_the_horse_is_let_go);
    tcase_add_test(tcase, a_callback_of_another_runtime_comes_before_the_record);
    tcase_add_test(tcase, a_success_callback_that_fails_makes_the_job_fail_and_the_failure_callback_follows);
    tcase_add_test(tcase, a_timeout_is_sigterm_then_sigkill_then_a_failure_with_its_callback);
    tcase_add_test(tcase, a_failure_callback_that_its_horse_has_begun_is_not_called_again);
    tcase_add_test(tcase, stop_job_ends_it_whatever_else_is_killing_it_and_its_callback_is_called);
    tcase_add_test(tcase, what_a_horse_says_while_it_is_killed_does_not_count);
    tcase_add_test(tcase, a_shutdowns_deadline_puts_the_job_back_unless_it_is_done);
    tcase_add_test(tcase, a_horse_that_dies_by_itself_is_said_and_recorded);
    tcase_add_test(tcase, a_callback_that_the_worker_runs_ends_early_when_it_is_killed_or_time_is_short);
    tcase_add_test(tcase, an_outcome_is_kept_while_redis_is_away_and_sent_once_it_is_back);
    tcase_add_test(tcase,
                   an_outcome_that_redis_refuses_twice_is_given_up_and_one_that_it_cannot_take_now_is_not);
    return suite_of("core/execution_state", tcase);
}
