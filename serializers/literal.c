/* Python literals: the grammar of ast.literal_eval, by recursive descent with a bound on the depth. */
#include "serializers/literal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "serializers/literal_number.h"
#include "serializers/pystr.h"

static char skip_space(struct cq_literal *p)
{
    for (;;) {
        char c = cq_literal_peek(p);
        if (c == ' ' || c == '\t' || c == '\f' || (p->brackets && (c == '\n' || c == '\r')))
            p->at++;
        else if (c == '\\' && cq_literal_peek_at(p, 1) == '\n')
            p->at += 2;
        else if (c == '#')
            while (p->at < p->text.len && cq_literal_peek(p) != '\n')
                p->at++;
        else
            return c;
    }
}

/* --- Strings --- */

/* One string with its prefix, appended to *joined; *kind: of the first of several that are joined. */
static enum cq_code parse_part(struct cq_literal *p, struct cq_buf *joined, enum cq_value_kind *kind,
                               bool first)
{
    struct cq_pystr_token token = {.body = CQ_STR_NONE};
    size_t start = p->at, len, at;
    const char *wrong = cq_pystr_token(p->text, p->at, &token);
    if (wrong)
        return cq_literal_fault(p, start, wrong);
    enum cq_value_kind this = token.bytes ? CQ_VALUE_BYTES : CQ_VALUE_STR;
    if (!first && *kind != this)
        return cq_literal_fault(p, start, "bytes joined with a str");
    *kind = this;
    size_t body_at = (size_t)(token.body.data - p->text.data);
    for (size_t i = 0; i < token.body.len && token.bytes; i++)
        if ((unsigned char)token.body.data[i] >= 0x80)
            return cq_literal_fault(p, body_at + i, "a character outside ASCII in bytes");
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
            return cq_literal_fault(p, body_at + at, wrong);
        joined->len += len;
    }
    p->at = token.end;
    return CQ_OK;
}

static enum cq_code parse_string(struct cq_literal *p)
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
        code = cq_literal_push(
            p, (struct cq_value){.kind = kind, .as.text = cq_arena_str(p->arena, cq_buf_view(&joined))});
    cq_buf_release(&joined);
    return code;
}

/* --- Containers --- */

static enum cq_code parse_value(struct cq_literal *p, int depth);

static enum cq_code check_key(const struct cq_literal *p, size_t at)
{
    return cq_value_hashable(&p->values.items[p->values.len - 1])
               ? CQ_OK
               : cq_literal_fault(p, at, "a list, set or dict as a key or in a set");
}

/* After '{': a dict or a set, which the first element tells apart. */
static enum cq_code parse_braces(struct cq_literal *p, size_t mark, int depth)
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
            return cq_literal_fault(p, p->at, is_map ? "expected ':'" : "expected ',' or '}'");
        is_map = pair;
        if (pair) {
            p->at++;
            code = parse_value(p, depth + 1);
            if (code)
                return code;
        }
        if (skip_space(p) != ',' && cq_literal_peek(p) != '}')
            return cq_literal_fault(p, p->at, "expected ',' or '}'");
        p->at += cq_literal_peek(p) == ',' ? 1 : 0;
    }
    p->at++;
    return cq_literal_push(p,
                           cq_builder_take(&p->values, mark, p->arena, is_map ? CQ_VALUE_MAP : CQ_VALUE_SET));
}

/* After '(' or '[', up to `close`. Parentheses around one value without a comma are only that. */
static enum cq_code parse_items(struct cq_literal *p, char close, size_t mark, int depth)
{
    bool comma = false;
    while (skip_space(p) != close) {
        enum cq_code code = parse_value(p, depth + 1);
        if (code)
            return code;
        if (skip_space(p) == ',') {
            p->at++;
            comma = true;
        } else if (cq_literal_peek(p) != close) {
            return cq_literal_fault(p, p->at, close == ']' ? "expected ',' or ']'" : "expected ',' or ')'");
        }
    }
    p->at++;
    if (close == ')' && !comma && p->values.len == mark + 1)
        return CQ_OK;
    return cq_literal_push(
        p, cq_builder_take(&p->values, mark, p->arena, close == ']' ? CQ_VALUE_LIST : CQ_VALUE_TUPLE));
}

