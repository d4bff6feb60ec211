#include "serializers/literal_number.h"

#include <stdlib.h>
#include <string.h>

#include "serializers/bigint.h"

static bool digit_of(char c, unsigned base)
{
    if (base == 16 && (c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        return true;
    return cq_literal_is_digit(c) && (unsigned)(c - '0') < base;
}

/* Digits with single underscores between them (and before the first, after a prefix), copied to `to`. */
static size_t take_digits(struct cq_literal *p, unsigned base, bool after_prefix, char *to)
{
    size_t count = 0;
    for (;;) {
        size_t skip = cq_literal_peek(p) == '_' && (count || after_prefix) ? 1 : 0;
        if (!digit_of(cq_literal_peek_at(p, skip), base))
            return count;
        to[count++] = cq_literal_peek_at(p, skip);
        p->at += skip + 1;
    }
}

static enum cq_code push_int(struct cq_literal *p, size_t start, const char *digits, size_t len,
                             unsigned base, bool negative)
{
    struct cq_value value;
    if (!cq_bigint_parse(cq_str_n(digits, len), base, negative, p->arena, &value))
        return cq_error_set(p->err, CQ_ERR_LIMIT, "an integer of more than %d digits at column %zu",
                            CQ_VALUE_MAX_DIGITS, start + 1);
    return cq_literal_push(p, value);
}

/* A number must not run into a word: 1x, 0b2, 1_. */
static enum cq_code number_end(const struct cq_literal *p)
{
    if ((cq_literal_peek(p) | 0x20) == 'j')
        return cq_literal_fault(p, p->at, "complex numbers are not supported, one ends");
    return cq_literal_is_word(cq_literal_peek(p)) ? cq_literal_fault(p, p->at, "a wrong digit in a number")
                                                  : CQ_OK;
}

static enum cq_code parse_decimal(struct cq_literal *p, bool negative)
{
    size_t start = p->at, most = 0; /* most: every byte of the number; its sign and a NUL come on top */
    while (cq_literal_is_word(cq_literal_peek_at(p, most)) || cq_literal_peek_at(p, most) == '.' ||
           cq_literal_peek_at(p, most) == '+' || cq_literal_peek_at(p, most) == '-')
        most++;
    char few[64], *text = most + 2 <= sizeof(few) ? few : cq_arena_alloc(p->arena, most + 2), *to = text;
    if (negative)
        *to++ = '-';
    size_t whole = take_digits(p, 10, false, to), fraction = 0;
    bool is_float = false;
    to += whole;
    if (cq_literal_peek(p) == '.') {
        p->at++;
        *to++ = '.';
        fraction = take_digits(p, 10, false, to);
        to += fraction;
        is_float = true;
    }
    if (!whole && !fraction)
        return cq_literal_fault(p, start, "expected a digit");
    if ((cq_literal_peek(p) | 0x20) == 'e') {
        size_t sign = cq_literal_peek_at(p, 1) == '+' || cq_literal_peek_at(p, 1) == '-' ? 1 : 0;
        if (cq_literal_is_digit(cq_literal_peek_at(p, 1 + sign))) {
            *to++ = 'e';
            if (sign)
                *to++ = cq_literal_peek_at(p, 1);
            p->at += 1 + sign;
            to += take_digits(p, 10, false, to);
            is_float = true;
        }
    }
    *to = '\0';
    enum cq_code code = number_end(p);
    if (code)
        return code;
    if (is_float)
        return cq_literal_push(p, cq_value_float(strtod(text, NULL)));
    const char *digits = text + (negative ? 1 : 0);
    if (whole > 1 && digits[0] == '0' && strspn(digits, "0") < whole)
        return cq_literal_fault(p, start, "a decimal integer with a leading 0");
    return push_int(p, start, digits, whole, 10, negative);
}

enum cq_code cq_literal_number(struct cq_literal *p, bool negative)
{
    char letter = (char)(cq_literal_peek_at(p, 1) | 0x20);
    unsigned base = cq_literal_peek(p) != '0' ? 10
                    : letter == 'x'           ? 16
                    : letter == 'o'           ? 8
                    : letter == 'b'           ? 2
                                              : 10;
    if (base == 10)
        return parse_decimal(p, negative);
    size_t start = p->at, most = 2;
    while (cq_literal_is_word(cq_literal_peek_at(p, most)))
        most++;
    char *digits = cq_arena_alloc(p->arena, most);
    p->at += 2;
    size_t len = take_digits(p, base, true, digits);
    if (!len)
        return cq_literal_fault(p, p->at, "expected a digit");
    enum cq_code code = number_end(p);
    return code ? code : push_int(p, start, digits, len, base, negative);
}
