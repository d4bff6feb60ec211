/* JSON, for cq_decode and cq_encode, where the rules are. */
#ifndef CQ_SERIALIZERS_JSON_H
#define CQ_SERIALIZERS_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "serializers/value.h"

enum cq_code cq_json_read(struct cq_str bytes, struct cq_arena *arena, struct cq_value *ret_value,
                          struct cq_error *err);
enum cq_code cq_json_write(const struct cq_value *value, struct cq_buf *out, struct cq_error *err);

#endif
