#include "core/process_state.h"

#include "base/attr.h"

#define AT(state) CQ_PROCESS_##state
#define AT_ANY(first, last) CQ_STATES(CQ_PROCESS_##first, CQ_PROCESS_##last)
#define ON(event) CQ_PROCESS_##event
#define IF(fact) CQ_PROCESS_##fact
#define TO(state) CQ_PROCESS_##state
#define SAME CQ_SAME_STATE
#define RULE(states, event, when, unless, next, ...) \
    {                                                \
        states, event, when, unless, next,           \
        {                                            \
            __VA_ARGS__                              \
        }                                            \
    }
#define DO(action) CQ_PROCESS_DO_##action

/* State, event, facts that must hold, facts that must not, next state, actions. */
static const struct cq_rule rules[] = {
    /*
     * Before the workers are registered, what is to be ready with them is: when that fails the process does
     * not start, and no other program has seen it. Source: rq/cli/workers.py, which imports handlers and
     * classes before the worker registers its birth.
     */
    RULE(AT(CONNECTING), ON(CONNECTED), 0, 0, SAME, DO(LOOK)),
    RULE(AT(CONNECTING), ON(LOOKED), 0, 0, TO(PREPARING), DO(SAY_STARTED), DO(TRY_BEGIN)),
    RULE(AT(CONNECTING), ON(PREPARED), 0, 0, SAME, DO(NOTHING)),
    RULE(AT(PREPARING), ON(CONNECTED), 0, 0, SAME, DO(LOOK)),
    RULE(AT(PREPARING), ON(LOOKED), 0, 0, SAME, DO(TRY_BEGIN)),
    RULE(AT(PREPARING), ON(PREPARED), IF(ALL_PREPARED), 0, TO(RUNNING), DO(BEGIN)),
    RULE(AT(PREPARING), ON(PREPARED), 0, 0, SAME, DO(NOTHING)),
    RULE(AT_ANY(RUNNING, LAST), ON(CONNECTED), 0, 0, SAME, DO(RECONNECTED)),
    RULE(AT_ANY(RUNNING, LAST), ON(LOOKED), 0, 0, SAME, DO(NOTHING)),
    RULE(AT_ANY(RUNNING, LAST), ON(PREPARED), 0, 0, SAME, DO(NOTHING)),

    /* ---- work ---- */
    RULE(AT_ANY(CONNECTING, PREPARING), ON(WORK), 0, 0, SAME, DO(NOTHING)),
    RULE(AT(SUSPENDED), ON(WORK), 0, 0, SAME, DO(NOTHING)),
    RULE(AT_ANY(RUNNING, LAST), ON(WORK), 0, 0, SAME, DO(WAKE)),
    RULE(AT(RUNNING), ON(FOUND_SUSPENDED), 0, 0, TO(SUSPENDED), DO(SAY_SUSPENDED)),
    RULE(AT(SUSPENDED), ON(FOUND_SUSPENDED), 0, 0, SAME, DO(SHOW_SUSPENDED)),
    RULE(AT_ANY(CONNECTING, LAST), ON(FOUND_SUSPENDED), 0, 0, SAME, DO(NOTHING)),
    RULE(AT(SUSPENDED), ON(RESUMED), 0, 0, TO(RUNNING), DO(SAY_RESUMED), DO(WAKE)),
    RULE(AT_ANY(CONNECTING, LAST), ON(RESUMED), 0, 0, SAME, DO(NOTHING)),

    /* ---- a warm shutdown ---- */
    RULE(AT_ANY(CONNECTING, SUSPENDED), ON(LEAVE), 0, 0, TO(LEAVING), DO(SAY_LEAVING), DO(STOP_WORKERS)),
    RULE(AT_ANY(LEAVING, LAST), ON(LEAVE), 0, 0, SAME, DO(NOTHING)),
    RULE(AT_ANY(CONNECTING, PREPARING), ON(SIGNAL), 0, 0, TO(STOPPING), DO(BEGIN_WARM), DO(STOP_PARTS),
         DO(STOP_WORKERS), DO(CHECK_END)),
    RULE(AT_ANY(RUNNING, LEAVING), ON(SIGNAL), 0, 0, TO(STOPPING), DO(BEGIN_WARM), DO(SAY_ONCE_MORE),
         DO(STOP_PARTS), DO(STOP_WORKERS), DO(CHECK_END)),

    /* ---- and one that does not wait for jobs ---- */
    RULE(AT_ANY(STOPPING, LAST), ON(SIGNAL), IF(TOO_SOON), 0, SAME, DO(SAY_TOO_SOON)),
    RULE(AT_ANY(STOPPING, ENDING), ON(SIGNAL), 0, 0, TO(COLD), DO(SAY_COLD), DO(KILL_JOBS), DO(DROP_PARTS),
         DO(CHECK_END), DO(ARM_GIVE_UP)),
    RULE(AT_ANY(COLD, LAST), ON(SIGNAL), 0, 0, SAME, DO(NOTHING)),
    RULE(AT(STOPPING), ON(DEADLINE), 0, 0, TO(ENDING), DO(SAY_DEADLINE), DO(END_JOBS), DO(DROP_PARTS),
         DO(CHECK_END), DO(ARM_GIVE_UP)),
    RULE(AT_ANY(CONNECTING, LAST), ON(DEADLINE), 0, 0, SAME, DO(NOTHING)),
    /* The other workers of the process may be registered, and say so before it ends. */
    RULE(AT_ANY(CONNECTING, STOPPING), ON(REFUSED), 0, 0, TO(COLD), DO(STOP_WORKERS), DO(ARM_GIVE_UP)),
    RULE(AT_ANY(ENDING, LAST), ON(REFUSED), 0, 0, SAME, DO(NOTHING)),
    /* A Redis that hangs takes what it is told and answers nothing: its commands' timeout is too long to
       wait. */
    RULE(AT_ANY(ENDING, COLD), ON(GIVE_UP), 0, 0, TO(LAST), DO(ABANDON_WORKERS), DO(ARM_LAST)),
    RULE(AT(LAST), ON(GIVE_UP), 0, 0, SAME, DO(SAY_NO_ANSWER), DO(BREAK)),
    RULE(AT_ANY(CONNECTING, STOPPING), ON(GIVE_UP), 0, 0, SAME, DO(NOTHING)),
};

