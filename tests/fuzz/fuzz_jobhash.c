/* The data of a job from anybody: the call in it, and the first look at its name. */
#include <stdlib.h>

#include "base/mem.h"
#include "job/call.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cq_arena arena = CQ_ARENA_INIT;
    struct cq_call call, again;
    struct cq_error err;
    char name[512];
    struct cq_str bytes = cq_str_n(data, size);
    bool seen = cq_call_peek(bytes, name, sizeof(name));
    if (cq_call_read(bytes, &arena, &call, &err) == CQ_OK) {
        struct cq_buf text = CQ_BUF_INIT(1 << 20), written = CQ_BUF_INIT(1 << 24);
        cq_call_describe(&call, &text);
        if (cq_call_write(&call, &written, &err) == CQ_OK) {
            if (cq_call_read(cq_buf_view(&written), &arena, &again, &err) != CQ_OK || !cq_str_eq(again.function, call.function))
                abort(); /* what we write we must read */
            if (cq_call_peek(cq_buf_view(&written), name, sizeof(name)) && !cq_str_is(call.function, name))
                abort(); /* of our own writing, the first look must be right */
        }
        cq_buf_release(&text);
        cq_buf_release(&written);
    } else if (seen && !name[0]) {
        abort(); /* a name that was seen is not empty */
    }
    cq_arena_release(&arena);
    return 0;
}
