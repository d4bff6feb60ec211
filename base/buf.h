/*
 * A growing byte buffer with a hard limit.
 *
 * Invariant: data[len] is NUL whenever data is not NULL, so that a buffer of text is also a C string. Past
 * the limit the buffer stops taking bytes and `overflow` is set: append blindly, check once at the end.
 */
#ifndef CQ_BASE_BUF_H
#define CQ_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/str.h"

struct cq_buf {
    char *data;    /* owned; NULL until the first append */
    size_t len;    /* bytes in use */
    size_t cap;    /* bytes allocated, with room for the NUL */
    size_t limit;  /* most bytes that len may reach */
    bool overflow; /* an append was refused because of limit */
};

#define CQ_BUF_INIT(most_bytes) ((struct cq_buf){NULL, 0, 0, (most_bytes), false})

void cq_buf_init(struct cq_buf *buf, size_t limit);
void cq_buf_release(
    struct cq_buf *buf); /* frees data; the buffer is empty and usable again, with the same limit */
void cq_buf_clear(struct cq_buf *buf); /* len = 0 and overflow = false; keeps the memory */

bool cq_buf_append(struct cq_buf *buf, const void *data, size_t len); /* false: refused, nothing appended */
bool cq_buf_str(struct cq_buf *buf, struct cq_str text);
bool cq_buf_text(struct cq_buf *buf, const char *text);
bool cq_buf_char(struct cq_buf *buf, char c);
bool cq_buf_printf(struct cq_buf *buf, const char *format, ...) CQ_PRINTF(2, 3);

/*
 * Room for len more bytes, and a NUL, to be written at the returned place; add what was written to buf->len.
 * NULL: refused. The NUL after them is the caller's to write where the buffer is to be a C string.
 */
char *cq_buf_reserve(struct cq_buf *buf, size_t len);

/* Drop the first len bytes (len <= buf->len). */
void cq_buf_consume(struct cq_buf *buf, size_t len);

/* Hand the text over: the caller frees it; the buffer is empty again. Never NULL. */
char *cq_buf_steal(struct cq_buf *buf);

static inline struct cq_str cq_buf_view(const struct cq_buf *buf)
{
    return (struct cq_str){buf->data ? buf->data : "", buf->len};
}

#endif
