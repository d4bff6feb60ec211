/* An owned list of NUL-terminated texts: queue names, paths, ids. */
#ifndef CQ_BASE_STRV_H
#define CQ_BASE_STRV_H

#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

struct cq_strv {
    char **items; /* owned, and each of them */
    size_t len;
    size_t cap;
};

#define CQ_STRV_INIT ((struct cq_strv){NULL, 0, 0})

void cq_strv_init(struct cq_strv *list);
void cq_strv_release(struct cq_strv *list);                  /* frees every item; usable again */
void cq_strv_push(struct cq_strv *list, struct cq_str text); /* copies */

/* Add the parts of text between separators; empty parts are left out, spaces around a part are cut. */
void cq_strv_split(struct cq_strv *list, struct cq_str text, char separator);

/* Append the items with a separator between them. */
void cq_strv_join(const struct cq_strv *list, const char *separator, struct cq_buf *out);

#endif
