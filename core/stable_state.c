#include "core/stable_state.h"

#include "base/attr.h"

enum {
    STARTING = CQ_STABLE_STARTING,
    READY = CQ_STABLE_READY,
    QUITTING = CQ_STABLE_QUITTING,
    KILLED = CQ_STABLE_KILLED,
    DEAD = CQ_STABLE_DEAD,
    SAME = CQ_SAME_STATE,
};

enum {
    HELLO = CQ_STABLE_ON_HELLO,
    REFUSED = CQ_STABLE_ON_REFUSED,
    QUIT = CQ_STABLE_ON_QUIT,
    KILL = CQ_STABLE_ON_KILL,
    DIED = CQ_STABLE_ON_DIED,
};

static const struct cq_rule rules[] = {
    {STARTING, HELLO, 0, 0, READY, {CQ_STABLE_STOP_WAITING, CQ_STABLE_TELL_HELLO}},
    {CQ_STATES(READY, DEAD), HELLO, 0, 0, SAME, {0}}, /* what it had sent before */

    {STARTING, REFUSED, 0, 0, KILLED, {CQ_STABLE_STOP_WAITING, CQ_STABLE_SEND_KILL, CQ_STABLE_TELL_REFUSED}},
    {CQ_STATES(READY, DEAD), REFUSED, 0, 0, SAME, {0}},

    {READY, QUIT, 0, 0, QUITTING, {CQ_STABLE_SEND_QUIT}},
    {CQ_STATES(QUITTING, DEAD), QUIT, 0, 0, SAME, {0}},

    {CQ_STATES(STARTING, KILLED), KILL, 0, 0, KILLED, {CQ_STABLE_STOP_WAITING, CQ_STABLE_SEND_KILL}},
    {DEAD, KILL, 0, 0, DEAD, {0}},

    {CQ_STATES(STARTING, KILLED),
     DIED,
     0,
     0,
     DEAD,
     {CQ_STABLE_STOP_WAITING, CQ_STABLE_END_HORSES, CQ_STABLE_TELL_DIED}},
};

static const char *const states[] = {"STARTING", "READY", "QUITTING", "KILLED", "DEAD"};
static const char *const events[] = {"HELLO", "REFUSED", "QUIT", "KILL", "DIED"};

const struct cq_machine cq_stable_machine = {
    "stable", rules, CQ_ARRAY_LEN(rules), states, events, CQ_ARRAY_LEN(states), CQ_ARRAY_LEN(events),
};

const struct cq_rule *cq_stable_state_apply(enum cq_stable_state *state, enum cq_stable_event event)
{
    const struct cq_rule *rule = cq_machine_rule(&cq_stable_machine, (int)*state, (int)event, 0);
    if (rule && rule->next != CQ_SAME_STATE)
        *state = rule->next;
    return rule;
}
