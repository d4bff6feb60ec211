/*
 * JSON as Python's json module reads and writes it. jansson refuses what RQ's JSONSerializer writes: integers
 * beyond 64 bits, NaN and Infinity, lone surrogates, 1e999. It also has no limit on the number of elements.
 * The fuzz target compares with it: what jansson accepts, we read to the same value.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "serializers/bigint.h"
#include "serializers/json.h"
#include "serializers/pystr.h"
#include "serializers/repr.h"
#include "serializers/serializer.h"

struct reader {
    struct cq_str text;
    size_t at;
    struct cq_arena *arena;
    struct cq_builder values;
    struct cq_error *err;
};

static enum cq_code fault(const struct reader *in, size_t at, const char *what)
{
    if (at >= in->text.len)
        return cq_error_set(in->err, CQ_ERR_DESERIALIZATION, "json: the text ends at byte %zu, before %s",
                            in->text.len, what);
    return cq_error_set(in->err, CQ_ERR_DESERIALIZATION, "json: expected %s at byte %zu", what, at);
}

static enum cq_code push(struct reader *in, struct cq_value value)
{
    if (cq_builder_push(&in->values, value))
        return CQ_OK;
    return cq_error_set(in->err, CQ_ERR_LIMIT, "json: more than %d elements, at byte %zu", CQ_VALUE_MAX_ITEMS,
                        in->at);
}

/* The byte at the reader's place, or NUL at the end; a NUL in the text is never valid where this is used. */
static char peek(const struct reader *in)
{
    return in->at < in->text.len ? in->text.data[in->at] : '\0';
}

static char skip_space(struct reader *in)
{
    while (peek(in) == ' ' || peek(in) == '\t' || peek(in) == '\n' || peek(in) == '\r')
        in->at++;
    return peek(in);
}

static bool take_word(struct reader *in, const char *word)
{
    if (!cq_str_starts(cq_str_n(in->text.data + in->at, in->text.len - in->at), word))
        return false;
    in->at += strlen(word);
    return true;
}

/* --- Reading numbers and strings --- */

static size_t take_digits(struct reader *in)
{
    size_t start = in->at;
    while (peek(in) >= '0' && peek(in) <= '9')
        in->at++;
    return in->at - start;
}

static enum cq_code read_float(struct reader *in, size_t start)
{
    char few[64];
    size_t len = in->at - start;
    /* strtod needs an end; a number with thousands of digits is copied into the arena. */
    char *copy = len < sizeof(few) ? few : cq_arena_alloc(in->arena, len + 1);
    memcpy(copy, in->text.data + start, len);
    copy[len] = '\0';
    return push(in, cq_value_float(strtod(copy, NULL)));
}

static enum cq_code read_number(struct reader *in)
{
    size_t start = in->at;
    bool negative = peek(in) == '-', is_float = false;
    in->at += negative ? 1 : 0;
    if (negative && take_word(in, "Infinity"))
        return push(in, cq_value_float(-INFINITY));
    size_t first = in->at;
    size_t count = take_digits(in);
    if (!count)
        return fault(in, in->at, "a digit");
    if (count > 1 && in->text.data[first] == '0')
        return fault(in, first + 1, "no digit after a leading 0");
    size_t end = in->at;
    /* A dot or exponent without digits ends the number before it, as in Python; what is left is then an
     * error. */
    if (peek(in) == '.') {
        in->at++;
        is_float = take_digits(in) > 0;
        end = is_float ? in->at : end;
        in->at = end;
    }
    if (peek(in) == 'e' || peek(in) == 'E') {
        in->at++;
        if (peek(in) == '+' || peek(in) == '-')
            in->at++;
        if (take_digits(in)) {
            is_float = true;
            end = in->at;
        }
        in->at = end;
    }
    if (is_float)
        return read_float(in, start);
    struct cq_value value;
    if (!cq_bigint_parse(cq_str_n(in->text.data + first, end - first), 10, negative, in->arena, &value))
        return cq_error_set(in->err, CQ_ERR_LIMIT, "json: an integer of more than %d digits at byte %zu",
                            CQ_VALUE_MAX_DIGITS, start);
    return push(in, value);
}

/* The escape after a backslash at in->at. */
static enum cq_code read_escape(struct reader *in, char **to)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char bytes[] = "\"\\/\b\f\n\r\t";
    char c = peek(in);
    const char *found = c ? strchr(letters, c) : NULL;
    if (found) {
        *(*to)++ = bytes[found - letters];
        in->at++;
        return CQ_OK;
    }
    uint32_t point, low;
    if (c != 'u')
        return fault(in, in->at, "an escape such as \\n or \\u0041");
    if (!cq_pystr_hex(in->text, in->at + 1, 4, &point))
        return fault(in, in->at + 1, "four hex digits");
    in->at += 5;
    if (point >= 0xD800 && point < 0xDC00 && peek(in) == '\\' && in->at + 1 < in->text.len &&
        in->text.data[in->at + 1] == 'u' && cq_pystr_hex(in->text, in->at + 2, 4, &low) && low >= 0xDC00 &&
        low < 0xE000) {
        point = 0x10000 + ((point - 0xD800) << 10 | (low - 0xDC00));
        in->at += 6;
    }
    *to += cq_utf8_put(*to, point);
    return CQ_OK;
}

