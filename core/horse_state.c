#include "core/horse_state.h"

#include "base/attr.h"

#define AT(state) CQ_HORSE_##state
#define AT_ANY(first, last) CQ_STATES(CQ_HORSE_##first, CQ_HORSE_##last)
#define ON(event) CQ_HORSE_##event
#define TO(state) CQ_HORSE_##state
#define RULE(states, event, next) {states, event, 0, 0, next, {0}}

/* State, event, next state. No actions. */
static const struct cq_rule rules[] = {
    RULE(AT(ASKED), ON(FORKED), TO(ALIVE)),
    RULE(AT(ASKED), ON(FORK_FAILED), TO(NOT_FORKED)),
    RULE(AT_ANY(ALIVE, KILLED), ON(KILL), TO(KILLED)),
    RULE(AT_ANY(ASKED, GONE), ON(EXITED), TO(GONE)),
    RULE(AT(NOT_FORKED), ON(EXITED), TO(NOT_FORKED)),
};

static const char *const states[] = {
    [AT(ASKED)] = "ASKED", [AT(ALIVE)] = "ALIVE",           [AT(KILLED)] = "KILLED",
    [AT(GONE)] = "GONE",   [AT(NOT_FORKED)] = "NOT_FORKED",
};

static const char *const events[] = {
    [ON(FORKED)] = "FORKED",
    [ON(KILL)] = "KILL",
    [ON(EXITED)] = "EXITED",
    [ON(FORK_FAILED)] = "FORK_FAILED",
};

const struct cq_machine cq_horse_machine = {
    .name = "horse",
    .rules = rules,
    .rule_count = CQ_ARRAY_LEN(rules),
    .states = states,
    .events = events,
    .state_count = CQ_HORSE_STATES,
    .event_count = CQ_HORSE_EVENTS,
};

enum cq_horse_state cq_horse_next(enum cq_horse_state state, enum cq_horse_event event)
{
    const struct cq_rule *rule = cq_machine_rule(&cq_horse_machine, state, event, 0);
    return rule ? rule->next : state;
}
