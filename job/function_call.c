#include "job/function_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "serializers/repr.h"
#include "serializers/zlib.h"

enum {
    ARGUMENT_MAX = 75, /* characters of an argument's repr in a description, before `...`; RQ's number */
    CALL_LEN = 4,      /* function, instance, args, kwargs */
};

/* What the bytes of `data` inflate to; they are used as they are when they are not zlib, as RQ does. */
static enum cq_code inflated(struct cq_str data, struct cq_buf *plain, struct cq_str *ret_bytes,
                             struct cq_error *err)
{
    if (!cq_is_zlib(data)) {
        *ret_bytes = data;
        return CQ_OK;
    }
    enum cq_code code = cq_inflate(data, plain, err);
    if (code == CQ_OK)
        *ret_bytes = cq_buf_view(plain);
    return code;
}

static bool string_keys(const struct cq_value *map)
{
    for (size_t i = 0; i < map->as.map.len; i++)
        if (map->as.map.pairs[i].key.kind != CQ_VALUE_STR)
            return false;
    return true;
}

/* The four parts, checked. */
static enum cq_code take_apart(const struct cq_value *value, struct cq_function_call *call,
                               struct cq_error *err)
{
    const char *format = cq_format_name(call->format);
    if ((value->kind != CQ_VALUE_TUPLE && value->kind != CQ_VALUE_LIST) || value->as.list.len != CALL_LEN)
        return cq_error_set(
            err, CQ_ERR_DESERIALIZATION,
            "the job's data (%s) is not a call: (function, instance, arguments, keyword arguments)", format);
    const struct cq_value *parts = value->as.list.items;
    if (parts[0].kind != CQ_VALUE_STR || !parts[0].as.text.len)
        return cq_error_set(err, CQ_ERR_DESERIALIZATION,
                            "the job's data (%s) names its function by something of type %s, not a string",
                            format, cq_value_type_name(&parts[0]));
    if (parts[2].kind != CQ_VALUE_TUPLE && parts[2].kind != CQ_VALUE_LIST)
        return cq_error_set(err, CQ_ERR_DESERIALIZATION,
                            "the arguments in the job's data (%s) are a %s, not a list or tuple", format,
                            cq_value_type_name(&parts[2]));
    if (parts[3].kind != CQ_VALUE_MAP || !string_keys(&parts[3]))
        return cq_error_set(err, CQ_ERR_DESERIALIZATION,
                            "the keyword arguments in the job's data (%s) are not a map with string keys",
                            format);
    call->function = parts[0].as.text;
    call->instance = parts[1];
    call->args = parts[2];
    call->kwargs = parts[3];
    return CQ_OK;
}

enum cq_code cq_function_call_read(struct cq_str data, struct cq_arena *arena,
                                   struct cq_function_call *ret_call, struct cq_error *err)
{
    if (!data.len)
        return cq_error_set(err, CQ_ERR_DESERIALIZATION, "the job has no data: its hash lacks the call");
    struct cq_buf plain = CQ_BUF_INIT(CQ_PAYLOAD_MAX);
    struct cq_str bytes = CQ_STR_NONE;
    struct cq_value value;
    struct cq_function_call call;
    enum cq_code code = inflated(data, &plain, &bytes, err);
    if (code != CQ_OK)
        goto out;
    call.format = cq_format_detect(bytes);
    code = cq_decode(call.format, bytes, arena, &value, err);
    if (code == CQ_OK)
        code = take_apart(&value, &call, err);
    if (code == CQ_OK)
        *ret_call = call;
out:
    cq_buf_release(&plain);
    return code;
}

enum cq_code cq_function_call_write(const struct cq_function_call *call, struct cq_buf *out,
                                    struct cq_error *err)
{
    struct cq_value parts[CALL_LEN] = {cq_value_str(call->function), call->instance, call->args,
                                       call->kwargs};
    struct cq_value value = {.kind = CQ_VALUE_TUPLE, .as.list = {parts, CALL_LEN}};
    struct cq_buf plain = CQ_BUF_INIT(CQ_PAYLOAD_MAX);
    enum cq_code code = cq_encode(call->format, &value, &plain, err);
    if (code == CQ_OK)
        code = cq_deflate(cq_buf_view(&plain), out, err);
    cq_buf_release(&plain);
    return code;
}

