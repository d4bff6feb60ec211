/*
 * Standard output and error of jobs: one pipe of each kind per rider, kept from horse to horse, read line by
 * line into the log with the job's id. What a horse wrote before its answer is drained before the answer
 * counts.
 */
#ifndef CQ_WORKER_OUTPUT_H
#define CQ_WORKER_OUTPUT_H

#include <ev.h>
#include <stdbool.h>

#include "base/buf.h"

struct cq_rider;

struct cq_output {
    struct cq_rider *rider;
    const char *stream; /* "stdout" or "stderr" */
    int fd;             /* read end; -1: not used */
    ev_io reader;
    struct cq_buf line; /* a line whose end has not come yet */
};

enum { CQ_OUTPUT_LINE_MAX = 16 * 1024 }; /* bytes of one line; longer ones are cut into pieces */

/* Make the pipe; *ret_write_fd is the horse's end. False: no descriptors left (errno). */
bool cq_output_open(struct cq_output *output, struct cq_rider *rider, const char *stream, int *ret_write_fd);
void cq_output_close(struct cq_output *output);

/* Read what is there now; at the end of a job also write an unfinished line. */
void cq_output_drain(struct cq_output *output, bool job_ended);

#endif
