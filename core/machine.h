/*
 * A state machine as a table of rules: in this state, at this event, when these facts hold, go to that state
 * and do these actions. No clock, no memory, no I/O: the caller reads the facts, and performs the actions in
 * their order.
 *
 * The first rule that fits counts. An event without a rule is illegal in that state: the state stays, and the
 * caller says so in its log. An event that is legal and changes nothing has a rule with no action.
 */
#ifndef CQ_CORE_MACHINE_H
#define CQ_CORE_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CQ_RULE_ACTIONS = 6,
    CQ_SAME_STATE = 255, /* as the next state: the state stays as it is */
};

/* A rule for all states from one to another, in the order of their enum. */
#define CQ_STATES(first, last) ((first) | (last) << 8)

struct cq_rule {
    uint16_t state; /* one, or CQ_STATES(first, last) */
    uint8_t event;
    uint32_t when;   /* facts that must all hold; 0: none */
    uint32_t unless; /* facts of which none may hold; 0: none */
    uint8_t next;
    uint8_t actions[CQ_RULE_ACTIONS]; /* in order; 0 ends them */
};

struct cq_machine {
    const char *name; /* for messages */
    const struct cq_rule *rules;
    size_t rule_count;
    const char *const *states, *const *events; /* their names */
    uint8_t state_count, event_count;
};

/* The rule for an event, or NULL when the event is illegal in this state. Borrowed: it is part of the
 * table. */
const struct cq_rule *cq_machine_rule(const struct cq_machine *machine, int state, int event, uint32_t facts);

/*
 * Is the table well formed? Each state and event is in range. No rule hides behind an earlier one that always
 * fits. A pair of state and event that has rules has one for any facts. For tests.
 *   ret_rule  the first rule that is wrong
 * Returns NULL, or what is wrong with that rule.
 */
const char *cq_machine_fault(const struct cq_machine *machine, size_t *ret_rule);

#endif
