#include "worker/slot/execution.h"

#include "job/keys.h"

enum {
    FOREIGN_ID_MAX = 1024 * 1024, /* of a job's id; others write ids longer than ours */
    DESCRIPTION_MAX = 1024,       /* bytes of it in the log */
    KEEP_MAX = 1024 * 1024,       /* bytes of an outcome's buffers that stay for the next one */
};

static const int64_t limit_max_s = INT64_C(1)
                                   << 53; /* as of durations in a job's hash: a horse may send anything */

void cq_execution_init(struct cq_execution *run)
{
    *run = (struct cq_execution){.timeout_s = CQ_TTL_FOREVER};
    cq_buf_init(&run->job_id, FOREIGN_ID_MAX);
    cq_buf_init(&run->queue, CQ_NAME_MAX);
    cq_buf_init(&run->description, DESCRIPTION_MAX);
    cq_buf_init(&run->value, CQ_FRAME_JOB_MAX);
    cq_buf_init(&run->exc_text, CQ_FRAME_JOB_MAX);
    cq_buf_init(&run->meta, CQ_FRAME_JOB_MAX);
    cq_buf_init(&run->retry_intervals, CQ_FRAME_CONTROL_MAX);
    cq_output_tail_init(&run->tail);
    cq_buf_init(&run->fields, CQ_FRAME_JOB_MAX);
    cq_buf_init(&run->unsent, (size_t)CQ_FRAME_JOB_MAX + CQ_FRAME_CONTROL_MAX);
}

void cq_execution_release(struct cq_execution *run)
{
    struct cq_buf *all[] = {&run->job_id,          &run->queue,    &run->description,
                            &run->value,           &run->exc_text, &run->meta,
                            &run->retry_intervals, &run->fields,   &run->unsent};
    for (size_t i = 0; i < CQ_ARRAY_LEN(all); i++)
        cq_buf_release(all[i]);
    cq_output_tail_release(&run->tail);
}

void cq_execution_trim(struct cq_execution *run)
{
    struct cq_buf *large[] = {&run->value, &run->exc_text, &run->meta, &run->fields};
    for (size_t i = 0; i < CQ_ARRAY_LEN(large); i++)
        if (large[i]->cap > KEEP_MAX)
            cq_buf_release(large[i]);
}

void cq_execution_put(struct cq_buf *buf, struct cq_str text)
{
    cq_buf_clear(buf);
    if (text.data)
        cq_buf_str(buf, text);
}

void cq_execution_set_limit(struct cq_execution *run, int64_t seconds)
{
    run->limit_s = seconds < 0 ? 0 : seconds < limit_max_s ? seconds : limit_max_s;
}
