/* Borrowed bytes with a length: what a Redis string, a frame field or a payload is. Never NUL-terminated by
 * contract. */
#ifndef CQ_BASE_STR_H
#define CQ_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct cq_str {
    const char *data; /* NULL: absent; "" with len 0: present and empty */
    size_t len;       /* bytes */
};

#define CQ_STR_NONE ((struct cq_str){NULL, 0})
#define CQ_STR_LIT(literal) ((struct cq_str){"" literal, sizeof(literal) - 1})

/* A view of a NUL-terminated text; NULL gives CQ_STR_NONE. */
static inline struct cq_str cq_str(const char *text)
{
    return text ? (struct cq_str){text, strlen(text)} : CQ_STR_NONE;
}

static inline struct cq_str cq_str_n(const void *data, size_t len)
{
    return (struct cq_str){data, len};
}

static inline bool cq_str_eq(struct cq_str a, struct cq_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool cq_str_is(struct cq_str a, const char *text)
{
    return cq_str_eq(a, cq_str(text));
}

/* Without the bytes of `set` at either end. */
static inline struct cq_str cq_str_trim(struct cq_str a, const char *set)
{
    size_t count = strlen(set);
    for (; a.len && memchr(set, a.data[0], count); a.len--)
        a.data++;
    while (a.len && memchr(set, a.data[a.len - 1], count))
        a.len--;
    return a;
}

static inline bool cq_str_starts(struct cq_str a, const char *prefix)
{
    size_t len = strlen(prefix);
    return a.len >= len && memcmp(a.data, prefix, len) == 0;
}

#endif
