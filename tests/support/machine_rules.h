/*
 * Assertions on the table of a state machine. A test file names its machine once:
 *
 *     #define AT(state) CQ_HORSE_##state
 *     #define assert_rule(from, event, facts, to, ...) \
 *         check_rule(&cq_horse_machine, AT(from), AT(event), facts, AT(to), (const int[]){__VA_ARGS__, 0})
 */
#ifndef CQ_TESTS_MACHINE_RULES_H
#define CQ_TESTS_MACHINE_RULES_H

#include "core/machine.h"

/* Fails unless this event, with these facts, leads from a state to `next` and to exactly these actions.
 *   actions  in their order; 0 ends them */
void check_rule(const struct cq_machine *machine, int state, int event, uint32_t facts, int next,
                const int *actions);

/* Fails when the table has a fault, or a state or an event without a name. */
void check_table(const struct cq_machine *machine);

#endif
