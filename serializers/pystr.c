#include "serializers/pystr.h"

#include <string.h>

#include "base/attr.h"
#include "base/utf8.h"

enum { POINT_MAX = 0x10FFFF };

int cq_pystr_decode(struct cq_str text, size_t at, uint32_t *ret_point)
{
    int len = cq_utf8_decode(text, at, ret_point);
    if (len || text.len - at < 3)
        return len;
    const unsigned char *p = (const unsigned char *)text.data + at;
    if (p[0] != 0xED || p[1] < 0xA0 || p[1] > 0xBF || (p[2] & 0xC0) != 0x80)
        return 0;
    *ret_point = 0xD000u | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
    return 3;
}

size_t cq_pystr_check(struct cq_str text)
{
    size_t at = 0;
    while (at < text.len) {
        uint64_t eight;
        uint32_t point;
        /* Most text is ASCII: eight bytes at a time. */
        if (text.len - at >= sizeof(eight)) {
            memcpy(&eight, text.data + at, sizeof(eight));
            if (!(eight & UINT64_C(0x8080808080808080))) {
                at += sizeof(eight);
                continue;
            }
        }
        int len = cq_pystr_decode(text, at, &point);
        if (!len)
            break;
        at += (size_t)len;
    }
    return at;
}

bool cq_pystr_hex(struct cq_str text, size_t at, int count, uint32_t *ret_value)
{
    uint32_t value = 0;
    if (at > text.len || text.len - at < (size_t)count)
        return false;
    for (int i = 0; i < count; i++) {
        char c = text.data[at + (size_t)i];
        uint32_t digit;
        if (c >= '0' && c <= '9')
            digit = (uint32_t)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            digit = (uint32_t)((c | 0x20) - 'a' + 10);
        else
            return false;
        value = value << 4 | digit;
    }
    *ret_value = value;
    return true;
}

/* Escapes of one letter that stand for one byte, in Python's and C's source alike; -1: none of them. */
static int simple_escape(char c)
{
    static const char letters[] = "\\'\"abfnrtv";
    static const char bytes[] = "\\'\"\a\b\f\n\r\t\v";
    const char *found = c ? strchr(letters, c) : NULL;
    return found ? bytes[found - letters] : -1;
}

/* The escape whose letter is at text.data[*at]; moves *at past it. Returns what is wrong, or NULL. */
static const char *one_escape(struct cq_str text, enum cq_escapes kind, size_t *at, char **to)
{
    char c = text.data[*at];
    uint32_t point = 0;
    bool unicode = kind != CQ_ESCAPES_BYTES;
    if (unicode && (c == 'u' || c == 'U')) {
        int digits = c == 'u' ? 4 : 8;
        if (!cq_pystr_hex(text, *at + 1, digits, &point))
            return "a truncated \\u escape";
        if (point > POINT_MAX)
            return "an escape above U+10FFFF";
        *at += 1 + (size_t)digits;
        *to += cq_utf8_put(*to, point);
        return NULL;
    }
    if (kind == CQ_ESCAPES_RAW) {
        *(*to)++ = '\\';
        *to += cq_utf8_put(*to, (unsigned char)c);
        *at += 1;
        return NULL;
    }
    if (kind == CQ_ESCAPES_STR && c == 'N')
        return "a \\N{name} escape, which is not supported; write \\u or \\U";
    if (c == '\n') {
        *at += 1;
        return NULL;
    }
    if (simple_escape(c) >= 0) {
        *(*to)++ = (char)simple_escape(c);
        *at += 1;
        return NULL;
    }
    if (c == 'x') {
        if (!cq_pystr_hex(text, *at + 1, 2, &point))
            return "a truncated \\x escape";
        *at += 3;
    } else if (c >= '0' && c <= '7') {
        for (int i = 0; i < 3 && *at < text.len && text.data[*at] >= '0' && text.data[*at] <= '7'; i++)
            point = point << 3 | (uint32_t)(text.data[(*at)++] - '0');
    } else {
        *(*to)++ = '\\'; /* unknown: Python keeps both; the letter is copied by the caller's loop */
        return NULL;
    }
    if (unicode)
        *to += cq_utf8_put(*to, point);
    else
        *(*to)++ = (char)(point & 0xFF);
    return NULL;
}

const char *cq_pystr_unescape(struct cq_str text, enum cq_escapes kind, char *to, size_t *ret_len,
                              size_t *ret_at)
{
    char *start = to;
    size_t at = 0;
    while (at < text.len) {
        unsigned char c = (unsigned char)text.data[at];
        if (c == '\\' && at + 1 < text.len) {
            size_t escape = at++;
            const char *wrong = one_escape(text, kind, &at, &to);
            if (wrong) {
                *ret_at = escape;
                return wrong;
            }
            continue;
        }
        if (c == '\\' && kind != CQ_ESCAPES_RAW) {
            *ret_at = at;
            return "a backslash at the end";
        }
        if (kind == CQ_ESCAPES_RAW)
            to += cq_utf8_put(to, c);
        else
            *to++ = (char)c;
        at++;
    }
    *ret_len = (size_t)(to - start);
    return NULL;
}

/* The length of the prefix of a string that starts there, 0 to 2; -1: none starts there. */
static int prefix_len(struct cq_str text, size_t at)
{
    static const char *const prefixes[] = {"", "r", "b", "u", "f", "br", "rb", "fr", "rf"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(prefixes); i++) {
        size_t len = strlen(prefixes[i]), same = 0;
        if (text.len < at + len + 1)
            continue;
        while (same < len && (text.data[at + same] | 0x20) == prefixes[i][same])
            same++;
        if (same == len && (text.data[at + len] == '\'' || text.data[at + len] == '"'))
            return (int)len;
    }
    return -1;
}

bool cq_pystr_starts(struct cq_str text, size_t at)
{
    return prefix_len(text, at) >= 0;
}

const char *cq_pystr_token(struct cq_str text, size_t at, struct cq_pystr_token *ret_token)
{
    int prefix = prefix_len(text, at);
    if (prefix < 0)
        return "expected a string";
    ret_token->raw = ret_token->bytes = false;
    for (; prefix; prefix--, at++) {
        char letter = (char)(text.data[at] | 0x20);
        if (letter == 'f')
            return "an f-string, which is not a literal,";
        ret_token->raw = ret_token->raw || letter == 'r';
        ret_token->bytes = ret_token->bytes || letter == 'b';
    }
    char quotes[4] = {text.data[at], text.data[at], text.data[at], '\0'};
    bool triple = cq_str_starts(cq_str_n(text.data + at, text.len - at), quotes);
    size_t width = triple ? 3 : 1, start = at + width;
    quotes[width] = '\0';
    for (at = start; at < text.len && (triple || text.data[at] != '\n');
         at += text.data[at] == '\\' ? 2 : 1) {
        if (cq_str_starts(cq_str_n(text.data + at, text.len - at), quotes)) {
            ret_token->body = cq_str_n(text.data + start, at - start);
            ret_token->end = at + width;
            return NULL;
        }
    }
    return "a string without its closing quote";
}
