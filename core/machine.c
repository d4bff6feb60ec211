#include "core/machine.h"

const struct cq_rule *cq_machine_rule(const struct cq_machine *machine, int state, int event, uint32_t facts)
{
    for (size_t i = 0; i < machine->rule_count; i++) {
        const struct cq_rule *rule = &machine->rules[i];
        if (rule->state == state && rule->event == event && (facts & rule->when) == rule->when &&
            !(facts & rule->unless))
            return rule;
    }
    return NULL;
}

static bool same_pair(const struct cq_rule *a, const struct cq_rule *b)
{
    return a->state == b->state && a->event == b->event;
}

/* Does a fit whenever b does? */
static bool covers(const struct cq_rule *a, const struct cq_rule *b)
{
    return same_pair(a, b) && (a->when & b->when) == a->when && (a->unless & b->unless) == a->unless;
}

/* Is there a set of facts for which no rule of this pair fits? Tried over the facts that these rules name. */
static bool has_gap(const struct cq_machine *machine, const struct cq_rule *of)
{
    uint32_t named = 0;
    for (size_t i = 0; i < machine->rule_count; i++)
        if (same_pair(&machine->rules[i], of))
            named |= machine->rules[i].when | machine->rules[i].unless;
    uint32_t facts = 0;
    do {
        if (!cq_machine_rule(machine, of->state, of->event, facts))
            return true;
        facts = (facts - named) & named; /* the next subset of the named facts */
    } while (facts);
    return false;
}

const char *cq_machine_fault(const struct cq_machine *machine, size_t *ret_rule)
{
    for (size_t i = 0; i < machine->rule_count; i++) {
        const struct cq_rule *rule = &machine->rules[i];
        *ret_rule = i;
        if (rule->state >= machine->state_count || rule->next >= machine->state_count)
            return "a state out of range";
        if (rule->event >= machine->event_count)
            return "an event out of range";
        if (rule->when & rule->unless)
            return "a fact that must hold and must not";
        for (size_t k = 0; k < i; k++)
            if (covers(&machine->rules[k], rule))
                return "an earlier rule always comes first";
        if (has_gap(machine, rule))
            return "no rule for some facts";
    }
    return NULL;
}
