#include "serializers/bigint.h"

#include <string.h>

enum {
    LIMBS = CQ_BIGINT_MAX_BYTES / 4,
    CHUNK_DIGITS = 9,
    CHUNK = 1000000000, /* 10^CHUNK_DIGITS: the most decimal digits that a limb takes */
};

/* A magnitude in limbs of 32 bits, the lowest first; no zero limb at the top. */
struct magnitude {
    uint32_t limbs[LIMBS];
    size_t len;
};

/* m = m * factor + add. False: it does not fit, m is spoiled. */
static bool multiply_add(struct magnitude *m, uint32_t factor, uint32_t add)
{
    uint64_t carry = add;
    for (size_t i = 0; i < m->len; i++) {
        carry += (uint64_t)m->limbs[i] * factor;
        m->limbs[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry) {
        if (m->len == LIMBS)
            return false;
        m->limbs[m->len++] = (uint32_t)carry;
    }
    return true;
}

/* m = m / CHUNK; returns the rest. */
static uint32_t divide_chunk(struct magnitude *m)
{
    uint64_t rest = 0;
    for (size_t i = m->len; i-- > 0;) {
        rest = rest << 32 | m->limbs[i];
        m->limbs[i] = (uint32_t)(rest / CHUNK);
        rest %= CHUNK;
    }
    while (m->len && !m->limbs[m->len - 1])
        m->len--;
    return (uint32_t)rest;
}

static unsigned digit_value(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

static bool magnitude_parse(struct magnitude *m, struct cq_str digits, unsigned base)
{
    m->len = 0;
    for (size_t i = 0; i < digits.len;) {
        uint32_t factor = 1, add = 0;
        for (; i < digits.len && factor <= CHUNK / 16; i++) {
            add = add * base + digit_value(digits.data[i]);
            factor *= base;
        }
        if (!multiply_add(m, factor, add))
            return false;
    }
    return true;
}

/* A value of m, which is spoiled. False: too many digits. */
static bool make_value(struct magnitude *m, bool negative, struct cq_arena *arena, struct cq_value *ret_value)
{
    if (m->len <= 2) {
        uint64_t small = (m->len > 1 ? (uint64_t)m->limbs[1] << 32 : 0) | (m->len > 0 ? m->limbs[0] : 0);
        if (small <= (uint64_t)INT64_MAX + (negative ? 1 : 0)) {
            *ret_value = cq_value_int(negative ? (int64_t)(0 - small) : (int64_t)small);
            return true;
        }
    }
    char text[LIMBS * 10 + CHUNK_DIGITS + 2];
    size_t at = sizeof(text);
    while (m->len) {
        uint32_t rest = divide_chunk(m);
        for (int i = 0; i < CHUNK_DIGITS; i++, rest /= 10)
            text[--at] = (char)('0' + rest % 10);
    }
    while (text[at] == '0')
        at++;
    if (sizeof(text) - at > CQ_VALUE_MAX_DIGITS)
        return false;
    if (negative)
        text[--at] = '-';
    *ret_value = (struct cq_value){.kind = CQ_VALUE_BIGINT,
                                   .as.text = cq_arena_str(arena, cq_str_n(text + at, sizeof(text) - at))};
    return true;
}

bool cq_bigint_parse(struct cq_str digits, unsigned base, bool negative, struct cq_arena *arena,
                     struct cq_value *ret_value)
{
    struct magnitude m;
    while (digits.len > 1 && digits.data[0] == '0')
        digits = cq_str_n(digits.data + 1, digits.len - 1);
    if (base == 10 && digits.len > CQ_VALUE_MAX_DIGITS)
        return false;
    if (base == 10 && digits.len <= 18) {
        int64_t small = 0;
        for (size_t i = 0; i < digits.len; i++)
            small = small * 10 + (digits.data[i] - '0');
        *ret_value = cq_value_int(negative ? -small : small);
        return true;
    }
    if (base == 10 && digits.len > 19) { /* beyond int64_t for sure: the digits are the text */
        char *text = cq_arena_alloc(arena, digits.len + 2);
        text[0] = '-';
        memcpy(text + 1, digits.data, digits.len);
        text[digits.len + 1] = '\0';
        struct cq_str all = negative ? cq_str_n(text, digits.len + 1) : cq_str_n(text + 1, digits.len);
        *ret_value = (struct cq_value){.kind = CQ_VALUE_BIGINT, .as.text = all};
        return true;
    }
    return magnitude_parse(&m, digits, base) && make_value(&m, negative, arena, ret_value);
}

bool cq_bigint_from_bytes(const unsigned char *bytes, size_t len, struct cq_arena *arena,
                          struct cq_value *ret_value)
{
    bool negative = len && bytes[len - 1] & 0x80;
    unsigned char fill = negative ? 0xFF : 0;
    while (len && bytes[len - 1] == fill)
        len--;
    if (len < 8 || (len == 8 && !(bytes[7] & 0x80) == !negative)) {
        uint64_t small = negative ? UINT64_MAX : 0;
        for (size_t i = len; i-- > 0;)
            small = small << 8 | bytes[i];
        *ret_value = cq_value_int((int64_t)small);
        return true;
    }
    if (len >= CQ_BIGINT_MAX_BYTES)
        return false;
    struct magnitude m = {.len = len / 4 + 1};
    uint64_t carry = negative ? 1 : 0;
    for (size_t i = 0; i < m.len; i++) {
        uint32_t limb = 0;
        for (size_t b = 0; b < 4; b++)
            limb |= (uint32_t)(4 * i + b < len ? bytes[4 * i + b] : fill) << (8 * b);
        carry += negative ? ~limb : limb;
        m.limbs[i] = (uint32_t)carry;
        carry >>= 32;
    }
    while (m.len && !m.limbs[m.len - 1])
        m.len--;
    return make_value(&m, negative, arena, ret_value);
}

/* Drop bytes at the top that only repeat the sign. */
static size_t shorten(const unsigned char *bytes, size_t len)
{
    while (len > 1 && ((bytes[len - 1] == 0 && !(bytes[len - 2] & 0x80)) ||
                       (bytes[len - 1] == 0xFF && bytes[len - 2] & 0x80)))
        len--;
    return len;
}

size_t cq_bigint_to_bytes(const struct cq_value *value, unsigned char ret_bytes[CQ_BIGINT_MAX_BYTES])
{
    if (value->kind == CQ_VALUE_INT) {
        uint64_t bits = (uint64_t)value->as.integer;
        for (size_t i = 0; i < 8; i++)
            ret_bytes[i] = (unsigned char)(bits >> (8 * i));
        return shorten(ret_bytes, 8);
    }
    struct cq_str text = value->as.text;
    bool negative = text.len && text.data[0] == '-';
    struct cq_str digits = negative ? cq_str_n(text.data + 1, text.len - 1) : text;
    if (!digits.len || digits.len > CQ_VALUE_MAX_DIGITS)
        return 0;
    for (size_t i = 0; i < digits.len; i++)
        if (digits.data[i] < '0' || digits.data[i] > '9')
            return 0;
    struct magnitude m;
    if (!magnitude_parse(&m, digits, 10))
        return 0;
    negative = negative && m.len;
    size_t len = 4 * m.len;
    uint64_t carry = negative ? 1 : 0;
    for (size_t i = 0; i < m.len; i++) {
        carry += negative ? ~m.limbs[i] : m.limbs[i];
        for (size_t b = 0; b < 4; b++)
            ret_bytes[4 * i + b] = (unsigned char)(carry >> (8 * b));
        carry >>= 32;
    }
    ret_bytes[len++] = negative ? 0xFF : 0; /* room for the sign; 4300 digits need 1786 bytes of the 1792 */
    return shorten(ret_bytes, len);
}
