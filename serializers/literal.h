/* Python literals as `%LITERAL` arguments of `rq enqueue` take them: what ast.literal_eval accepts of plain
 * data. */
#ifndef CQ_SERIALIZERS_LITERAL_H
#define CQ_SERIALIZERS_LITERAL_H

#include "base/arena.h"
#include "base/error.h"
#include "serializers/value.h"

/*
 * Parse one literal: numbers (also 0x 0o 0b, _ between digits, signs), strings and bytes with prefixes,
 * escapes and implicit joining, triple quotes, True/False/None, tuples, lists, dicts, sets, set(). Complex
 * numbers are refused by name. Errors: CQ_ERR_DESERIALIZATION with the column of the fault; CQ_ERR_LIMIT.
 */
CQ_MUST_CHECK enum cq_code cq_literal_parse(struct cq_str text, struct cq_arena *arena,
                                            struct cq_value *ret_value, struct cq_error *err);

#endif
