/* Strict numbers: the whole text is a number in range, or the answer is false. No spaces, no sign tricks, no
 * locale. */
#ifndef CQ_BASE_NUMBER_H
#define CQ_BASE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* A decimal integer between min and max. */
bool cq_number_int(struct cq_str text, int64_t min, int64_t max, int64_t *ret_value);

/*
 * A decimal number of at most 63 bytes, also with a plus sign, a fraction, an exponent, or inf or nan, as
 * strtod in the C locale takes it; but not hexadecimal.
 */
bool cq_number_double(struct cq_str text, double *ret_value);

/*
 * A duration in seconds as RQ writes it: `90`, `90s`, `5m`, `2h`, `1d`, either case, and a sign before a bare
 * number
 * (-1 is RQ's "none" or "for ever"); from INT32_MIN to 2^53 seconds. Source: rq/utils.py parse_timeout.
 */
bool cq_number_duration(struct cq_str text, int64_t *ret_seconds);

#endif
