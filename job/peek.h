/*
 * A first look at a job's `data`: which serializer wrote it, and which function it names, without decoding
 * the arguments: at most CQ_PEEK_HEAD bytes are inflated. For choosing a runtime, and refusing a serializer,
 * once for every job: 0.2 us for a small payload, 4 us for a large one. A struct cq_peek is the memory that
 * this needs; keep one for many looks.
 */
#ifndef CQ_JOB_PEEK_H
#define CQ_JOB_PEEK_H

#include <stdbool.h>

#include "serializers/serializer.h"

enum { CQ_PEEK_HEAD = 1536 }; /* bytes: a name of up to 1,000 and what precedes it */

struct cq_peek {
    void *stream; /* owned: zlib's state, made by the first look that needs it */
    char head[CQ_PEEK_HEAD];
};

struct cq_peeked {
    enum cq_format format;
    /* borrowed from data or peek->head; CQ_STR_NONE: not to be seen that way, use cq_function_call_read */
    struct cq_str function;
};

void cq_peek_init(struct cq_peek *peek);
void cq_peek_release(struct cq_peek *peek); /* usable again */

/* False: there are no bytes, or they are a damaged zlib stream; *ret_peeked is untouched then. */
bool cq_peek_look(struct cq_peek *peek, struct cq_str data, struct cq_peeked *ret_peeked);

#endif
