#include "core/callback_state.h"

#include "base/attr.h"

#define AT(state) CQ_CALLBACK_##state
#define AT_ANY(first, last) CQ_STATES(CQ_CALLBACK_##first, CQ_CALLBACK_##last)
#define ON(event) CQ_CALLBACK_##event
#define IF(fact) CQ_CALLBACK_##fact
#define TO(state) CQ_CALLBACK_##state
#define SAME CQ_SAME_STATE
#define RULE(states, event, when, unless, next, ...) \
    {                                                \
        states, event, when, unless, next,           \
        {                                            \
            __VA_ARGS__                              \
        }                                            \
    }
#define DO(action) CQ_CALLBACK_DO_##action

/* State, event, facts that must hold, facts that must not, next state, actions. */
static const struct cq_rule rules[] = {
    RULE(AT(WAITING), ON(TRY), 0, 0, TO(ASKING), DO(ASK)),
    RULE(AT_ANY(ASKING, OVER), ON(TRY), 0, 0, SAME, DO(NOTHING)),
    RULE(AT(WAITING), ON(TIME_UP), IF(OVERDUE), 0, TO(OVER), DO(TELL_OVERDUE), DO(FREE)),
    RULE(AT(WAITING), ON(TIME_UP), 0, 0, TO(ASKING), DO(ARM_ASK), DO(ASK)),
    RULE(AT(ASKING), ON(UNAVAILABLE), 0, 0, TO(OVER), DO(TELL_UNAVAILABLE), DO(FREE)),
    RULE(AT(WAITING), ON(UNAVAILABLE), 0, 0, TO(OVER), DO(TELL_UNAVAILABLE), DO(FREE)),
    RULE(AT(ASKING), ON(NO_HORSE), 0, 0, TO(WAITING), DO(NOTHING)),
    RULE(AT(ASKING), ON(HORSE), 0, 0, TO(RUNNING), DO(ARM_LIMIT)),

    RULE(AT(RUNNING), ON(TIME_UP), 0, 0, TO(ENDING), DO(TERM_HORSE), DO(ARM_GRACE)),
    RULE(AT_ANY(ENDING, LEAVING), ON(TIME_UP), 0, 0, SAME, DO(KILL_HORSE)),
    RULE(AT_ANY(RUNNING, ENDING), ON(ANSWER), 0, 0, TO(LEAVING), DO(ARM_LEAVE), DO(CLOSE_HORSE),
         DO(TELL_ANSWER)),
    RULE(AT(LEAVING), ON(ANSWER), 0, 0, SAME, DO(NOTHING)),

    /* No memory, or too many processes: that passes. */
    RULE(AT(RUNNING), ON(NOT_FORKED), 0, 0, TO(WAITING), DO(ARM_ASK)),
    RULE(AT(RUNNING), ON(HORSE_GONE), 0, 0, TO(OVER), DO(TELL_DEATH), DO(FREE)),
    RULE(AT(ENDING), ON(HORSE_GONE), 0, 0, TO(OVER), DO(TELL_TIMEOUT), DO(FREE)),
    RULE(AT(LEAVING), ON(HORSE_GONE), 0, 0, TO(OVER), DO(FREE)),

    RULE(AT_ANY(WAITING, ASKING), ON(KILL), 0, 0, TO(OVER), DO(TELL_LEFT_OUT), DO(FREE)),
    RULE(AT_ANY(RUNNING, LEAVING), ON(KILL), 0, 0, SAME, DO(KILL_HORSE)),
};

static const char *const states[] = {
    [AT(WAITING)] = "WAITING", [AT(ASKING)] = "ASKING",   [AT(RUNNING)] = "RUNNING",
    [AT(ENDING)] = "ENDING",   [AT(LEAVING)] = "LEAVING", [AT(OVER)] = "OVER",
};

static const char *const events[] = {
    [ON(TRY)] = "TRY",
    [ON(UNAVAILABLE)] = "UNAVAILABLE",
    [ON(NO_HORSE)] = "NO_HORSE",
    [ON(HORSE)] = "HORSE",
    [ON(NOT_FORKED)] = "NOT_FORKED",
    [ON(ANSWER)] = "ANSWER",
    [ON(HORSE_GONE)] = "HORSE_GONE",
    [ON(TIME_UP)] = "TIME_UP",
    [ON(KILL)] = "KILL",
};

const struct cq_machine cq_callback_machine = {
    .name = "callback",
    .rules = rules,
    .rule_count = CQ_ARRAY_LEN(rules),
    .states = states,
    .events = events,
    .state_count = CQ_CALLBACK_STATES,
    .event_count = CQ_CALLBACK_EVENTS,
};