/* A string whose opening quote is at in->at. No escape is shorter than what it stands for. */
static enum cq_code read_string(struct reader *in)
{
    size_t start = ++in->at, end = start;
    while (end < in->text.len && in->text.data[end] != '"')
        end += in->text.data[end] == '\\' ? 2 : 1;
    if (end >= in->text.len)
        return fault(in, in->text.len, "the closing quote");
    char *text = cq_arena_alloc(in->arena, end - start + 1), *to = text;
    while (in->at < end) {
        unsigned char c = (unsigned char)in->text.data[in->at];
        if (c < 0x20)
            return fault(in, in->at, "no control character in a string; escape it");
        in->at++;
        if (c != '\\') {
            *to++ = (char)c;
            continue;
        }
        enum cq_code code = read_escape(in, &to);
        if (code)
            return code;
    }
    *to = '\0';
    in->at = end + 1;
    return push(in, cq_value_str(cq_str_n(text, (size_t)(to - text))));
}

/* --- Reading containers --- */

static enum cq_code read_value(struct reader *in, int depth);

static enum cq_code read_key(struct reader *in)
{
    if (skip_space(in) != '"')
        return fault(in, in->at, "a key in double quotes");
    enum cq_code code = read_string(in);
    if (code)
        return code;
    if (skip_space(in) != ':')
        return fault(in, in->at, "':'");
    in->at++;
    return CQ_OK;
}

/* A list or object whose bracket is at in->at. */
static enum cq_code read_container(struct reader *in, int depth)
{
    bool is_map = peek(in) == '{';
    char close = is_map ? '}' : ']';
    size_t mark = in->values.len;
    if (depth >= CQ_VALUE_MAX_DEPTH)
        return cq_error_set(in->err, CQ_ERR_LIMIT, "json: more than %d levels deep at byte %zu",
                            CQ_VALUE_MAX_DEPTH, in->at);
    in->at++;
    if (skip_space(in) == close) {
        in->at++;
    } else {
        for (;;) {
            enum cq_code code = is_map ? read_key(in) : CQ_OK;
            if (!code)
                code = read_value(in, depth + 1);
            if (code)
                return code;
            char c = skip_space(in);
            if (c != ',' && c != close)
                return fault(in, in->at, is_map ? "',' or '}'" : "',' or ']'");
            in->at++;
            if (c == close)
                break;
        }
    }
    return push(in, cq_builder_take(&in->values, mark, in->arena, is_map ? CQ_VALUE_MAP : CQ_VALUE_LIST));
}

static enum cq_code read_value(struct reader *in, int depth)
{
    switch (skip_space(in)) {
    case '{':
    case '[': return read_container(in, depth);
    case '"': return read_string(in);
    case 'n':
        if (take_word(in, "null"))
            return push(in, cq_value_none());
        break;
    case 't':
        if (take_word(in, "true"))
            return push(in, cq_value_bool(true));
        break;
    case 'f':
        if (take_word(in, "false"))
            return push(in, cq_value_bool(false));
        break;
    case 'N':
        if (take_word(in, "NaN"))
            return push(in, cq_value_float((double)NAN));
        break;
    case 'I':
        if (take_word(in, "Infinity"))
            return push(in, cq_value_float((double)INFINITY));
        break;
    default:
        if (peek(in) == '-' || (peek(in) >= '0' && peek(in) <= '9'))
            return read_number(in);
        break;
    }
    return fault(in, in->at, "a value");
}

enum cq_code cq_json_read(struct cq_str bytes, struct cq_arena *arena, struct cq_value *ret_value,
                          struct cq_error *err)
{
    struct reader in = {.text = bytes, .arena = arena, .err = err};
    if (!cq_utf8_valid(bytes))
        return cq_error_set(err, CQ_ERR_DESERIALIZATION, "json: not UTF-8");
    cq_builder_init(&in.values);
    enum cq_code code = read_value(&in, 0);
    if (!code && (skip_space(&in), in.at != bytes.len))
        code = fault(&in, in.at, "the end of the text");
    if (!code)
        *ret_value = in.values.items[0];
    cq_builder_release(&in.values);
    return code;
}

/* --- Writing --- */

static enum cq_code cannot_hold(const char *what, const struct cq_value *value, struct cq_error *err)
{
    return cq_error_set(err, CQ_ERR_SERIALIZATION, "json cannot hold %s of type %s; use another serializer",
                        what, cq_value_type_name(value));
}

