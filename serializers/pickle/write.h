/* Pickle as Python's C pickler writes it, for cq_encode, where the rules are. */
#ifndef CQ_SERIALIZERS_PICKLE_WRITE_H
#define CQ_SERIALIZERS_PICKLE_WRITE_H

#include "base/buf.h"
#include "base/error.h"
#include "serializers/value.h"

enum cq_code cq_pickle_write(const struct cq_value *value, struct cq_buf *out, struct cq_error *err);

#endif
