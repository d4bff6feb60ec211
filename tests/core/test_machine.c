#include <check.h>
#include <stdlib.h>

#include "base/attr.h"
#include "core/machine.h"
#include "tests/support/suite.h"

enum { OFF, ON, STATES };
enum { PRESS, BREAK, EVENTS };
enum { STAY, LIGHT, DARK };
enum { POWER = 1, LOCKED = 2 };

static const char *const states[] = {"OFF", "ON"}, *const events[] = {"PRESS", "BREAK"};

static const struct cq_rule lamp_rules[] = {
    {OFF, PRESS, POWER, LOCKED, ON, {LIGHT}},
    {OFF, PRESS, 0, 0, OFF, {STAY}},
    {ON, PRESS, 0, 0, OFF, {DARK}},
    {ON, BREAK, 0, 0, OFF, {DARK}},
};

static struct cq_machine machine_of(const struct cq_rule *rules, size_t count)
{
    return (struct cq_machine){"lamp", rules, count, states, events, STATES, EVENTS};
}

START_TEST(the_first_rule_that_fits_the_facts_counts)
{
    struct cq_machine lamp = machine_of(lamp_rules, CQ_ARRAY_LEN(lamp_rules));
    ck_assert_ptr_eq(cq_machine_rule(&lamp, OFF, PRESS, POWER), &lamp_rules[0]);
    ck_assert_ptr_eq(cq_machine_rule(&lamp, OFF, PRESS, POWER | LOCKED), &lamp_rules[1]);
    ck_assert_ptr_eq(cq_machine_rule(&lamp, OFF, PRESS, 0), &lamp_rules[1]);
    ck_assert_ptr_eq(cq_machine_rule(&lamp, ON, PRESS, LOCKED), &lamp_rules[2]);
}
END_TEST

START_TEST(a_rule_may_be_for_many_states)
{
    const struct cq_rule rules[] = {{ON, BREAK, POWER, 0, OFF, {DARK}},
                                    {CQ_STATES(OFF, ON), BREAK, 0, 0, CQ_SAME_STATE, {STAY}}};
    size_t at;
    struct cq_machine lamp = machine_of(rules, 2);
    ck_assert_ptr_null(cq_machine_fault(&lamp, &at));
    ck_assert_ptr_eq(cq_machine_rule(&lamp, ON, BREAK, POWER), &rules[0]);
    ck_assert_ptr_eq(cq_machine_rule(&lamp, ON, BREAK, 0), &rules[1]);
    ck_assert_ptr_eq(cq_machine_rule(&lamp, OFF, BREAK, POWER), &rules[1]);
    ck_assert_ptr_null(cq_machine_rule(&lamp, ON, PRESS, 0));
}
END_TEST

START_TEST(an_event_without_a_rule_is_illegal)
{
    struct cq_machine lamp = machine_of(lamp_rules, CQ_ARRAY_LEN(lamp_rules));
    ck_assert_ptr_null(cq_machine_rule(&lamp, OFF, BREAK, POWER));
}
END_TEST

START_TEST(a_table_in_order_has_no_fault)
{
    size_t at;
    struct cq_machine lamp = machine_of(lamp_rules, CQ_ARRAY_LEN(lamp_rules));
    ck_assert_ptr_null(cq_machine_fault(&lamp, &at));
}
END_TEST

static void assert_fault(const struct cq_rule *rules, size_t count, size_t at, const char *fault)
{
    size_t found = 0;
    struct cq_machine lamp = machine_of(rules, count);
    const char *text = cq_machine_fault(&lamp, &found);
    ck_assert_ptr_nonnull(text);
    ck_assert_str_eq(text, fault);
    ck_assert_uint_eq(found, at);
}

START_TEST(a_rule_behind_one_that_always_fits_is_a_fault)
{
    const struct cq_rule rules[] = {{OFF, PRESS, 0, 0, ON, {LIGHT}}, {OFF, PRESS, POWER, 0, ON, {LIGHT}}};
    assert_fault(rules, 2, 1, "an earlier rule always comes first");
}
END_TEST

START_TEST(facts_without_a_rule_are_a_fault)
{
    const struct cq_rule rules[] = {{OFF, PRESS, POWER, 0, ON, {LIGHT}},
                                    {OFF, PRESS, 0, POWER | LOCKED, OFF, {STAY}}};
    assert_fault(rules, 2, 0, "no rule for some facts");
}
END_TEST

START_TEST(a_number_out_of_range_is_a_fault)
{
    const struct cq_rule state[] = {{OFF, PRESS, 0, 0, STATES, {LIGHT}}};
    const struct cq_rule range[] = {{CQ_STATES(ON, STATES), PRESS, 0, 0, ON, {LIGHT}}};
    const struct cq_rule event[] = {{OFF, EVENTS, 0, 0, ON, {LIGHT}}};
    const struct cq_rule fact[] = {{OFF, PRESS, POWER, POWER, ON, {LIGHT}}};
    assert_fault(state, 1, 0, "a state out of range");
    assert_fault(range, 1, 0, "a state out of range");
    assert_fault(event, 1, 0, "an event out of range");
    assert_fault(fact, 1, 0, "a fact that must hold and must not");
}
END_TEST

Suite *test_suite(void)
{
    TCase *rules = tcase_create("rules");
    tcase_add_test(rules, the_first_rule_that_fits_the_facts_counts);
    tcase_add_test(rules, a_rule_may_be_for_many_states);
    tcase_add_test(rules, an_event_without_a_rule_is_illegal);
    tcase_add_test(rules, a_table_in_order_has_no_fault);
    tcase_add_test(rules, a_rule_behind_one_that_always_fits_is_a_fault);
    tcase_add_test(rules, facts_without_a_rule_are_a_fault);
    tcase_add_test(rules, a_number_out_of_range_is_a_fault);
    return suite_of("machine", rules);
}
