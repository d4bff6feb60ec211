/* json from anybody; and what jansson accepts we read to the same value. */
#include <jansson.h>
#include <string.h>

#include "tests/fuzz/roundtrip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(json_t *theirs, const struct cq_value *ours);

static bool same_object(json_t *theirs, const struct cq_value *ours)
{
    if (ours->kind != CQ_VALUE_MAP || json_object_size(theirs) != ours->as.map.len)
        return false;
    const char *key;
    json_t *value;
    size_t i = 0;
    json_object_foreach(theirs, key, value)
    {
        if (!cq_str_is(ours->as.map.pairs[i].key.as.text, key) || !same(value, &ours->as.map.pairs[i].value))
            return false;
        i++;
    }
    return true;
}

static bool same(json_t *theirs, const struct cq_value *ours)
{
    switch (json_typeof(theirs)) {
    case JSON_OBJECT: return same_object(theirs, ours);
    case JSON_ARRAY:
        if (ours->kind != CQ_VALUE_LIST || json_array_size(theirs) != ours->as.list.len)
            return false;
        for (size_t i = 0; i < ours->as.list.len; i++)
            if (!same(json_array_get(theirs, i), &ours->as.list.items[i]))
                return false;
        return true;
    case JSON_STRING:
        return ours->kind == CQ_VALUE_STR &&
               cq_str_eq(ours->as.text, cq_str_n(json_string_value(theirs), json_string_length(theirs)));
    case JSON_INTEGER: return ours->kind == CQ_VALUE_INT && ours->as.integer == json_integer_value(theirs);
    case JSON_REAL: return ours->kind == CQ_VALUE_FLOAT && ours->as.number == json_real_value(theirs);
    case JSON_TRUE:
    case JSON_FALSE: return ours->kind == CQ_VALUE_BOOL && ours->as.boolean == json_is_true(theirs);
    default: return ours->kind == CQ_VALUE_NONE;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_bytes(CQ_FORMAT_JSON, data, size);
    if (size && memchr(data, '\0', size)) /* jansson takes a NUL for the end of the text */
        return 0;
    json_t *theirs = json_loadb((const char *)data, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    if (theirs) {
        struct cq_arena arena = CQ_ARENA_INIT;
        struct cq_value ours;
        enum cq_code code = cq_decode(CQ_FORMAT_JSON, cq_str_n(data, size), &arena, &ours, NULL);
        if (code != CQ_ERR_LIMIT && (code != CQ_OK || !same(theirs, &ours)))
            abort();
        cq_arena_release(&arena);
        json_decref(theirs);
    }
    return 0;
}
