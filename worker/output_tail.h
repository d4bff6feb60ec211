/*
 * The last lines that a job wrote, to standard output and error and as log messages: kept with a failure. A
 * job that writes nothing costs nothing.
 */
#ifndef CQ_WORKER_OUTPUT_TAIL_H
#define CQ_WORKER_OUTPUT_TAIL_H

#include "base/buf.h"

enum {
    CQ_OUTPUT_TAIL_LINES = 20,
    CQ_OUTPUT_TAIL_BYTES = 16 * 1024, /* of all of them together */
};

struct cq_output_tail {
    /* up to twice as much, each line with its newline: it is cut once in a while, not at each line */
    struct cq_buf text;
};

void cq_output_tail_init(struct cq_output_tail *tail);
void cq_output_tail_release(struct cq_output_tail *tail);

void cq_output_tail_clear(struct cq_output_tail *tail);                   /* for the next job */
void cq_output_tail_add(struct cq_output_tail *tail, struct cq_str line); /* without its newline */

/* What is kept, whole lines unless one alone is too long; CQ_STR_NONE: nothing was written. Borrowed until
 * the next change. */
struct cq_str cq_output_tail_last(const struct cq_output_tail *tail);

#endif
