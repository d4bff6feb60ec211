/*
 * Standard output and error of jobs: one pipe of each kind per worker, or callback, kept from horse to horse,
 * and read line by line into the log with the job's id. What a horse wrote before its answer is read before
 * the answer counts.
 */
#ifndef CQ_WORKER_JOB_OUTPUT_H
#define CQ_WORKER_JOB_OUTPUT_H

#include "runtime/frame.h"
#include "worker/context.h"
#include "worker/output_tail.h"

enum { CQ_OUTPUT_LINE_MAX = 16 * 1024 }; /* bytes of one line; longer ones are cut into pieces */

struct cq_output;

struct cq_output_stream {
    struct cq_output *output;
    const char *name; /* "stdout" or "stderr" */
    int fd;           /* read end; -1: not used */
    ev_io reader;
    struct cq_buf line; /* a line whose end has not come yet */
};

struct cq_output {
    struct cq_worker_context *context;
    const char *worker;          /* its name, for log lines; borrowed */
    const struct cq_buf *job_id; /* of the job that runs now; borrowed */
    struct cq_output_tail *tail; /* keeps the last lines; borrowed; NULL: they are not kept */
    struct cq_output_stream streams[2];
    int pipes[2]; /* write ends, for horses: of pipes, or /dev/null; -1: passed through */
};

/* Nothing is open. worker, job_id and tail (may be NULL) are borrowed. */
void cq_output_init(struct cq_output *output, struct cq_worker_context *context, const char *worker,
                    const struct cq_buf *job_id, struct cq_output_tail *tail);

/* Make the pipes, as --job-output says. False: errno says why. */
bool cq_output_open(struct cq_output *output);
void cq_output_close(struct cq_output *output);

/* At the end of a job: read what is there, and write unfinished lines. */
void cq_output_drain(struct cq_output *output);

/* A `log` frame of a horse: into the log and, when that takes it and the frame does not say otherwise, the
 * tail. */
void cq_output_frame(struct cq_output *output, const struct cq_frame *frame);

#endif
