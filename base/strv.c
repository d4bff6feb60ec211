#include "base/strv.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void cq_strv_init(struct cq_strv *list)
{
    *list = CQ_STRV_INIT;
}

void cq_strv_release(struct cq_strv *list)
{
    for (size_t i = 0; i < list->len; i++)
        free(list->items[i]);
    free(list->items);
    cq_strv_init(list);
}

void cq_strv_push(struct cq_strv *list, struct cq_str text)
{
    if (list->len == list->cap) {
        list->cap = list->cap ? list->cap * 2 : 8;
        list->items = cq_realloc(list->items, list->cap * sizeof(*list->items));
    }
    list->items[list->len++] = cq_strndup(text.data, text.len);
}

void cq_strv_split(struct cq_strv *list, struct cq_str text, char separator)
{
    if (!text.data)
        return;
    size_t start = 0;
    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && text.data[i] != separator)
            continue;
        struct cq_str part = cq_str_trim(cq_str_n(text.data + start, i - start), " \t");
        if (part.len)
            cq_strv_push(list, part);
        start = i + 1;
    }
}

void cq_strv_join(const struct cq_strv *list, const char *separator, struct cq_buf *out)
{
    for (size_t i = 0; i < list->len; i++) {
        if (i)
            cq_buf_text(out, separator);
        cq_buf_text(out, list->items[i]);
    }
}
