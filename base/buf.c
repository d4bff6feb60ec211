#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { FIRST_CAPACITY = 64 };

void cq_buf_init(struct cq_buf *buf, size_t limit)
{
    *buf = CQ_BUF_INIT(limit);
}

void cq_buf_release(struct cq_buf *buf)
{
    free(buf->data);
    cq_buf_init(buf, buf->limit);
}

void cq_buf_clear(struct cq_buf *buf)
{
    buf->len = 0;
    buf->overflow = false;
    if (buf->data)
        buf->data[0] = '\0';
}

char *cq_buf_reserve(struct cq_buf *buf, size_t len)
{
    if (len > buf->limit || buf->len > buf->limit - len) {
        buf->overflow = true;
        return NULL;
    }
    if (len >= PTRDIFF_MAX - buf->len)
        len = PTRDIFF_MAX - 1 - buf->len; /* cq_realloc refuses it */
    size_t need = buf->len + len + 1;
    if (need > buf->cap) {
        size_t cap = buf->cap ? buf->cap : FIRST_CAPACITY;
        while (cap < need)
            cap *= 2;
        buf->data = cq_realloc(buf->data, cap);
        buf->cap = cap;
        buf->data[buf->len] = '\0';
    }
    return buf->data + buf->len;
}

bool cq_buf_append(struct cq_buf *buf, const void *data, size_t len)
{
    char *room = cq_buf_reserve(buf, len);
    if (!room)
        return false;
    if (len)
        memcpy(room, data, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
    return true;
}

bool cq_buf_str(struct cq_buf *buf, struct cq_str text)
{
    return cq_buf_append(buf, text.data, text.len);
}

bool cq_buf_text(struct cq_buf *buf, const char *text)
{
    return cq_buf_append(buf, text, strlen(text));
}

bool cq_buf_char(struct cq_buf *buf, char c)
{
    return cq_buf_append(buf, &c, 1);
}

bool cq_buf_printf(struct cq_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *room = len < 0 ? NULL : cq_buf_reserve(buf, (size_t)len);
    if (!room)
        return false;
    va_start(args, format);
    vsnprintf(room, (size_t)len + 1, format, args);
    va_end(args);
    buf->len += (size_t)len;
    return true;
}

void cq_buf_consume(struct cq_buf *buf, size_t len)
{
    if (!len)
        return;
    buf->len -= len;
    memmove(buf->data, buf->data + len, buf->len);
    buf->data[buf->len] = '\0';
}

char *cq_buf_steal(struct cq_buf *buf)
{
    char *text = buf->data ? buf->data : cq_strdup("");
    buf->data = NULL;
    cq_buf_init(buf, buf->limit);
    return text;
}
