#include "serializers/repr.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serializers/printable.h"
#include "serializers/pystr.h"

enum {
    DIGITS_MAX = 17,  /* of a double: always enough to round-trip */
    DIGITS_SURE = 15, /* any decimal of so many survives the way through a normal double */
    POINT_MIN = -4,   /* decimal exponents that Python writes without an `e`: from here */
    POINT_MAX = 16,   /* to below this */
};

/* --- Floats --- */

/*
 * The shortest digits that read back as number (positive, finite), nearest to it among those: digits without
 * dot, and the exponent of the first. printf rounds to the nearest decimal, which is all that is needed but
 * for powers of two: the gap below them is half the gap above, so that the nearest decimal may lie below and
 * read back as another number while its neighbour above, though farther, reads back right.
 */
static int shortest(double number, char digits[DIGITS_MAX + 2], int *ret_exponent)
{
    char text[32];
    int least = fpclassify(number) == FP_SUBNORMAL ? 1 : DIGITS_SURE;
    for (int precision = least; precision <= DIGITS_MAX; precision++) {
        snprintf(text, sizeof(text), "%.*e", precision - 1, number);
        if (strtod(text, NULL) != number) {
            char *last = strchr(text, 'e') - 1;
            if (precision < DIGITS_SURE || *last == '9')
                continue;
            ++*last;
            if (strtod(text, NULL) != number)
                continue;
        }
        int len = 0;
        for (const char *p = text; *p != 'e'; p++)
            if (*p != '.')
                digits[len++] = *p;
        while (len > 1 && digits[len - 1] == '0')
            len--;
        *ret_exponent = atoi(strchr(text, 'e') + 1);
        return len;
    }
    return 0; /* not reached: DIGITS_MAX digits round-trip */
}

void cq_repr_float(double number, struct cq_buf *out)
{
    char digits[DIGITS_MAX + 2] = "", text[48];
    int exponent = 0, at = 0;
    if (isnan(number) || isinf(number)) {
        cq_buf_text(out, isnan(number) ? "nan" : number > 0 ? "inf" : "-inf");
        return;
    }
    if (number == rint(number) && fabs(number) < 1e15) {
        snprintf(text, sizeof(text), "%s%" PRId64 ".0", signbit(number) && number == 0 ? "-" : "",
                 (int64_t)number);
        cq_buf_text(out, text);
        return;
    }
    if (number < 0)
        text[at++] = '-';
    int len = shortest(fabs(number), digits, &exponent);
    if (exponent < POINT_MIN || exponent >= POINT_MAX) {
        text[at++] = digits[0];
        if (len > 1) {
            text[at++] = '.';
            memcpy(text + at, digits + 1, (size_t)len - 1);
            at += len - 1;
        }
        snprintf(text + at, sizeof(text) - (size_t)at, "e%+03d", exponent);
        cq_buf_text(out, text);
        return;
    }
    if (exponent < 0) {
        at += snprintf(text + at, sizeof(text) - (size_t)at, "0.%.*s", -exponent - 1, "000");
        memcpy(text + at, digits, (size_t)len);
        at += len;
    } else {
        for (int place = 0; place < len || place <= exponent; place++) {
            text[at++] = place < len ? digits[place] : '0';
            if (place == exponent)
                text[at++] = '.';
        }
        if (text[at - 1] == '.')
            text[at++] = '0';
    }
    cq_buf_append(out, text, (size_t)at);
}

/* --- Text --- */

static bool printable(uint32_t point)
{
    if (point < 0x80)
        return point >= 0x20 && point < 0x7F;
    size_t low = 0, high = point <= 0xFFFF ? CQ_ARRAY_LEN(unprintable_low) : CQ_ARRAY_LEN(unprintable_high);
    while (low < high) {
        size_t middle = (low + high) / 2;
        uint32_t first = point <= 0xFFFF ? unprintable_low[middle].first : unprintable_high[middle].first;
        uint32_t last = point <= 0xFFFF ? unprintable_low[middle].last : unprintable_high[middle].last;
        if (point < first)
            high = middle;
        else if (point > last)
            low = middle + 1;
        else
            return false;
    }
    return true;
}

/* Python prefers ' and takes " only for text that holds ' and no ". */
static char quote_for(struct cq_str text)
{
    return text.len && memchr(text.data, '\'', text.len) && !memchr(text.data, '"', text.len) ? '"' : '\'';
}

