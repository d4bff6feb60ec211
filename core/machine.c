#include "core/machine.h"

static int first_of(const struct cq_rule *rule)
{
    return rule->state & 0xff;
}

static int last_of(const struct cq_rule *rule)
{
    return rule->state >> 8 ? rule->state >> 8 : rule->state;
}

static bool is_for(const struct cq_rule *rule, int state, int event)
{
    return rule->event == event && first_of(rule) <= state && state <= last_of(rule);
}

const struct cq_rule *cq_machine_rule(const struct cq_machine *machine, int state, int event, uint32_t facts)
{
    for (size_t i = 0; i < machine->rule_count; i++) {
        const struct cq_rule *rule = &machine->rules[i];
        if (is_for(rule, state, event) && (facts & rule->when) == rule->when && !(facts & rule->unless))
            return rule;
    }
    return NULL;
}

/* Does a fit whenever b does? */
static bool covers(const struct cq_rule *a, const struct cq_rule *b)
{
    return a->event == b->event && first_of(a) <= first_of(b) && last_of(b) <= last_of(a) &&
           (a->when & b->when) == a->when && (a->unless & b->unless) == a->unless;
}

/* Is there a set of facts for which no rule fits? Tried over the facts that the rules of this pair name. */
static bool has_gap(const struct cq_machine *machine, int state, int event)
{
    uint32_t named = 0, facts = 0;
    for (size_t i = 0; i < machine->rule_count; i++)
        if (is_for(&machine->rules[i], state, event))
            named |= machine->rules[i].when | machine->rules[i].unless;
    do {
        if (!cq_machine_rule(machine, state, event, facts))
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
        if (last_of(rule) >= machine->state_count || last_of(rule) < first_of(rule) ||
            (rule->next >= machine->state_count && rule->next != CQ_SAME_STATE))
            return "a state out of range";
        if (rule->event >= machine->event_count)
            return "an event out of range";
        if (rule->when & rule->unless)
            return "a fact that must hold and must not";
        for (size_t k = 0; k < i; k++)
            if (covers(&machine->rules[k], rule))
                return "an earlier rule always comes first";
        for (int state = first_of(rule); state <= last_of(rule); state++)
            if (has_gap(machine, state, rule->event))
                return "no rule for some facts";
    }
    return NULL;
}
