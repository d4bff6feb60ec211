/* A literal off the command line; its repr is a literal again, of an equal value. */
#include <math.h>

#include "serializers/literal.h"
#include "tests/fuzz/roundtrip.h"
#include "tests/support/value_equal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* repr() of inf is not a literal. */
static bool finite_all(const struct cq_value *value)
{
    if (value->kind == CQ_VALUE_MAP) {
        for (size_t i = 0; i < value->as.map.len; i++)
            if (!finite_all(&value->as.map.pairs[i].key) || !finite_all(&value->as.map.pairs[i].value))
                return false;
    } else if (value->kind == CQ_VALUE_LIST || value->kind == CQ_VALUE_TUPLE || value->kind == CQ_VALUE_SET) {
        for (size_t i = 0; i < value->as.list.len; i++)
            if (!finite_all(&value->as.list.items[i]))
                return false;
    }
    return value->kind != CQ_VALUE_FLOAT || isfinite(value->as.number);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cq_arena arena = CQ_ARENA_INIT;
    struct cq_error err = {.text = ""};
    struct cq_value value, again;
    enum cq_code code = cq_literal_parse(cq_str_n(data, size), &arena, &value, &err);
    if (code == CQ_OK) {
        struct cq_buf out = CQ_BUF_INIT(OUTPUT_MAX);
        cq_repr(&value, &out);
        if (!out.overflow && finite_all(&value) &&
            (cq_literal_parse(cq_buf_view(&out), &arena, &again, &err) != CQ_OK ||
             !value_equal(&value, &again)))
            abort();
        cq_buf_release(&out);
        check_written(CQ_FORMAT_PICKLE, &value, true);
    } else if (!err.text[0]) {
        abort();
    }
    cq_arena_release(&arena);
    return 0;
}
