/* Pickle, for cq_decode, where the rules are, and for a look at its globals. */
#ifndef CQ_SERIALIZERS_PICKLE_READ_H
#define CQ_SERIALIZERS_PICKLE_READ_H

#include "serializers/pickle/machine.h"

enum cq_code cq_pickle_read(struct cq_str bytes, struct cq_arena *arena, struct cq_value *ret_value,
                            struct cq_error *err);

/* Run up to STOP; what was on top of the stack there. */
enum cq_code cq_pickle_run(struct cq_pickle *pickle, struct cq_value *ret_slot);

#endif
