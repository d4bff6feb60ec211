/*
 * A rider: whom horses run for. A slot is one, and so is a callback. It has the pipes that its horses'
 * standard output and error go to, and hears what they answer.
 */
#ifndef CQ_WORKER_RIDER_H
#define CQ_WORKER_RIDER_H

#include "runtime/frame.h"
#include "worker/output.h"
#include "worker/process.h"
#include "worker/tail.h"

struct cq_horse;

struct cq_rider {
    struct cq_process *process;
    const char *name;            /* of the worker, for process titles and log lines; borrowed */
    const struct cq_buf *job_id; /* of the job that runs now, for log lines; borrowed */
    struct cq_tail *tail;        /* keeps the last lines; borrowed; NULL: nobody does */
    struct cq_output output[2];
    int pipes[2]; /* write ends of the pipes, or /dev/null; -1: passed through */
    void (*answer)(struct cq_rider *rider, struct cq_horse *horse, const struct cq_frame *frame);
    void (*forked)(struct cq_rider *rider,
                   struct cq_horse *horse); /* its stable says that it is there; NULL: no matter */
    void (*gone)(struct cq_rider *rider,
                 struct cq_horse *horse); /* for good: reaped, and all that it wrote was read */
};

/* Where its horses' standard output and error go: pipes, or nowhere. False: errno says why. */
bool cq_rider_open_output(struct cq_rider *rider);
void cq_rider_close_output(struct cq_rider *rider);

/* At the end of a job: read what is there, and write unfinished lines. */
void cq_rider_drain(struct cq_rider *rider);

/* A `log` frame, into the worker's log and, when that takes it and the frame does not say otherwise, the
 * tail. job_id and tail may be NULL. */
void cq_rider_log(struct cq_log *log, const char *worker, const char *job_id, struct cq_tail *tail,
                  const struct cq_frame *frame);

#endif
