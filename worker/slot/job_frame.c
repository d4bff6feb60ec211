#include "worker/slot/job_frame.h"

#include "base/number.h"
#include "worker/slot/callbacks.h"

enum { KEEP_MAX = 1024 * 1024 }; /* bytes of the scratch frame that stay for the next one */

int64_t cq_job_frame_timeout(const struct cq_reply *fields)
{
    int64_t seconds;
    struct cq_str text = cq_reply_field(fields, "timeout");
    if (!text.data || !text.len || !cq_number_duration(text, &seconds) || seconds == 0 ||
        seconds < CQ_TTL_FOREVER)
        return CQ_JOB_TIMEOUT_DEFAULT_S;
    return seconds;
}

bool cq_job_frame_build(struct cq_slot *slot, const struct cq_started *started)
{
    struct cq_buf *frame = &slot->context->frame;
    struct cq_frame_writer writer;
    size_t count = cq_reply_len(started->fields) / 2;
    if (frame->cap > KEEP_MAX)
        cq_buf_release(frame);
    cq_buf_clear(frame);
    cq_frame_start(&writer, frame, "job");
    cq_frame_add_str(&writer, "id", started->job_id);
    cq_frame_add_str(&writer, "execution", cq_str(slot->run.id));
    cq_frame_add_str(&writer, "queue", cq_buf_view(&slot->run.queue));
    cq_frame_add_str(&writer, "worker", cq_str(slot->name));
    cq_frame_add_int(&writer, "timeout", slot->run.timeout_s);
    cq_frame_add_bool(&writer, "reuse", slot->context->settings->reuse_horses);
    cq_frame_add_map(&writer, "fields", (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        struct cq_str name = cq_reply_str(cq_reply_at(started->fields, 2 * i));
        struct cq_str value = cq_reply_str(cq_reply_at(started->fields, 2 * i + 1));
        cq_frame_add_pair(&writer, name, cq_slot_shows_field(slot, name) ? value : CQ_STR_NONE);
    }
    return cq_frame_end(&writer);
}

struct cq_str cq_job_frame(const struct cq_slot *slot)
{
    return cq_buf_view(&slot->context->frame);
}
