/* Python literals: the grammar of ast.literal_eval, by recursive descent with a bound on the depth. */
#include "serializers/literal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "serializers/bigint.h"
#include "serializers/pystr.h"

struct parser {
    struct cq_str text;
    size_t at;
    int brackets; /* open ones: inside, newlines and comments are space */
    struct cq_arena *arena;
    struct cq_builder values;
    struct cq_error *err;
};

/* Columns count bytes from 1, for a text that is one argument of a command line. */
static enum cq_code fault(const struct parser *p, size_t at, const char *what)
{
    return cq_error_set(p->err, CQ_ERR_DESERIALIZATION, "not a Python literal: %s at column %zu", what,
                        at + 1);
}

static enum cq_code push(struct parser *p, struct cq_value value)
{
    if (cq_builder_push(&p->values, value))
        return CQ_OK;
    return cq_error_set(p->err, CQ_ERR_LIMIT, "the literal has more than %d elements", CQ_VALUE_MAX_ITEMS);
}

static char peek_at(const struct parser *p, size_t ahead)
{
    return p->text.len - p->at > ahead ? p->text.data[p->at + ahead] : '\0';
}

static char peek(const struct parser *p)
{
    return peek_at(p, 0);
}

static char skip_space(struct parser *p)
{
    for (;;) {
        char c = peek(p);
        if (c == ' ' || c == '\t' || c == '\f' || (p->brackets && (c == '\n' || c == '\r')))
            p->at++;
        else if (c == '\\' && peek_at(p, 1) == '\n')
            p->at += 2;
        else if (c == '#')
            while (p->at < p->text.len && peek(p) != '\n')
                p->at++;
        else
            return c;
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return is_digit(c) || c == '_' || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (unsigned char)c >= 0x80;
}

/* --- Numbers --- */

static bool digit_of(char c, unsigned base)
{
    if (base == 16 && (c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        return true;
    return is_digit(c) && (unsigned)(c - '0') < base;
}

/* Digits with single underscores between them (and before the first, after a prefix), copied to `to`. */
static size_t take_digits(struct parser *p, unsigned base, bool after_prefix, char *to)
{
    size_t count = 0;
    for (;;) {
        size_t skip = peek(p) == '_' && (count || after_prefix) ? 1 : 0;
        if (!digit_of(peek_at(p, skip), base))
            return count;
        to[count++] = peek_at(p, skip);
        p->at += skip + 1;
    }
}

static enum cq_code push_int(struct parser *p, size_t start, const char *digits, size_t len, unsigned base,
                             bool negative)
{
    struct cq_value value;
    if (!cq_bigint_parse(cq_str_n(digits, len), base, negative, p->arena, &value))
        return cq_error_set(p->err, CQ_ERR_LIMIT, "an integer of more than %d digits at column %zu",
                            CQ_VALUE_MAX_DIGITS, start + 1);
    return push(p, value);
}

/* A number must not run into a word: 1x, 0b2, 1_. */
static enum cq_code number_end(const struct parser *p)
{
    if ((peek(p) | 0x20) == 'j')
        return fault(p, p->at, "complex numbers are not supported, one ends");
    return is_word(peek(p)) ? fault(p, p->at, "a wrong digit in a number") : CQ_OK;
}

static enum cq_code parse_decimal(struct parser *p, bool negative)
{
    size_t start = p->at, most = 0; /* most: every byte of the number; its sign and a NUL come on top */
    while (is_word(peek_at(p, most)) || peek_at(p, most) == '.' || peek_at(p, most) == '+' ||
           peek_at(p, most) == '-')
        most++;
    char few[64], *text = most + 2 <= sizeof(few) ? few : cq_arena_alloc(p->arena, most + 2), *to = text;
    if (negative)
        *to++ = '-';
    size_t whole = take_digits(p, 10, false, to), fraction = 0;
    bool is_float = false;
    to += whole;
    if (peek(p) == '.') {
        p->at++;
        *to++ = '.';
        fraction = take_digits(p, 10, false, to);
        to += fraction;
        is_float = true;
    }
    if (!whole && !fraction)
        return fault(p, start, "expected a digit");
    if ((peek(p) | 0x20) == 'e') {
        size_t sign = peek_at(p, 1) == '+' || peek_at(p, 1) == '-' ? 1 : 0;
        if (is_digit(peek_at(p, 1 + sign))) {
            *to++ = 'e';
            if (sign)
                *to++ = peek_at(p, 1);
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
        return push(p, cq_value_float(strtod(text, NULL)));
    const char *digits = text + (negative ? 1 : 0);
    if (whole > 1 && digits[0] == '0' && strspn(digits, "0") < whole)
        return fault(p, start, "a decimal integer with a leading 0");
    return push_int(p, start, digits, whole, 10, negative);
}

static enum cq_code parse_number(struct parser *p, bool negative)
{
    char letter = (char)(peek_at(p, 1) | 0x20);
    unsigned base = peek(p) != '0' ? 10 : letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 10;
    if (base == 10)
        return parse_decimal(p, negative);
    size_t start = p->at, most = 2;
    while (is_word(peek_at(p, most)))
        most++;
    char *digits = cq_arena_alloc(p->arena, most);
    p->at += 2;
    size_t len = take_digits(p, base, true, digits);
    if (!len)
        return fault(p, p->at, "expected a digit");
    enum cq_code code = number_end(p);
    return code ? code : push_int(p, start, digits, len, base, negative);
}

/* --- Strings --- */

/* One string with its prefix, appended to *joined; *kind: of the first of several that are joined. */
static enum cq_code parse_part(struct parser *p, struct cq_buf *joined, enum cq_value_kind *kind, bool first)
{
    struct cq_pystr_token token = {.body = CQ_STR_NONE};
    size_t start = p->at, len, at;
    const char *wrong = cq_pystr_token(p->text, p->at, &token);
    if (wrong)
        return fault(p, start, wrong);
    enum cq_value_kind this = token.bytes ? CQ_VALUE_BYTES : CQ_VALUE_STR;
    if (!first && *kind != this)
        return fault(p, start, "bytes joined with a str");
    *kind = this;
    size_t body_at = (size_t)(token.body.data - p->text.data);
    for (size_t i = 0; i < token.body.len && token.bytes; i++)
        if ((unsigned char)token.body.data[i] >= 0x80)
            return fault(p, body_at + i, "a character outside ASCII in bytes");
    char *room = cq_buf_reserve(joined, 2 * token.body.len);
    if (!room)
        return cq_error_set(p->err, CQ_ERR_LIMIT, "the literal's string is longer than %zu bytes",
                            joined->limit);
    if (token.raw) {
        cq_buf_str(joined, token.body);
    } else {
        wrong = cq_pystr_unescape(token.body, token.bytes ? CQ_ESCAPES_BYTES : CQ_ESCAPES_STR, room, &len,
                                  &at);
        if (wrong)
            return fault(p, body_at + at, wrong);
        joined->len += len;
    }
    p->at = token.end;
    return CQ_OK;
}

static enum cq_code parse_string(struct parser *p)
{
    /* Escapes never get longer than twice their text, and no part is shorter than its quotes. */
    struct cq_buf joined = CQ_BUF_INIT(2 * p->text.len);
    enum cq_value_kind kind = CQ_VALUE_STR;
    enum cq_code code;
    bool first = true;
    do {
        code = parse_part(p, &joined, &kind, first);
        first = false;
        if (!code)
            skip_space(p);
    } while (!code && cq_pystr_starts(p->text, p->at));
    if (!code)
        code = push(p,
                    (struct cq_value){.kind = kind, .as.text = cq_arena_str(p->arena, cq_buf_view(&joined))});
    cq_buf_release(&joined);
    return code;
}

/* --- Containers --- */

static enum cq_code parse_value(struct parser *p, int depth);

static enum cq_code check_key(const struct parser *p, size_t at)
{
    return cq_value_hashable(&p->values.items[p->values.len - 1])
               ? CQ_OK
               : fault(p, at, "a list, set or dict as a key or in a set");
}

/* After '{': a dict or a set, which the first element tells apart. */
static enum cq_code parse_braces(struct parser *p, size_t mark, int depth)
{
    bool is_map = true;
    for (bool first = true; skip_space(p) != '}'; first = false) {
        size_t start = p->at;
        enum cq_code code = parse_value(p, depth + 1);
        if (!code)
            code = check_key(p, start);
        if (code)
            return code;
        bool pair = skip_space(p) == ':';
        if (!first && pair != is_map)
            return fault(p, p->at, is_map ? "expected ':'" : "expected ',' or '}'");
        is_map = pair;
        if (pair) {
            p->at++;
            code = parse_value(p, depth + 1);
            if (code)
                return code;
        }
        if (skip_space(p) != ',' && peek(p) != '}')
            return fault(p, p->at, "expected ',' or '}'");
        p->at += peek(p) == ',' ? 1 : 0;
    }
    p->at++;
    return push(p, cq_builder_take(&p->values, mark, p->arena, is_map ? CQ_VALUE_MAP : CQ_VALUE_SET));
}

/* After '(' or '[', up to `close`. Parentheses around one value without a comma are only that. */
static enum cq_code parse_items(struct parser *p, char close, size_t mark, int depth)
{
    bool comma = false;
    while (skip_space(p) != close) {
        enum cq_code code = parse_value(p, depth + 1);
        if (code)
            return code;
        if (skip_space(p) == ',') {
            p->at++;
            comma = true;
        } else if (peek(p) != close) {
            return fault(p, p->at, close == ']' ? "expected ',' or ']'" : "expected ',' or ')'");
        }
    }
    p->at++;
    if (close == ')' && !comma && p->values.len == mark + 1)
        return CQ_OK;
    return push(p,
                cq_builder_take(&p->values, mark, p->arena, close == ']' ? CQ_VALUE_LIST : CQ_VALUE_TUPLE));
}

static enum cq_code parse_brackets(struct parser *p, int depth)
{
    size_t mark = p->values.len;
    char open = peek(p);
    if (depth >= CQ_VALUE_MAX_DEPTH)
        return cq_error_set(p->err, CQ_ERR_LIMIT, "the literal is more than %d levels deep",
                            CQ_VALUE_MAX_DEPTH);
    p->at++;
    p->brackets++;
    enum cq_code code = open == '{' ? parse_braces(p, mark, depth)
                                    : parse_items(p, open == '[' ? ']' : ')', mark, depth);
    p->brackets--;
    return code;
}

/* --- Words and signs --- */

static enum cq_code parse_word(struct parser *p)
{
    size_t start = p->at;
    while (is_word(peek(p)))
        p->at++;
    struct cq_str word = cq_str_n(p->text.data + start, p->at - start);
    if (cq_str_is(word, "None"))
        return push(p, cq_value_none());
    if (cq_str_is(word, "True") || cq_str_is(word, "False"))
        return push(p, cq_value_bool(word.data[0] == 'T'));
    if (cq_str_is(word, "set") && skip_space(p) == '(') {
        p->at++;
        p->brackets++;
        char close = skip_space(p);
        p->brackets--;
        if (close != ')')
            return fault(p, p->at, "set() takes no arguments; expected ')'");
        p->at++;
        return push(p, (struct cq_value){.kind = CQ_VALUE_SET});
    }
    char what[96];
    snprintf(what, sizeof(what), "the name `%.*s`", word.len < 60 ? (int)word.len : 60, word.data);
    return fault(p, start, what);
}

/* One sign before a number, which may stand in parentheses; Python takes no second sign. */
static enum cq_code parse_signed(struct parser *p)
{
    bool negative = peek(p) == '-';
    size_t open = 0;
    p->at++;
    while (skip_space(p) == '(' && open < CQ_VALUE_MAX_DEPTH) {
        p->at++;
        p->brackets++;
        open++;
    }
    if (!is_digit(peek(p)) && peek(p) != '.')
        return fault(p, p->at, "expected a number after the sign");
    enum cq_code code = parse_number(p, negative);
    for (; !code && open; open--) {
        if (skip_space(p) != ')')
            return fault(p, p->at, "expected ')'");
        p->at++;
        p->brackets--;
    }
    return code;
}

static enum cq_code parse_value(struct parser *p, int depth)
{
    char c = skip_space(p);
    if (p->at == p->text.len)
        return fault(p, p->at, "expected a value, the text ends");
    if (c == '(' || c == '[' || c == '{')
        return parse_brackets(p, depth);
    if (c == '-' || c == '+')
        return parse_signed(p);
    if (is_digit(c) || (c == '.' && is_digit(peek_at(p, 1))))
        return parse_number(p, false);
    if (cq_pystr_starts(p->text, p->at))
        return parse_string(p);
    return is_word(c) ? parse_word(p) : fault(p, p->at, "expected a value");
}

/* A value, or a tuple without parentheses: `1, 2`. */
static enum cq_code parse_top(struct parser *p)
{
    bool comma = false;
    p->brackets = 1; /* empty lines may come first */
    skip_space(p);
    p->brackets = 0;
    enum cq_code code = parse_value(p, 0);
    while (!code && skip_space(p) == ',') {
        comma = true;
        p->at++;
        char c = skip_space(p);
        if (p->at == p->text.len || c == '\n')
            break;
        code = parse_value(p, 1);
    }
    if (!code && comma)
        code = push(p, cq_builder_take(&p->values, 0, p->arena, CQ_VALUE_TUPLE));
    p->brackets = 1; /* newlines may end the text */
    if (!code && (skip_space(p), p->at != p->text.len))
        code = fault(p, p->at, "expected the end of the text");
    return code;
}

enum cq_code cq_literal_parse(struct cq_str text, struct cq_arena *arena, struct cq_value *ret_value,
                              struct cq_error *err)
{
    struct parser p = {.text = text, .arena = arena, .err = err};
    if (!cq_utf8_valid(text))
        return cq_error_set(err, CQ_ERR_DESERIALIZATION, "not a Python literal: the text is not UTF-8");
    const char *nul = text.len ? memchr(text.data, '\0', text.len) : NULL;
    if (nul)
        return fault(&p, (size_t)(nul - text.data), "a NUL character");
    cq_builder_init(&p.values);
    enum cq_code code = parse_top(&p);
    if (!code)
        *ret_value = p.values.items[0];
    cq_builder_release(&p.values);
    return code;
}