/*
 * Append repr(value), cut at ARGUMENT_MAX characters. A long text is shortened first, so that the description
 * of a call with 100 MB costs nothing; which quotes repr takes depends on all of it, so both kinds are looked
 * for.
 */
static void describe_value(const struct cq_value *value, struct cq_buf *out)
{
    struct cq_buf repr = CQ_BUF_INIT(CQ_PAYLOAD_MAX);
    struct cq_buf head = CQ_BUF_INIT(8 * ARGUMENT_MAX);
    struct cq_value shown = *value;
    if ((value->kind == CQ_VALUE_STR || value->kind == CQ_VALUE_BYTES) &&
        value->as.text.len > 6 * ARGUMENT_MAX) {
        struct cq_str text = value->as.text;
        size_t len = 5 * ARGUMENT_MAX;
        while (len > 4 * ARGUMENT_MAX && ((unsigned char)text.data[len] & 0xc0) == 0x80)
            len--; /* not inside a character */
        cq_buf_append(&head, text.data, len);
        if (memchr(text.data + len, '\'', text.len - len))
            cq_buf_char(&head, '\'');
        if (memchr(text.data + len, '"', text.len - len))
            cq_buf_char(&head, '"');
        shown.as.text = cq_buf_view(&head);
    }
    cq_repr(&shown, &repr);
    struct cq_str text = cq_buf_view(&repr);
    size_t at = 0, characters = 0;
    while (at < text.len && characters < ARGUMENT_MAX) {
        uint32_t point;
        int len = cq_utf8_decode(text, at, &point);
        at += len > 0 ? (size_t)len : 1;
        characters++;
    }
    cq_buf_append(out, text.data, at);
    if (at < text.len)
        cq_buf_text(out, "...");
    cq_buf_release(&repr);
    cq_buf_release(&head);
}

static int compare_texts(const void *a, const void *b)
{
    struct cq_str left = cq_buf_view(a), right = cq_buf_view(b);
    int order = memcmp(left.data, right.data, left.len < right.len ? left.len : right.len);
    return order ? order : (left.len > right.len) - (left.len < right.len);
}

/* RQ sorts the finished texts `key=value`, not the keys. */
static void describe_kwargs(const struct cq_value *kwargs, bool first, struct cq_buf *out)
{
    size_t len = kwargs->as.map.len;
    if (!len)
        return;
    struct cq_buf *texts = cq_calloc(len, sizeof(*texts));
    for (size_t i = 0; i < len; i++) {
        cq_buf_init(&texts[i], out->limit);
        cq_buf_str(&texts[i], kwargs->as.map.pairs[i].key.as.text);
        cq_buf_char(&texts[i], '=');
        describe_value(&kwargs->as.map.pairs[i].value, &texts[i]);
    }
    qsort(texts, len, sizeof(*texts), compare_texts);
    for (size_t i = 0; i < len; i++) {
        if (i || !first)
            cq_buf_text(out, ", ");
        cq_buf_str(out, cq_buf_view(&texts[i]));
        cq_buf_release(&texts[i]);
    }
    free(texts);
}

void cq_function_call_describe(const struct cq_function_call *call, struct cq_buf *out)
{
    cq_buf_str(out, call->function);
    cq_buf_char(out, '(');
    for (size_t i = 0; i < call->args.as.list.len; i++) {
        if (i)
            cq_buf_text(out, ", ");
        describe_value(&call->args.as.list.items[i], out);
    }
    if (call->kwargs.kind == CQ_VALUE_MAP)
        describe_kwargs(&call->kwargs, call->args.as.list.len == 0, out);
    cq_buf_char(out, ')');
}
