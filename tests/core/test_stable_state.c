#include "core/stable_state.h"

#include <check.h>

#include "tests/core/random_events.h"
#include "tests/support/suite.h"

START_TEST(its_table_is_well_formed)
{
    size_t at = 0;
    const char *fault = cq_machine_fault(&cq_stable_machine, &at);
    ck_assert_msg(!fault, "rule %zu: %s", at, fault);
}
END_TEST

START_TEST(a_stable_ends_once_and_is_told_of_once_in_random_orders)
{
    enum { EVENTS = 100000 };
    int lives = 0;
    random_begin("stable");
    for (int i = 0; i < EVENTS; lives++) {
        enum cq_stable_state state = CQ_STABLE_STARTING;
        int told_dead = 0, told_hello = 0, told_refused = 0, kills = 0;
        for (int step = 0; step < 12 && state != CQ_STABLE_DEAD; step++, i++) {
            enum cq_stable_event event = random_below(CQ_STABLE_ON_DIED + 1);
            if (event == CQ_STABLE_ON_QUIT && state == CQ_STABLE_STARTING)
                continue; /* a runtime has only a stable that served leave by itself */
            const struct cq_rule *rule = cq_stable_state_apply(&state, event);
            REQUIRE(rule, "event %d in state %d", (int)event, (int)state);
            for (int k = 0; k < CQ_RULE_ACTIONS && rule->actions[k]; k++) {
                told_dead += rule->actions[k] == CQ_STABLE_TELL_DIED;
                told_hello += rule->actions[k] == CQ_STABLE_TELL_HELLO;
                told_refused += rule->actions[k] == CQ_STABLE_TELL_REFUSED;
                kills += rule->actions[k] == CQ_STABLE_SEND_KILL;
            }
            REQUIRE(told_hello + told_refused <= 1, "hello and refusal");
            REQUIRE((state == CQ_STABLE_KILLED) <= kills, "killed without a signal");
        }
        REQUIRE(told_dead == (state == CQ_STABLE_DEAD), "its end was told %d times", told_dead);
    }
    ck_assert_int_gt(lives, 0);
}
END_TEST

START_TEST(a_dead_stable_stays_dead)
{
    for (int event = 0; event < cq_stable_machine.event_count; event++) {
        enum cq_stable_state state = CQ_STABLE_DEAD;
        const struct cq_rule *rule = cq_stable_state_apply(&state, event);
        ck_assert_int_eq(state, CQ_STABLE_DEAD);
        ck_assert(!rule || !rule->actions[0]);
    }
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = tcase_create("stable_state");
    tcase_add_test(tc, its_table_is_well_formed);
    tcase_add_test(tc, a_stable_ends_once_and_is_told_of_once_in_random_orders);
    tcase_add_test(tc, a_dead_stable_stays_dead);
    return suite_of("core/stable_state", tc);
}