static const char *const states[] = {
    [AT(CONNECTING)] = "CONNECTING", [AT(PREPARING)] = "PREPARING", [AT(RUNNING)] = "RUNNING",
    [AT(SUSPENDED)] = "SUSPENDED",   [AT(LEAVING)] = "LEAVING",     [AT(STOPPING)] = "STOPPING",
    [AT(ENDING)] = "ENDING",         [AT(COLD)] = "COLD",           [AT(LAST)] = "LAST",
};

static const char *const events[] = {
    [ON(CONNECTED)] = "CONNECTED",
    [ON(LOOKED)] = "LOOKED",
    [ON(PREPARED)] = "PREPARED",
    [ON(WORK)] = "WORK",
    [ON(FOUND_SUSPENDED)] = "FOUND_SUSPENDED",
    [ON(RESUMED)] = "RESUMED",
    [ON(LEAVE)] = "LEAVE",
    [ON(SIGNAL)] = "SIGNAL",
    [ON(DEADLINE)] = "DEADLINE",
    [ON(GIVE_UP)] = "GIVE_UP",
    [ON(REFUSED)] = "REFUSED",
};

const struct cq_machine cq_process_machine = {
    .name = "process",
    .rules = rules,
    .rule_count = CQ_ARRAY_LEN(rules),
    .states = states,
    .events = events,
    .state_count = CQ_PROCESS_STATES,
    .event_count = CQ_PROCESS_EVENTS,
};
