#include "core/claim.h"

#include "base/attr.h"

#define AT(state) CQ_CLAIM_##state
#define AT_ANY(first, last) CQ_STATES(CQ_CLAIM_##first, CQ_CLAIM_##last)
#define ON(event) CQ_CLAIM_##event
#define TO(state) CQ_CLAIM_##state
#define RULE(states, event, next) {states, event, 0, 0, next, {0}}

/* State, event, next state. No actions: its states are facts for others. */
static const struct cq_rule rules[] = {
    RULE(AT(NONE), ON(ASK), TO(ASKED)),
    RULE(AT(LOST), ON(ASK), TO(ASKED_AGAIN)),
    RULE(AT(ASKED), ON(ANSWERED), TO(NONE)),
    RULE(AT(ASKED_AGAIN), ON(ANSWERED), TO(NONE)),
    RULE(AT(ASKED), ON(REFUSED), TO(NONE)),
    RULE(AT(ASKED_AGAIN), ON(REFUSED), TO(LOST)),
    RULE(AT(ASKED), ON(NO_ANSWER), TO(LOST)),
    RULE(AT(ASKED_AGAIN), ON(NO_ANSWER), TO(LOST)),
    RULE(AT_ANY(NONE, ASKED_AGAIN), ON(FORGET), TO(NONE)),
};

static const char *const states[] = {
    [AT(NONE)] = "NONE",
    [AT(ASKED)] = "ASKED",
    [AT(LOST)] = "LOST",
    [AT(ASKED_AGAIN)] = "ASKED_AGAIN",
};

static const char *const events[] = {
    [ON(ASK)] = "ASK",         [ON(ANSWERED)] = "ANSWERED",
    [ON(REFUSED)] = "REFUSED", [ON(NO_ANSWER)] = "NO_ANSWER",
    [ON(FORGET)] = "FORGET",
};

const struct cq_machine cq_claim_machine = {
    .name = "claim",
    .rules = rules,
    .rule_count = CQ_ARRAY_LEN(rules),
    .states = states,
    .events = events,
    .state_count = CQ_CLAIM_STATES,
    .event_count = CQ_CLAIM_EVENTS,
};
