/* Deep equality of values, for tests and fuzz targets: nothing in cq compares them. */
#ifndef CQ_TESTS_VALUE_EQUAL_H
#define CQ_TESTS_VALUE_EQUAL_H

#include <math.h>

#include "serializers/value.h"

/* Deeper than any decoder goes is not equal: a caller's own loop of values must not end in a stack
 * overflow. */
static inline bool value_equal_at(const struct cq_value *a, const struct cq_value *b, int depth)
{
    if (a->kind != b->kind || depth > CQ_VALUE_MAX_DEPTH)
        return false;
    switch (a->kind) {
    case CQ_VALUE_NONE: return true;
    case CQ_VALUE_BOOL: return a->as.boolean == b->as.boolean;
    case CQ_VALUE_INT: return a->as.integer == b->as.integer;
    case CQ_VALUE_FLOAT:
        if (isnan(a->as.number) || isnan(b->as.number))
            return isnan(a->as.number) && isnan(b->as.number);
        return a->as.number == b->as.number && signbit(a->as.number) == signbit(b->as.number);
    case CQ_VALUE_BIGINT:
    case CQ_VALUE_STR:
    case CQ_VALUE_BYTES:
    case CQ_VALUE_DATETIME:
    case CQ_VALUE_OPAQUE: return cq_str_eq(a->as.text, b->as.text);
    case CQ_VALUE_LIST:
    case CQ_VALUE_TUPLE:
    case CQ_VALUE_SET:
    case CQ_VALUE_FROZENSET:
        if (a->as.list.len != b->as.list.len)
            return false;
        for (size_t i = 0; i < a->as.list.len; i++)
            if (!value_equal_at(&a->as.list.items[i], &b->as.list.items[i], depth + 1))
                return false;
        return true;
    case CQ_VALUE_MAP:
        if (a->as.map.len != b->as.map.len)
            return false;
        for (size_t i = 0; i < a->as.map.len; i++)
            if (!value_equal_at(&a->as.map.pairs[i].key, &b->as.map.pairs[i].key, depth + 1) ||
                !value_equal_at(&a->as.map.pairs[i].value, &b->as.map.pairs[i].value, depth + 1))
                return false;
        return true;
    }
    return false;
}

/* Kinds, values and order (sets and maps too: in order). NaN equals NaN, 0.0 is not -0.0. */
static inline bool value_equal(const struct cq_value *a, const struct cq_value *b)
{
    return value_equal_at(a, b, 0);
}

#endif