/* Escapes that str and bytes share. False: c has none. */
static bool repr_common(char c, char quote, struct cq_buf *out)
{
    if (c == quote || c == '\\')
        return cq_buf_append(out, (char[]){'\\', c}, 2), true;
    if (c == '\n' || c == '\t' || c == '\r')
        return cq_buf_text(out, c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r"), true;
    return false;
}

/* One character at a time, so that out is filled up to its limit and nothing short slips in after a refused
 * part. */
static void repr_bytes(struct cq_str text, struct cq_buf *out)
{
    char quote = quote_for(text);
    cq_buf_append(out, (char[]){'b', quote}, 2);
    for (size_t at = 0; at < text.len && !out->overflow; at++) {
        unsigned char c = (unsigned char)text.data[at];
        if (repr_common((char)c, quote, out))
            continue;
        if (c < 0x20 || c >= 0x7F)
            cq_buf_printf(out, "\\x%02x", c);
        else
            cq_buf_char(out, (char)c);
    }
    if (!out->overflow)
        cq_buf_char(out, quote);
}

static void repr_str(struct cq_str text, struct cq_buf *out)
{
    char quote = quote_for(text);
    cq_buf_char(out, quote);
    for (size_t at = 0; at < text.len && !out->overflow;) {
        uint32_t point;
        int len = cq_pystr_decode(text, at, &point);
        /* no decoder lets such bytes in; a caller's text may hold them: as surrogateescape would show it */
        if (!len) {
            cq_buf_printf(out, "\\udc%02x", (unsigned char)text.data[at++]);
            continue;
        }
        if (point < 0x80 && repr_common((char)point, quote, out))
            ;
        else if (printable(point))
            cq_buf_append(out, text.data + at, (size_t)len);
        else if (point <= 0xFF)
            cq_buf_printf(out, "\\x%02x", (unsigned)point);
        else if (point <= 0xFFFF)
            cq_buf_printf(out, "\\u%04x", (unsigned)point);
        else
            cq_buf_printf(out, "\\U%08x", (unsigned)point);
        at += (size_t)len;
    }
    if (!out->overflow)
        cq_buf_char(out, quote);
}

/* --- Containers --- */

static void repr_at(const struct cq_value *value, struct cq_buf *out, int depth);

static void repr_items(const struct cq_value *list, const char *open, const char *close, struct cq_buf *out,
                       int depth)
{
    cq_buf_text(out, open);
    for (size_t i = 0; i < list->as.list.len && !out->overflow; i++) {
        if (i)
            cq_buf_text(out, ", ");
        if (!out->overflow)
            repr_at(&list->as.list.items[i], out, depth + 1);
    }
    if (!out->overflow)
        cq_buf_text(out, close);
}

static void repr_map(const struct cq_value *map, struct cq_buf *out, int depth)
{
    cq_buf_char(out, '{');
    for (size_t i = 0; i < map->as.map.len && !out->overflow; i++) {
        if (i)
            cq_buf_text(out, ", ");
        if (!out->overflow)
            repr_at(&map->as.map.pairs[i].key, out, depth + 1);
        if (!out->overflow)
            cq_buf_text(out, ": ");
        if (!out->overflow)
            repr_at(&map->as.map.pairs[i].value, out, depth + 1);
    }
    if (!out->overflow)
        cq_buf_char(out, '}');
}

static void repr_container(const struct cq_value *value, struct cq_buf *out, int depth)
{
    size_t len = value->as.list.len;
    if (depth >=
        CQ_VALUE_MAX_DEPTH) /* deeper than any decoder goes: what Python prints for a list in itself */
        cq_buf_text(out, "...");
    else if (value->kind == CQ_VALUE_MAP)
        repr_map(value, out, depth);
    else if (value->kind == CQ_VALUE_LIST)
        repr_items(value, "[", "]", out, depth);
    else if (value->kind == CQ_VALUE_TUPLE)
        repr_items(value, "(", len == 1 ? ",)" : ")", out, depth);
    else if (value->kind == CQ_VALUE_SET)
        repr_items(value, len ? "{" : "set(", len ? "}" : ")", out, depth);
    else
        repr_items(value, len ? "frozenset({" : "frozenset(", len ? "})" : ")", out, depth);
}

static void repr_at(const struct cq_value *value, struct cq_buf *out, int depth)
{
    switch (value->kind) {
    case CQ_VALUE_NONE: cq_buf_text(out, "None"); break;
    case CQ_VALUE_BOOL: cq_buf_text(out, value->as.boolean ? "True" : "False"); break;
    case CQ_VALUE_INT: cq_buf_printf(out, "%" PRId64, value->as.integer); break;
    case CQ_VALUE_FLOAT: cq_repr_float(value->as.number, out); break;
    case CQ_VALUE_STR: repr_str(value->as.text, out); break;
    case CQ_VALUE_BYTES: repr_bytes(value->as.text, out); break;
    case CQ_VALUE_BIGINT:
    case CQ_VALUE_DATETIME:
    case CQ_VALUE_OPAQUE: {
        bool opaque = value->kind == CQ_VALUE_OPAQUE;
        if (opaque)
            cq_buf_char(out, '<');
        for (size_t i = 0; i < value->as.text.len && !out->overflow; i++)
            cq_buf_char(out, value->as.text.data[i]);
        if (opaque && !out->overflow)
            cq_buf_char(out, '>');
        break;
    }
    default: repr_container(value, out, depth); break;
    }
}

void cq_repr(const struct cq_value *value, struct cq_buf *out)
{
    if (!out->overflow)
        repr_at(value, out, 0);
}
