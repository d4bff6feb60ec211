/* The opcodes of a pickle that name, call and build, and what cq makes of them. */
#ifndef CQ_SERIALIZERS_PICKLE_REDUCE_H
#define CQ_SERIALIZERS_PICKLE_REDUCE_H

#include "serializers/pickle/machine.h"

/* A slot of kind (GLOBAL or OPAQUE) named "module.name"; an overlong name is cut. */
struct cq_value cq_pickle_named(struct cq_pickle *pickle, int kind, struct cq_str module, struct cq_str name);

/* The opcodes that name, call and build. */
enum cq_code cq_pickle_op_global(struct cq_pickle *pickle);
enum cq_code cq_pickle_op_stack_global(struct cq_pickle *pickle);
enum cq_code cq_pickle_op_reduce(struct cq_pickle *pickle);
enum cq_code cq_pickle_op_newobj(struct cq_pickle *pickle); /* NEWOBJ, NEWOBJ_EX */
enum cq_code cq_pickle_op_inst(struct cq_pickle *pickle);   /* INST, OBJ */
enum cq_code cq_pickle_op_build(struct cq_pickle *pickle);

#endif
