/*
 * Values as Python's repr() prints them, character by character: quotes and escapes of strings, shortest
 * floats, containers, None and True. What a job's description, `cq info` and messages show.
 */
#ifndef CQ_SERIALIZERS_REPR_H
#define CQ_SERIALIZERS_REPR_H

#include "base/buf.h"
#include "serializers/value.h"

/* Append repr(value). An opaque shows as <module.name>. Stops at out's limit (check out->overflow). */
void cq_repr(const struct cq_value *value, struct cq_buf *out);

/* Append repr() of a float: `1.0`, `1e-07`, `inf`, `nan`, the shortest digits that round-trip. */
void cq_repr_float(double number, struct cq_buf *out);

#endif