static void write_point(uint32_t point, struct cq_buf *out)
{
    static const char letters[] = "\"\\bfnrt";
    static const char bytes[] = "\"\\\b\f\n\r\t";
    const char *found = point && point < 0x80 ? strchr(bytes, (int)point) : NULL;
    if (found)
        cq_buf_append(out, (char[]){'\\', letters[found - bytes]}, 2);
    else if (point <= 0xFFFF)
        cq_buf_printf(out, "\\u%04x", (unsigned)point);
    else
        cq_buf_printf(out, "\\u%04x\\u%04x", (unsigned)(0xD800 + ((point - 0x10000) >> 10)),
                      (unsigned)(0xDC00 + ((point - 0x10000) & 0x3FF)));
}

static enum cq_code write_string(struct cq_str text, struct cq_buf *out, struct cq_error *err)
{
    cq_buf_char(out, '"');
    for (size_t at = 0; at < text.len && !out->overflow;) {
        size_t plain = at;
        while (plain < text.len && text.data[plain] >= ' ' && text.data[plain] <= '~' &&
               text.data[plain] != '"' && text.data[plain] != '\\')
            plain++;
        cq_buf_append(out, text.data + at, plain - at);
        at = plain;
        if (at == text.len)
            break;
        uint32_t point;
        int len = cq_pystr_decode(text, at, &point);
        if (!len)
            return cq_error_set(err, CQ_ERR_SERIALIZATION,
                                "json: a str is not UTF-8 at its byte %zu; pass it as bytes", at);
        write_point(point, out);
        at += (size_t)len;
    }
    cq_buf_char(out, '"');
    return CQ_OK;
}

static void write_float(double number, struct cq_buf *out)
{
    if (isnan(number) || isinf(number))
        cq_buf_text(out, isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
    else
        cq_repr_float(number, out);
}

/* Everything but containers. False: not such a kind. */
static bool write_scalar(const struct cq_value *value, struct cq_buf *out)
{
    if (value->kind == CQ_VALUE_NONE)
        cq_buf_text(out, "null");
    else if (value->kind == CQ_VALUE_BOOL)
        cq_buf_text(out, value->as.boolean ? "true" : "false");
    else if (value->kind == CQ_VALUE_INT)
        cq_buf_printf(out, "%" PRId64, value->as.integer);
    else if (value->kind == CQ_VALUE_BIGINT)
        cq_buf_str(out, value->as.text);
    else if (value->kind == CQ_VALUE_FLOAT)
        write_float(value->as.number, out);
    else
        return false;
    return true;
}

/* As Python's json.dumps: None, bools and numbers as keys become their text. */
static enum cq_code write_key(const struct cq_value *key, struct cq_buf *out, struct cq_error *err)
{
    if (key->kind == CQ_VALUE_STR)
        return write_string(key->as.text, out, err);
    cq_buf_char(out, '"');
    if (!write_scalar(key, out))
        return cannot_hold("a key", key, err);
    cq_buf_char(out, '"');
    return CQ_OK;
}

static enum cq_code write_value(const struct cq_value *value, struct cq_buf *out, int depth,
                                struct cq_error *err)
{
    if (out->overflow || write_scalar(value, out))
        return CQ_OK;
    if (value->kind == CQ_VALUE_STR)
        return write_string(value->as.text, out, err);
    bool is_map = value->kind == CQ_VALUE_MAP;
    if (!is_map && value->kind != CQ_VALUE_LIST && value->kind != CQ_VALUE_TUPLE)
        return cannot_hold("a value", value, err);
    if (depth >= CQ_VALUE_MAX_DEPTH)
        return cq_error_set(err, CQ_ERR_LIMIT, "json: more than %d levels deep", CQ_VALUE_MAX_DEPTH);
    cq_buf_char(out, is_map ? '{' : '[');
    size_t len = is_map ? value->as.map.len : value->as.list.len;
    for (size_t i = 0; i < len && !out->overflow; i++) {
        enum cq_code code = CQ_OK;
        if (i)
            cq_buf_append(out, ", ", 2);
        if (is_map) {
            code = write_key(&value->as.map.pairs[i].key, out, err);
            cq_buf_append(out, ": ", 2);
        }
        if (!code)
            code = write_value(is_map ? &value->as.map.pairs[i].value : &value->as.list.items[i], out,
                               depth + 1, err);
        if (code)
            return code;
    }
    cq_buf_char(out, is_map ? '}' : ']');
    return CQ_OK;
}

enum cq_code cq_json_write(const struct cq_value *value, struct cq_buf *out, struct cq_error *err)
{
    enum cq_code code = write_value(value, out, 0, err);
    if (!code && out->overflow)
        code = cq_error_set(err, CQ_ERR_LIMIT, "json: the value is larger than the limit of %zu bytes",
                            out->limit);
    return code;
}
