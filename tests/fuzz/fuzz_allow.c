/*
 * A job's data from anybody, under --allow. Beside not breaking: what is allowed holds none of the forbidden
 * names that the value reader, which knows nothing of --allow, finds in it; and is refused when nothing it
 * names is allowed.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "job/allow.h"
#include "job/function_call.h"
#include "tests/job/fields.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool allowed(const char *prefix, struct cq_str data, struct cq_str meta)
{
    struct cq_strv prefixes = CQ_STRV_INIT;
    struct fields fields = {0};
    struct cq_error err = {CQ_OK, ""};
    cq_strv_push(&prefixes, cq_str(prefix));
    fields_add(&fields, "data", data);
    fields_add(&fields, "meta", meta);
    enum cq_code code = cq_allow_check(&prefixes, fields_reply(&fields), &err);
    if (code != err.code ||
        (code && (code != CQ_ERR_INVALID_OPERATION || strncmp(err.text, "cq.NotAllowed: ", 15) != 0)))
        abort();
    cq_strv_release(&prefixes);
    return code == CQ_OK;
}

static void look_for_opaques(const struct cq_value *value)
{
    if (value->kind == CQ_VALUE_OPAQUE &&
        (cq_str_starts(value->as.text, "os.") || cq_str_starts(value->as.text, "subprocess.") ||
         cq_str_starts(value->as.text, "builtins.e")))
        abort();
    if (value->kind == CQ_VALUE_MAP)
        for (size_t i = 0; i < value->as.map.len; i++) {
            look_for_opaques(&value->as.map.pairs[i].key);
            look_for_opaques(&value->as.map.pairs[i].value);
        }
    else if (value->kind == CQ_VALUE_LIST || value->kind == CQ_VALUE_TUPLE || value->kind == CQ_VALUE_SET ||
             value->kind == CQ_VALUE_FROZENSET)
        for (size_t i = 0; i < value->as.list.len; i++)
            look_for_opaques(&value->as.list.items[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cq_str bytes = cq_str_n(data, size);
    if (allowed("app.jobs", bytes, CQ_STR_NONE)) {
        struct cq_arena arena = CQ_ARENA_INIT;
        struct cq_function_call call;
        if (cq_function_call_read(bytes, &arena, &call, NULL) == CQ_OK && call.args.as.list.len < 1000) {
            look_for_opaques(&call.instance);
            look_for_opaques(&call.args);
            look_for_opaques(&call.kwargs);
        }
        if (allowed("other.place", bytes, CQ_STR_NONE)) /* its function at least is of app.jobs */
            abort();
        cq_arena_release(&arena);
    }
    (void)allowed("app.jobs",
                  CQ_STR_LIT("\x80\x04(\x8c\x0c"
                             "app.jobs.runN)}t."),
                  bytes);
    return 0;
}
