#include <math.h>
#include <string.h>

#include "base/utf8.h"
#include "runtime/context.h"
#include "runtime/frame.h"
#include "serializers/json.h"

/* Replaced values stay in meta's arena until it is made anew from what was saved: past this many bytes. */
enum { META_ARENA_KEEP = 1024 * 1024 };

/* Decode meta on first use. On failure the failure text is set; a meta that others wrote is never overwritten
 * then. */
static int load(struct cq_context *job)
{
    struct cq_error err;
    if (job->meta_loaded)
        return CQ_DONE;
    if (job->meta_text.len == 0) {
        job->meta = cq_value_map(&job->meta_arena, 0);
    } else if (cq_decode(job->call.format, job->meta_text, &job->meta_arena, &job->meta, &err)) {
        return cq_context_fail(job, "cq.MetaError", "the job's meta cannot be read: %s", err.text);
    } else if (job->meta.kind == CQ_VALUE_NONE) {
        job->meta = cq_value_map(&job->meta_arena, 0);
    } else if (job->meta.kind != CQ_VALUE_MAP) {
        return cq_context_fail(job, "cq.MetaError", "the job's meta is %s, not dict",
                               cq_value_type_name(&job->meta));
    }
    job->meta_loaded = true;
    return CQ_DONE;
}

static int set(struct cq_context *job, const char *key, struct cq_value value)
{
    if (load(job))
        return CQ_FAILED;
    if (!cq_utf8_valid(cq_str(key)))
        return cq_context_fail(job, "cq.MetaError", "a key of meta is not UTF-8");
    cq_value_set(&job->meta_arena, &job->meta, key, value);
    job->meta_changed = true;
    return CQ_DONE;
}

static int set_text(struct cq_context *job, const char *key, const char *text)
{
    if (!cq_utf8_valid(cq_str(text)))
        return cq_context_fail(job, "cq.MetaError", "the text for meta's '%s' is not UTF-8", key);
    return set(job, key, cq_value_str(cq_arena_str(&job->meta_arena, cq_str(text))));
}

const cq_value *cq_meta(cq_context *job, const char *key)
{
    /* Not a failure of the job unless it changes meta later. */
    return load(job) == CQ_DONE ? cq_value_get(&job->meta, key) : NULL;
}

int cq_meta_set_bool(cq_context *job, const char *key, int value)
{
    return set(job, key, cq_value_bool(value != 0));
}

int cq_meta_set_int(cq_context *job, const char *key, long long value)
{
    return set(job, key, cq_value_int(value));
}

int cq_meta_set_float(cq_context *job, const char *key, double value)
{
    return set(job, key, cq_value_float(value));
}

int cq_meta_set_str(cq_context *job, const char *key, const char *text)
{
    return text ? set_text(job, key, text) : set(job, key, cq_value_none());
}

int cq_meta_set_json(cq_context *job, const char *key, const char *text)
{
    struct cq_value value;
    struct cq_error err;
    if (load(job))
        return CQ_FAILED;
    if (cq_json_read(cq_str(text), &job->meta_arena, &value, &err))
        return cq_context_fail(job, "cq.MetaError", "the JSON for meta's '%s' cannot be read: %s", key,
                               err.text);
    return set(job, key, value);
}

static enum cq_code apply_progress(struct cq_context *job, struct cq_error *err)
{
    if (!job->progress_pending)
        return CQ_OK;
    int code = set(job, "progress", cq_value_float(job->progress));
    if (code == CQ_DONE && job->progress_has_text)
        code = set_text(job, "progress_text", job->progress_text);
    if (code != CQ_DONE)
        return cq_error_set(err, CQ_ERR_DESERIALIZATION, "%s", job->failure.data);
    job->progress_pending = false;
    return CQ_OK;
}

enum cq_code cq_context_take_meta(struct cq_context *job, struct cq_buf *out, bool *ret_changed,
                                  struct cq_error *err)
{
    enum cq_code code = apply_progress(job, err);
    if (code)
        return code;
    *ret_changed = job->meta_changed;
    if (!job->meta_changed)
        return CQ_OK;
    size_t start = out->len;
    code = cq_encode(job->call.format, &job->meta, out, err);
    if (code)
        return code;
    job->meta_changed = false;
    if (job->meta_arena.used > META_ARENA_KEEP) {
        cq_buf_clear(&job->meta_saved);
        if (!cq_buf_append(&job->meta_saved, out->data + start, out->len - start))
            return cq_error_set(err, CQ_ERR_LIMIT, "meta of %zu bytes is above the limit of %d",
                                out->len - start, CQ_META_MAX);
        cq_arena_release(&job->meta_arena);
        job->meta_text = cq_buf_view(&job->meta_saved);
        job->meta_loaded = false;
    }
    return CQ_OK;
}

int cq_save_meta(cq_context *job)
{
    struct cq_buf text = CQ_BUF_INIT(CQ_META_MAX), frame = CQ_BUF_INIT(CQ_META_MAX + 1024);
    struct cq_error err;
    bool changed = false;
    enum cq_code code = cq_context_take_meta(job, &text, &changed, &err);
    if (!code && changed) {
        struct cq_frame_writer writer;
        cq_frame_start(&writer, &frame, "meta");
        cq_frame_add_bin(&writer, "meta", cq_buf_view(&text));
        code = cq_frame_end(&writer)
                   ? cq_frame_send(job->fd, cq_buf_view(&frame), NULL, 0, &err)
                   : cq_error_set(&err, CQ_ERR_LIMIT, "meta is above the limit of %d bytes", CQ_META_MAX);
    }
    cq_buf_release(&text);
    cq_buf_release(&frame);
    return code ? cq_context_fail(job, "cq.MetaError", "meta cannot be saved: %s", err.text) : CQ_DONE;
}

int cq_progress(cq_context *job, double progress, const char *text)
{
    job->progress = isnan(progress) || progress < 0 ? 0 : progress > 1 ? 1 : progress;
    job->progress_pending = true;
    if (text) {
        size_t len = strnlen(text, CQ_PROGRESS_TEXT_MAX - 1);
        while (text[len] && len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80)
            len--; /* never cut inside of a character */
        memcpy(job->progress_text, text, len);
        job->progress_text[len] = '\0';
        job->progress_has_text = true;
    }
    cq_time now = job->clock();
    bool due = job->progress_saved_at == CQ_TIME_NEVER ||
               now - job->progress_saved_at >= CQ_PROGRESS_INTERVAL;
    if (!due && job->progress < 1)
        return CQ_DONE;
    job->progress_saved_at = now;
    return cq_save_meta(job);
}
