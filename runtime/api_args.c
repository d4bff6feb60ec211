#include <stdio.h>
#include <string.h>

#include "runtime/context.h"

/* ---- values ---- */

static bool is_list(const cq_value *value)
{
    return value && (value->kind == CQ_VALUE_LIST || value->kind == CQ_VALUE_TUPLE ||
                     value->kind == CQ_VALUE_SET || value->kind == CQ_VALUE_FROZENSET);
}

cq_type cq_type_of(const cq_value *value)
{
    if (!value)
        return CQ_TYPE_NONE;
    switch (value->kind) {
    case CQ_VALUE_NONE: return CQ_TYPE_NONE;
    case CQ_VALUE_BOOL: return CQ_TYPE_BOOL;
    case CQ_VALUE_INT: return CQ_TYPE_INT;
    case CQ_VALUE_FLOAT: return CQ_TYPE_FLOAT;
    case CQ_VALUE_STR: return CQ_TYPE_STR;
    case CQ_VALUE_BYTES: return CQ_TYPE_BYTES;
    case CQ_VALUE_LIST:
    case CQ_VALUE_TUPLE:
    case CQ_VALUE_SET:
    case CQ_VALUE_FROZENSET: return CQ_TYPE_LIST;
    case CQ_VALUE_MAP: return CQ_TYPE_DICT;
    case CQ_VALUE_BIGINT:
    case CQ_VALUE_DATETIME:
    case CQ_VALUE_OPAQUE: break;
    }
    return CQ_TYPE_OTHER;
}

size_t cq_length(const cq_value *value)
{
    if (is_list(value))
        return value->as.list.len;
    return value && value->kind == CQ_VALUE_MAP ? value->as.map.len : 0;
}

const cq_value *cq_item(const cq_value *value, size_t index)
{
    if (index >= cq_length(value))
        return NULL;
    return value->kind == CQ_VALUE_MAP ? &value->as.map.pairs[index].value : &value->as.list.items[index];
}

const cq_value *cq_item_key(const cq_value *value, size_t index)
{
    if (!value || value->kind != CQ_VALUE_MAP || index >= value->as.map.len)
        return NULL;
    return &value->as.map.pairs[index].key;
}

const cq_value *cq_item_of(const cq_value *value, const char *key)
{
    return value && value->kind == CQ_VALUE_MAP ? cq_value_get(value, key) : NULL;
}

size_t cq_arg_count(const cq_context *job)
{
    return cq_length(&job->call.args);
}

const cq_value *cq_arg(const cq_context *job, size_t index)
{
    return is_list(&job->call.args) ? cq_item(&job->call.args, index) : NULL;
}

const cq_value *cq_kwarg(const cq_context *job, const char *name)
{
    return cq_item_of(&job->call.kwargs, name);
}

/* ---- reading by type ---- */

enum { NO_INDEX = -1 };

/* Where a value stands in the call, for the failure text: a keyword, an index, or neither. */
struct place {
    const char *keyword;
    long long index;
};

static int fail_at(struct cq_context *job, struct place place, const char *text)
{
    if (place.keyword)
        return cq_context_fail(job, "cq.ArgumentError", "keyword argument '%s' %s", place.keyword, text);
    if (place.index != NO_INDEX)
        return cq_context_fail(job, "cq.ArgumentError", "argument %lld %s", place.index, text);
    return cq_context_fail(job, "cq.ArgumentError", "a value of the call %s", text);
}

static int fail_missing(struct cq_context *job, struct place place)
{
    char text[80];
    if (place.keyword)
        return fail_at(job, place, "is missing");
    snprintf(text, sizeof(text), "is missing: the call has %zu (they count from 0)", cq_arg_count(job));
    return fail_at(job, place, text);
}

static int fail_type(struct cq_context *job, struct place place, const char *wanted, const cq_value *value)
{
    char text[200];
    if (value && value->kind == CQ_VALUE_BIGINT)
        snprintf(text, sizeof(text), "does not fit into 64 bits");
    else
        snprintf(text, sizeof(text), "must be %s, not %s", wanted,
                 value ? cq_value_type_name(value) : "absent");
    return fail_at(job, place, text);
}

static int read_bool(struct cq_context *job, struct place place, const cq_value *value, int *ret_value)
{
    if (cq_type_of(value) != CQ_TYPE_BOOL)
        return fail_type(job, place, "bool", value);
    *ret_value = value->as.boolean;
    return CQ_DONE;
}

static int read_int(struct cq_context *job, struct place place, const cq_value *value, long long *ret_value)
{
    if (cq_type_of(value) != CQ_TYPE_INT)
        return fail_type(job, place, "int", value);
    *ret_value = value->as.integer;
    return CQ_DONE;
}

