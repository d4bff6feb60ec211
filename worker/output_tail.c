#include "worker/output_tail.h"

#include <string.h>

void cq_output_tail_init(struct cq_output_tail *tail)
{
    cq_buf_init(&tail->text, 2 * CQ_OUTPUT_TAIL_BYTES);
}

void cq_output_tail_release(struct cq_output_tail *tail)
{
    cq_buf_release(&tail->text);
}

void cq_output_tail_clear(struct cq_output_tail *tail)
{
    cq_buf_clear(&tail->text);
}

void cq_output_tail_add(struct cq_output_tail *tail, struct cq_str line)
{
    if (line.len > CQ_OUTPUT_TAIL_BYTES - 1) /* its end says more than its beginning */
        line = cq_str_n(line.data + line.len - (CQ_OUTPUT_TAIL_BYTES - 1), CQ_OUTPUT_TAIL_BYTES - 1);
    if (tail->text.len + line.len + 1 > 2 * CQ_OUTPUT_TAIL_BYTES)
        cq_buf_consume(&tail->text, tail->text.len - CQ_OUTPUT_TAIL_BYTES);
    cq_buf_append(&tail->text, line.data ? line.data : "", line.len);
    cq_buf_char(&tail->text, '\n');
}

struct cq_str cq_output_tail_last(const struct cq_output_tail *tail)
{
    struct cq_str text = cq_buf_view(&tail->text);
    size_t least = text.len > CQ_OUTPUT_TAIL_BYTES ? text.len - CQ_OUTPUT_TAIL_BYTES : 0, start = text.len;
    int lines = 0;
    if (!text.len)
        return CQ_STR_NONE;
    while (start > least && lines < CQ_OUTPUT_TAIL_LINES) {
        /* To the newline before the line that ends at start. */
        const char *newline = start > 1 ? memrchr(text.data, '\n', start - 1) : NULL;
        size_t begin = newline ? (size_t)(newline - text.data) + 1 : 0;
        if (begin < least)
            break;
        start = begin;
        lines++;
    }
    if (!lines)
        start = least;
    return cq_str_n(text.data + start, text.len - start);
}
