#include "base/number.h"

#include <stdlib.h>
#include <string.h>

#define DURATION_MAX_S (INT64_C(1) << 53) /* what a float of RQ's holds to the second */

bool cq_number_int(struct cq_str text, int64_t min, int64_t max, int64_t *ret_value)
{
    size_t at = 0;
    bool negative = false;
    if (text.len && text.data[0] == '-') {
        negative = true;
        at = 1;
    }
    if (at == text.len)
        return false;
    /* Counted below zero, where the range is one wider. */
    int64_t value = 0;
    for (; at < text.len; at++) {
        char c = text.data[at];
        if (c < '0' || c > '9')
            return false;
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_sub_overflow(value, c - '0', &value))
            return false;
    }
    if (!negative && __builtin_sub_overflow((int64_t)0, value, &value))
        return false;
    if (value < min || value > max)
        return false;
    *ret_value = value;
    return true;
}

bool cq_number_double(struct cq_str text, double *ret_value)
{
    char copy[64];
    if (!text.len || text.len >= sizeof(copy) || memchr(text.data, '\0', text.len))
        return false;
    char first = text.data[0];
    if (first == ' ' || (first >= '\t' && first <= '\r'))
        return false;
    if (memchr(text.data, 'x', text.len) || memchr(text.data, 'X', text.len) ||
        memchr(text.data, '(', text.len))
        return false; /* strtod also reads 0x1p3 and nan(1) */
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    char *end;
    double value = strtod(copy, &end);
    if (end != copy + text.len)
        return false;
    *ret_value = value;
    return true;
}

bool cq_number_duration(struct cq_str text, int64_t *ret_seconds)
{
    int64_t unit = 0, value;
    if (text.len) {
        switch (text.data[text.len - 1]) {
        case 's':
        case 'S': unit = 1; break;
        case 'm':
        case 'M': unit = 60; break;
        case 'h':
        case 'H': unit = 3600; break;
        case 'd':
        case 'D': unit = 86400; break;
        default: break;
        }
    }
    if (!unit)
        return cq_number_int(text, INT32_MIN, DURATION_MAX_S, ret_seconds);
    if (!cq_number_int(cq_str_n(text.data, text.len - 1), 0, DURATION_MAX_S / unit, &value))
        return false;
    value *= unit;
    *ret_seconds = value;
    return true;
}
