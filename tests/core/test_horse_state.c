/* What each event means for a horse. */
#include "core/horse_state.h"

#include <check.h>

#include "tests/support/machine_rules.h"
#include "tests/support/suite.h"

#define AT(state) CQ_HORSE_##state
#define assert_rule(from, event, to) \
    check_rule(&cq_horse_machine, AT(from), AT(event), 0, AT(to), (const int[]){0})

START_TEST(its_table_has_no_fault)
{
    check_table(&cq_horse_machine);
}
END_TEST

START_TEST(a_horse_is_forked_and_ends_by_itself_or_killed)
{
    assert_rule(ASKED, FORKED, ALIVE);
    assert_rule(ALIVE, EXITED, GONE);
    assert_rule(ALIVE, KILL, KILLED);
    assert_rule(KILLED, EXITED, GONE);
}
END_TEST

START_TEST(a_horse_that_was_not_forked_is_not_taken_for_one_that_died)
{
    assert_rule(ASKED, FORK_FAILED, NOT_FORKED);
    assert_rule(NOT_FORKED, EXITED, NOT_FORKED);
}
END_TEST

/* Its exit is read from two places, the stable and its socket, in any order. */
START_TEST(its_end_may_be_told_early_and_twice)
{
    assert_rule(ASKED, EXITED, GONE);
    assert_rule(GONE, EXITED, GONE);
    assert_rule(KILLED, KILL, KILLED);
}
END_TEST

START_TEST(what_makes_no_sense_changes_nothing)
{
    ck_assert_int_eq(cq_horse_next(AT(GONE), AT(FORKED)), AT(GONE));
    ck_assert_int_eq(cq_horse_next(AT(GONE), AT(KILL)), AT(GONE));
    ck_assert_int_eq(cq_horse_next(AT(GONE), AT(FORK_FAILED)), AT(GONE));
    ck_assert_int_eq(cq_horse_next(AT(NOT_FORKED), AT(FORKED)), AT(NOT_FORKED));
    ck_assert_int_eq(cq_horse_next(AT(ASKED), AT(KILL)), AT(ASKED));
    ck_assert_int_eq(cq_horse_next(AT(ALIVE), AT(FORK_FAILED)), AT(ALIVE));
    ck_assert_int_eq(cq_horse_next(AT(ALIVE), AT(EXITED)), AT(GONE));
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = tcase_create("horse_state");
    tcase_add_test(tcase, its_table_has_no_fault);
    tcase_add_test(tcase, a_horse_is_forked_and_ends_by_itself_or_killed);
    tcase_add_test(tcase, a_horse_that_was_not_forked_is_not_taken_for_one_that_died);
    tcase_add_test(tcase, its_end_may_be_told_early_and_twice);
    tcase_add_test(tcase, what_makes_no_sense_changes_nothing);
    return suite_of("core/horse_state", tcase);
}
