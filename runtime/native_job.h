/* The inside of a native horse's run: a job or a callback from its frame to the answer. native_job.c,
 * native_callback.c. */
#ifndef CQ_RUNTIME_NATIVE_JOB_H
#define CQ_RUNTIME_NATIVE_JOB_H

#include "runtime/context.h"
#include "runtime/frame.h"
#include "runtime/module.h"
#include "runtime/native_stable.h"

struct cq_native_job {
    const struct cq_native_options *options;
    struct cq_modules *modules;
    const struct cq_frame *frame;
    int *learn_fd;
    struct cq_context context;
    struct cq_buf found_failure; /* the whole text, when there is nothing to call; else empty */
};

void cq_native_job_init(struct cq_native_job *job, const struct cq_native_options *options,
                        struct cq_modules *modules, const struct cq_frame *frame, int fd, int *learn_fd);
void cq_native_job_release(struct cq_native_job *job);

/* Read the call in the frame's `data`. False: the failure is set. */
bool cq_native_job_read_call(struct cq_native_job *job);

/* Find what the context's call names, and run it. CQ_DONE, or CQ_FAILED with the failure set. */
int cq_native_job_call(struct cq_native_job *job);

/* Append the failure that is set as it is stored: `WHAT NAME failed:`, details, and last `class: text`. */
void cq_native_job_failure(struct cq_native_job *job, const char *what, const char *name, struct cq_buf *out);

enum {
    CQ_NATIVE_FAILURE_MAX = 32 * CQ_FAILURE_TEXT_MAX
}; /* bytes: two of them, one from the callback of the other */

/* The name of the job's callback of a kind (success, failure, stopped), as its hash has it; empty: none. */
struct cq_str cq_native_callback_name(const struct cq_native_job *job, const char *kind);

/*
 * After the function: run the job's callback of that kind in the same process.
 *   told  the result (success), the failure's text (failure)
 *   out   on failure: what went wrong with it is appended, as it is stored
 */
int cq_native_callback(struct cq_native_job *job, const char *kind, const struct cq_value *told,
                       struct cq_buf *out);

/* The answer to a job or a callback that has failed, all but meta. */
void cq_native_write_failed(struct cq_frame_writer *writer, struct cq_buf *out, struct cq_str text);

/* The end of an answer: meta when it changed, and the resident size. False: it does not fit into a frame;
 * nothing was appended. */
bool cq_native_end_answer(struct cq_frame_writer *writer, struct cq_str meta, bool with_rss);

#endif
