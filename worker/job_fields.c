#include "worker/job_fields.h"

#include <stdint.h>
#include <string.h>

#include "base/number.h"

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

bool cq_job_fields_keep(const struct cq_reply *fields, struct cq_buf *out)
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

struct cq_str cq_job_fields_get(struct cq_str kept, const char *name)
{
    while (kept.len) {
        bool found = cq_str_is(take(&kept), name);
        struct cq_str value = take(&kept);
        if (found)
            return value;
    }
    return CQ_STR_NONE;
}

void cq_job_fields_add(struct cq_frame_writer *writer, struct cq_str kept, struct cq_str meta)
{
    uint32_t count = 0;
    bool had_meta = false;
    for (struct cq_str rest = kept; rest.len; count++) {
        had_meta = cq_str_is(take(&rest), "meta") || had_meta;
        take(&rest);
    }
    bool adds = meta.data && !had_meta;
    cq_frame_add_map(writer, "fields", count + adds);
    while (kept.len) {
        struct cq_str name = take(&kept), value = take(&kept);
        cq_frame_add_pair(writer, name, meta.data && cq_str_is(name, "meta") ? meta : value);
    }
    if (adds)
        cq_frame_add_pair(writer, CQ_STR_LIT("meta"), meta);
}

/* ---- callbacks ---- */

enum { CALLBACK_TIMEOUT_S = 60 }; /* rq/defaults.py CALLBACK_TIMEOUT */

static const struct {
    const char *word, *name, *timeout;
} callbacks[CQ_CALLBACK_KINDS] = {
    [CQ_CALLBACK_STOPPED] = {"stopped", "stopped_callback_name", "stopped_callback_timeout"},
    [CQ_CALLBACK_FAILURE] = {"failure", "failure_callback_name", "failure_callback_timeout"},
    [CQ_CALLBACK_SUCCESS] = {"success", "success_callback_name", "success_callback_timeout"},
};

const char *cq_callback_word(enum cq_callback_kind kind)
{
    return callbacks[kind].word;
}

const char *cq_callback_field(enum cq_callback_kind kind)
{
    return callbacks[kind].name;
}

struct cq_str cq_callback_name(struct cq_str kept, enum cq_callback_kind kind)
{
    return cq_job_fields_get(kept, callbacks[kind].name);
}

int64_t cq_callback_timeout(struct cq_str kept, enum cq_callback_kind kind)
{
    int64_t seconds;
    struct cq_str text = cq_job_fields_get(kept, callbacks[kind].timeout);
    if (!text.len || !cq_number_duration(text, &seconds))
        return CALLBACK_TIMEOUT_S;
    return seconds > 0 ? seconds : 0;
}
