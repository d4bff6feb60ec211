#include "tests/support/machine_rules.h"

#include <check.h>

void check_rule(const struct cq_machine *machine, int state, int event, uint32_t facts, int next,
                const int *actions)
{
    const char *name = machine->events[event], *from = machine->states[state];
    const struct cq_rule *rule = cq_machine_rule(machine, state, event, facts);
    ck_assert_msg(rule != NULL, "%s is illegal in %s", name, from);
    int to = rule->next == CQ_SAME_STATE ? state : rule->next;
    ck_assert_msg(to == next, "%s in %s leads to %s", name, from, machine->states[to]);
    for (int i = 0; i < CQ_RULE_ACTIONS; i++) {
        ck_assert_msg(rule->actions[i] == actions[i], "%s in %s: action %d is %d, not %d", name, from, i + 1,
                      rule->actions[i], actions[i]);
        if (!actions[i])
            break;
    }
}

void check_table(const struct cq_machine *machine)
{
    size_t at = 0;
    const char *fault = cq_machine_fault(machine, &at);
    ck_assert_msg(!fault, "%s, rule %zu: %s", machine->name, at, fault);
    for (int state = 0; state < machine->state_count; state++)
        ck_assert_ptr_nonnull(machine->states[state]);
    for (int event = 0; event < machine->event_count; event++)
        ck_assert_ptr_nonnull(machine->events[event]);
}
