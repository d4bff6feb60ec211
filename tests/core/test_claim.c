/* What each event means for the claim on a job that a lost answer may have started. */
#include "core/claim.h"

#include <check.h>

#include "tests/support/machine_rules.h"
#include "tests/support/suite.h"

#define AT(state) CQ_CLAIM_##state
#define assert_rule(from, event, to) \
    check_rule(&cq_claim_machine, AT(from), AT(event), 0, AT(to), (const int[]){0})

START_TEST(its_table_has_no_fault)
{
    check_table(&cq_claim_machine);
}
END_TEST

START_TEST(a_call_that_is_answered_leaves_no_claim)
{
    assert_rule(NONE, ASK, ASKED);
    assert_rule(ASKED, ANSWERED, NONE);
    assert_rule(ASKED, REFUSED, NONE);
}
END_TEST

START_TEST(a_lost_answer_is_asked_for_until_one_comes)
{
    assert_rule(ASKED, NO_ANSWER, LOST);
    assert_rule(LOST, ASK, ASKED_AGAIN);
    assert_rule(ASKED_AGAIN, NO_ANSWER, LOST);
    assert_rule(ASKED_AGAIN, ANSWERED, NONE);
}
END_TEST

START_TEST(a_refused_call_says_nothing_of_what_was_lost_before_it)
{
    assert_rule(ASKED_AGAIN, REFUSED, LOST);
}
END_TEST

START_TEST(a_worker_that_ends_forgets_its_claim)
{
    for (int state = 0; state < CQ_CLAIM_STATES; state++)
        check_rule(&cq_claim_machine, state, AT(FORGET), 0, AT(NONE), (const int[]){0});
}
END_TEST

START_TEST(two_calls_never_ask_at_the_same_time)
{
    ck_assert_ptr_null(cq_machine_rule(&cq_claim_machine, AT(ASKED), AT(ASK), 0));
    ck_assert_ptr_null(cq_machine_rule(&cq_claim_machine, AT(ASKED_AGAIN), AT(ASK), 0));
    ck_assert_ptr_null(cq_machine_rule(&cq_claim_machine, AT(NONE), AT(ANSWERED), 0));
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = tcase_create("claim");
    tcase_add_test(tcase, its_table_has_no_fault);
    tcase_add_test(tcase, a_call_that_is_answered_leaves_no_claim);
    tcase_add_test(tcase, a_lost_answer_is_asked_for_until_one_comes);
    tcase_add_test(tcase, a_refused_call_says_nothing_of_what_was_lost_before_it);
    tcase_add_test(tcase, a_worker_that_ends_forgets_its_claim);
    tcase_add_test(tcase, two_calls_never_ask_at_the_same_time);
    return suite_of("core/claim", tcase);
}
