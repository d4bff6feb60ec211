#include "redis/calls.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
    FIRST_SIZE = 16,
    KEEP_MAX = 1024 * 1024,   /* bytes that stay allocated when nothing is on its way */
    COMPACT_MIN = 256 * 1024, /* answered bytes at the front that are worth moving the rest for */
};

/* All that may be on its way at once: the largest command, and as much again for the others. */
#define BYTES_MAX ((size_t)2 * CQ_COMMAND_MAX)

void cq_calls_init(struct cq_calls *calls)
{
    *calls = (struct cq_calls){.bytes = CQ_BUF_INIT(BYTES_MAX)};
}

void cq_calls_release(struct cq_calls *calls)
{
    free(calls->ring);
    cq_buf_release(&calls->bytes);
    cq_calls_init(calls);
}

static uint64_t end_of(const struct cq_calls *calls)
{
    return calls->base + calls->bytes.len;
}

static void append_call(struct cq_calls *calls, struct cq_call call)
{
    if (calls->count == calls->size) {
        size_t size = calls->size ? calls->size * 2 : FIRST_SIZE;
        struct cq_call *ring = cq_calloc(size, sizeof(*ring));
        for (size_t i = 0; i < calls->count; i++)
            ring[i] = calls->ring[(calls->head + i) & (calls->size - 1)];
        free(calls->ring);
        calls->ring = ring;
        calls->size = size;
        calls->head = 0;
    }
    calls->ring[(calls->head + calls->count++) & (calls->size - 1)] = call;
}

bool cq_calls_push(struct cq_calls *calls, struct cq_call call, struct cq_str wire)
{
    call.start = end_of(calls);
    call.len = (uint32_t)wire.len;
    bool ok = cq_buf_str(&calls->bytes, wire);
    calls->bytes.overflow = false;
    if (ok)
        append_call(calls, call);
    return ok;
}

void cq_calls_push_refused(struct cq_calls *calls, struct cq_call call)
{
    call.start = end_of(calls);
    call.len = 0;
    append_call(calls, call);
}

struct cq_call *cq_calls_oldest(struct cq_calls *calls)
{
    return calls->count ? &calls->ring[calls->head] : NULL;
}

bool cq_calls_shift(struct cq_calls *calls, struct cq_call *ret_call)
{
    if (!calls->count)
        return false;
    *ret_call = calls->ring[calls->head];
    calls->head = (calls->head + 1) & (calls->size - 1);
    calls->count--;
    return true;
}

bool cq_calls_repeat(struct cq_calls *calls, struct cq_call call)
{
    assert(call.start >= calls->base);
    char *room = cq_buf_reserve(&calls->bytes,
                                call.len); /* before its source is looked up: the buffer may move */
    calls->bytes.overflow = false;
    if (!room)
        return false;
    memcpy(room, calls->bytes.data + (call.start - calls->base), call.len);
    call.start = end_of(calls);
    calls->bytes.len += call.len;
    calls->bytes.data[calls->bytes.len] = '\0';
    append_call(calls, call);
    return true;
}

void cq_calls_settle(struct cq_calls *calls)
{
    uint64_t needed = calls->count ? calls->ring[calls->head].start : end_of(calls);
    if (needed > calls->sent)
        needed = calls->sent;
    size_t done = (size_t)(needed - calls->base);
    if (done == calls->bytes.len) {
        calls->base += done;
        if (calls->bytes.cap > KEEP_MAX)
            cq_buf_release(&calls->bytes);
        else
            cq_buf_clear(&calls->bytes);
    } else if (done >= COMPACT_MIN && done >= calls->bytes.len / 2) {
        calls->base += done;
        cq_buf_consume(&calls->bytes, done);
    }
}

struct cq_str cq_calls_unsent(const struct cq_calls *calls)
{
    size_t at = (size_t)(calls->sent - calls->base);
    return calls->bytes.len > at ? cq_str_n(calls->bytes.data + at, calls->bytes.len - at) : CQ_STR_NONE;
}

void cq_calls_mark_sent(struct cq_calls *calls, size_t len)
{
    calls->sent += len;
}

void cq_calls_reset(struct cq_calls *calls)
{
    for (size_t i = 0; i < calls->count; i++) {
        struct cq_call *call = &calls->ring[(calls->head + i) & (calls->size - 1)];
        assert(call->refused != CQ_OK);
        call->start = 0;
    }
    calls->base = calls->sent = 0;
    if (calls->bytes.cap > KEEP_MAX)
        cq_buf_release(&calls->bytes);
    cq_buf_clear(&calls->bytes);
}