static enum cq_code parse_brackets(struct cq_literal *p, int depth)
{
    size_t mark = p->values.len;
    char open = cq_literal_peek(p);
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

static enum cq_code parse_word(struct cq_literal *p)
{
    size_t start = p->at;
    while (cq_literal_is_word(cq_literal_peek(p)))
        p->at++;
    struct cq_str word = cq_str_n(p->text.data + start, p->at - start);
    if (cq_str_is(word, "None"))
        return cq_literal_push(p, cq_value_none());
    if (cq_str_is(word, "True") || cq_str_is(word, "False"))
        return cq_literal_push(p, cq_value_bool(word.data[0] == 'T'));
    if (cq_str_is(word, "set") && skip_space(p) == '(') {
        p->at++;
        p->brackets++;
        char close = skip_space(p);
        p->brackets--;
        if (close != ')')
            return cq_literal_fault(p, p->at, "set() takes no arguments; expected ')'");
        p->at++;
        return cq_literal_push(p, (struct cq_value){.kind = CQ_VALUE_SET});
    }
    char what[96];
    snprintf(what, sizeof(what), "the name `%.*s`", word.len < 60 ? (int)word.len : 60, word.data);
    return cq_literal_fault(p, start, what);
}

/* One sign before a number, which may stand in parentheses; Python takes no second sign. */
static enum cq_code parse_signed(struct cq_literal *p)
{
    bool negative = cq_literal_peek(p) == '-';
    size_t open = 0;
    p->at++;
    while (skip_space(p) == '(' && open < CQ_VALUE_MAX_DEPTH) {
        p->at++;
        p->brackets++;
        open++;
    }
    if (!cq_literal_is_digit(cq_literal_peek(p)) && cq_literal_peek(p) != '.')
        return cq_literal_fault(p, p->at, "expected a number after the sign");
    enum cq_code code = cq_literal_number(p, negative);
    for (; !code && open; open--) {
        if (skip_space(p) != ')')
            return cq_literal_fault(p, p->at, "expected ')'");
        p->at++;
        p->brackets--;
    }
    return code;
}

static enum cq_code parse_value(struct cq_literal *p, int depth)
{
    char c = skip_space(p);
    if (p->at == p->text.len)
        return cq_literal_fault(p, p->at, "expected a value, the text ends");
    if (c == '(' || c == '[' || c == '{')
        return parse_brackets(p, depth);
    if (c == '-' || c == '+')
        return parse_signed(p);
    if (cq_literal_is_digit(c) || (c == '.' && cq_literal_is_digit(cq_literal_peek_at(p, 1))))
        return cq_literal_number(p, false);
    if (cq_pystr_starts(p->text, p->at))
        return parse_string(p);
    return cq_literal_is_word(c) ? parse_word(p) : cq_literal_fault(p, p->at, "expected a value");
}

/* A value, or a tuple without parentheses: `1, 2`. */
static enum cq_code parse_top(struct cq_literal *p)
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
        code = cq_literal_push(p, cq_builder_take(&p->values, 0, p->arena, CQ_VALUE_TUPLE));
    p->brackets = 1; /* newlines may end the text */
    if (!code && (skip_space(p), p->at != p->text.len))
        code = cq_literal_fault(p, p->at, "expected the end of the text");
    return code;
}

enum cq_code cq_literal_parse(struct cq_str text, struct cq_arena *arena, struct cq_value *ret_value,
                              struct cq_error *err)
{
    struct cq_literal p = {.text = text, .arena = arena, .err = err};
    if (!cq_utf8_valid(text))
        return cq_error_set(err, CQ_ERR_DESERIALIZATION, "not a Python literal: the text is not UTF-8");
    const char *nul = text.len ? memchr(text.data, '\0', text.len) : NULL;
    if (nul)
        return cq_literal_fault(&p, (size_t)(nul - text.data), "a NUL character");
    cq_builder_init(&p.values);
    enum cq_code code = parse_top(&p);
    if (!code)
        *ret_value = p.values.items[0];
    cq_builder_release(&p.values);
    return code;
}
