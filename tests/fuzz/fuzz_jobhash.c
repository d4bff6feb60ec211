/* The data of a job from anybody: the call in it, and the first look at its name. */
#include <stdlib.h>

#include "base/mem.h"
#include "job/function_call.h"
#include "job/peek.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cq_arena arena = CQ_ARENA_INIT;
    struct cq_function_call call, again;
    struct cq_error err;
    struct cq_peek peek;
    struct cq_peeked peeked = {.function = CQ_STR_NONE};
    struct cq_str bytes = cq_str_n(data, size);
    cq_peek_init(&peek);
    bool seen = cq_peek_look(&peek, bytes, &peeked);
    if (cq_function_call_read(bytes, &arena, &call, &err) == CQ_OK) {
        struct cq_buf text = CQ_BUF_INIT(1 << 20), written = CQ_BUF_INIT(1 << 24);
        cq_function_call_describe(&call, &text);
        if (cq_function_call_write(&call, &written, &err) == CQ_OK) {
            if (cq_function_call_read(cq_buf_view(&written), &arena, &again, &err) != CQ_OK ||
                !cq_str_eq(again.function, call.function))
                abort(); /* what we write we must read */
            if (!cq_peek_look(&peek, cq_buf_view(&written), &peeked) || peeked.format != call.format ||
                (peeked.function.len && !cq_str_eq(call.function, peeked.function)))
                abort(); /* of our own writing, the first look must be right */
        }
        cq_buf_release(&text);
        cq_buf_release(&written);
    } else if (seen && peeked.function.data && !peeked.function.len) {
        abort(); /* a name that was seen is not empty */
    }
    cq_peek_release(&peek);
    cq_arena_release(&arena);
    return 0;
}