static int read_float(struct cq_context *job, struct place place, const cq_value *value, double *ret_value)
{
    cq_type type = cq_type_of(value);
    if (type != CQ_TYPE_FLOAT && type != CQ_TYPE_INT)
        return fail_type(job, place, "float", value);
    *ret_value = type == CQ_TYPE_INT ? (double)value->as.integer : value->as.number;
    return CQ_DONE;
}

/* A text that holds a NUL would be read short by C: refused rather than cut. */
static int read_str(struct cq_context *job, struct place place, const cq_value *value, const char **ret_text)
{
    if (cq_type_of(value) != CQ_TYPE_STR)
        return fail_type(job, place, "str", value);
    if (memchr(value->as.text.data, '\0', value->as.text.len))
        return fail_at(job, place, "is a str with a NUL in it; pass bytes");
    *ret_text = value->as.text.data;
    return CQ_DONE;
}

static int read_bytes(struct cq_context *job, struct place place, const cq_value *value,
                      const void **ret_data, size_t *ret_size)
{
    cq_type type = cq_type_of(value);
    if (type != CQ_TYPE_BYTES && type != CQ_TYPE_STR)
        return fail_type(job, place, "bytes", value);
    *ret_data = value->as.text.data;
    *ret_size = value->as.text.len;
    return CQ_DONE;
}

static int read_json(struct cq_context *job, struct place place, const cq_value *value, const char **ret_text)
{
    struct cq_buf text = CQ_BUF_INIT(CQ_PAYLOAD_MAX);
    struct cq_error err;
    char why[sizeof(err.text) + 40];
    int code = CQ_DONE;
    if (!value) {
        code = fail_type(job, place, "any", value);
    } else if (cq_encode(CQ_FORMAT_JSON, value, &text, &err)) {
        snprintf(why, sizeof(why), "cannot be given as JSON: %s", err.text);
        code = fail_at(job, place, why);
    } else {
        *ret_text = cq_arena_strndup(&job->arena, text.data, text.len);
    }
    cq_buf_release(&text);
    return code;
}

/* The three ways to a value, for each type alike. */
#define READERS(type, c_type)                                                          \
    int cq_get_##type(cq_context *job, const cq_value *value, c_type *ret)             \
    {                                                                                  \
        return read_##type(job, (struct place){NULL, NO_INDEX}, value, ret);           \
    }                                                                                  \
    int cq_arg_##type(cq_context *job, size_t index, c_type *ret)                      \
    {                                                                                  \
        struct place place = {NULL, (long long)index};                                 \
        const cq_value *value = cq_arg(job, index);                                    \
        return value ? read_##type(job, place, value, ret) : fail_missing(job, place); \
    }                                                                                  \
    int cq_kwarg_##type(cq_context *job, const char *name, c_type *ret)                \
    {                                                                                  \
        struct place place = {name, NO_INDEX};                                         \
        const cq_value *value = cq_kwarg(job, name);                                   \
        return value ? read_##type(job, place, value, ret) : fail_missing(job, place); \
    }

#define OPTION(type, c_type)                                                       \
    int cq_option_##type(cq_context *job, const char *name, c_type *ret)           \
    {                                                                              \
        const cq_value *value = cq_kwarg(job, name);                               \
        return cq_type_of(value) == CQ_TYPE_NONE                                   \
                   ? CQ_DONE                                                       \
                   : read_##type(job, (struct place){name, NO_INDEX}, value, ret); \
    }

READERS(bool, int)
READERS(int, long long)
READERS(float, double)
READERS(str, const char *)
READERS(json, const char *)
OPTION(bool, int)
OPTION(int, long long)
OPTION(float, double)
OPTION(str, const char *)

int cq_get_bytes(cq_context *job, const cq_value *value, const void **ret_data, size_t *ret_size)
{
    return read_bytes(job, (struct place){NULL, NO_INDEX}, value, ret_data, ret_size);
}

int cq_arg_bytes(cq_context *job, size_t index, const void **ret_data, size_t *ret_size)
{
    struct place place = {NULL, (long long)index};
    const cq_value *value = cq_arg(job, index);
    return value ? read_bytes(job, place, value, ret_data, ret_size) : fail_missing(job, place);
}

int cq_kwarg_bytes(cq_context *job, const char *name, const void **ret_data, size_t *ret_size)
{
    struct place place = {name, NO_INDEX};
    const cq_value *value = cq_kwarg(job, name);
    return value ? read_bytes(job, place, value, ret_data, ret_size) : fail_missing(job, place);
}
