/*
 * Integers of any size between their three forms: digits as text, two's complement bytes as pickles hold
 * them, and struct cq_value (INT where int64_t holds it, else BIGINT with canonical decimal text). At most
 * CQ_VALUE_MAX_DIGITS.
 */
#ifndef CQ_SERIALIZERS_BIGINT_H
#define CQ_SERIALIZERS_BIGINT_H

#include "base/arena.h"
#include "serializers/value.h"

enum { CQ_BIGINT_MAX_BYTES = 1792 }; /* of two's complement: holds CQ_VALUE_MAX_DIGITS decimal digits */

/*
 * Digits of base 2, 8, 10 or 16, without sign, prefix or underscores (the caller has checked them), at least
 * one. False: more than CQ_VALUE_MAX_DIGITS decimal digits.
 */
CQ_MUST_CHECK bool cq_bigint_parse(struct cq_str digits, unsigned base, bool negative, struct cq_arena *arena,
                                   struct cq_value *ret_value);

/* Little-endian two's complement, as pickle's LONG1 and LONG4; no bytes are 0. False: too many digits. */
CQ_MUST_CHECK bool cq_bigint_from_bytes(const unsigned char *bytes, size_t len, struct cq_arena *arena,
                                        struct cq_value *ret_value);

/* The shortest such bytes of an INT or BIGINT. Returns their number; 0: the text is not a canonical
 * decimal. */
size_t cq_bigint_to_bytes(const struct cq_value *value, unsigned char ret_bytes[CQ_BIGINT_MAX_BYTES]);

#endif
