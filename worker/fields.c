#include "worker/fields.h"

#include <stdint.h>
#include <string.h>

/* Each text is its length, then its bytes. */
static void put(struct cq_buf *out, struct cq_str text)
{
    uint32_t len = (uint32_t)text.len;
    cq_buf_append(out, &len, sizeof(len));
    cq_buf_append(out, text.data ? text.data : "", text.len);
}

static struct cq_str take(struct cq_str *kept)
{
    uint32_t len;
    memcpy(&len, kept->data, sizeof(len));
    struct cq_str text = cq_str_n(kept->data + sizeof(len), len);
    *kept = cq_str_n(text.data + len, kept->len - sizeof(len) - len);
    return text;
}

bool cq_fields_keep(const struct cq_reply *fields, struct cq_buf *out)
{
    cq_buf_clear(out);
    for (size_t i = 0; i + 1 < cq_reply_len(fields); i += 2) {
        put(out, cq_reply_str(cq_reply_at(fields, i)));
        put(out, cq_reply_str(cq_reply_at(fields, i + 1)));
    }
    if (out->overflow)
        cq_buf_release(out);
    return out->len > 0;
}

struct cq_str cq_fields_get(struct cq_str kept, const char *name)
{
    while (kept.len) {
        bool found = cq_str_is(take(&kept), name);
        struct cq_str value = take(&kept);
        if (found)
            return value;
    }
    return CQ_STR_NONE;
}

void cq_fields_add(struct cq_frame_writer *writer, struct cq_str kept)
{
    uint32_t count = 0;
    for (struct cq_str rest = kept; rest.len; count++) {
        take(&rest);
        take(&rest);
    }
    cq_frame_add_map(writer, "fields", count);
    while (kept.len) {
        struct cq_str name = take(&kept);
        cq_frame_add_pair(writer, name, take(&kept));
    }
}
