#include "worker/slot/running.h"

#include "base/mem.h"
#include "job/keys.h"
#include "runtime/frame.h"

enum {
    FOREIGN_ID_MAX = 1024 * 1024, /* of a job's id; others write ids longer than ours */
    DESCRIPTION_MAX = 1024,       /* bytes of it in the log */
    KEEP_MAX = 1024 * 1024,       /* bytes of an outcome's buffers that stay for the next one */
};

void cq_running_init(struct cq_running *run)
{
    *run = (struct cq_running){.timeout_s = CQ_TTL_FOREVER};
    cq_buf_init(&run->job_id, FOREIGN_ID_MAX);
    cq_buf_init(&run->queue, CQ_NAME_MAX);
    cq_buf_init(&run->description, DESCRIPTION_MAX);
    cq_buf_init(&run->value, CQ_FRAME_JOB_MAX);
    cq_buf_init(&run->exc_text, CQ_FRAME_JOB_MAX);
    cq_buf_init(&run->meta, CQ_FRAME_JOB_MAX);
    cq_buf_init(&run->retry_intervals, CQ_FRAME_CONTROL_MAX);
    cq_tail_init(&run->tail);
    cq_buf_init(&run->fields, CQ_FRAME_JOB_MAX);
    cq_buf_init(&run->unsent, (size_t)CQ_FRAME_JOB_MAX + CQ_FRAME_CONTROL_MAX);
}

void cq_running_release(struct cq_running *run)
{
    struct cq_buf *all[] = {&run->job_id,          &run->queue,    &run->description,
                            &run->value,           &run->exc_text, &run->meta,
                            &run->retry_intervals, &run->fields,   &run->unsent};
    for (size_t i = 0; i < CQ_ARRAY_LEN(all); i++)
        cq_buf_release(all[i]);
    cq_tail_release(&run->tail);
}

void cq_running_trim(struct cq_running *run)
{
    struct cq_buf *large[] = {&run->value, &run->exc_text, &run->meta, &run->fields};
    for (size_t i = 0; i < CQ_ARRAY_LEN(large); i++)
        if (large[i]->cap > KEEP_MAX)
            cq_buf_release(large[i]);
}

void cq_running_put(struct cq_buf *buf, struct cq_str text)
{
    cq_buf_clear(buf);
    if (text.data)
        cq_buf_str(buf, text);
}
