/*
 * The inside of cq_context: one job while it runs in a horse. api_*.c are the functions of cq.h on it;
 * native_job.c makes it from a job frame and turns what is in it afterwards into the answer.
 */
#ifndef CQ_RUNTIME_CONTEXT_H
#define CQ_RUNTIME_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "job/function_call.h"
#include "runtime/cq.h"
#include "serializers/zlib.h"

enum {
    CQ_FAILURE_TEXT_MAX = 256 * 1024,       /* bytes of the text that is stored for a failed job */
    CQ_MESSAGE_TEXT_MAX = 16 * 1024,        /* bytes of one line for the log */
    CQ_PROGRESS_TEXT_MAX = 1024,            /* bytes of progress_text; more is cut */
    CQ_META_MAX = 64 * 1024 * 1024,         /* bytes of a job's serialized meta */
    CQ_RESULT_MAX = CQ_PAYLOAD_MAX / 4 * 3, /* bytes of a serialized result: base64 makes a payload of it */
};

#define CQ_PROGRESS_INTERVAL (CQ_SECOND / 10)

struct cq_context {
    int fd;                 /* the horse's socket, for meta and log frames; not owned */
    cq_time (*clock)(void); /* monotonic; tests bring their own */
    struct cq_arena arena;  /* the call, texts handed out, the result */
    struct cq_function_call call;
    const char *id, *queue, *worker, *function; /* in arena */
    int retries_left;

    struct cq_str meta_text; /* serialized, as it came or as last saved; of the frame, or of meta_saved */
    struct cq_arena meta_arena;
    struct cq_buf meta_saved; /* what meta_text refers to once it was saved */
    struct cq_value meta;     /* a MAP once loaded */
    bool meta_loaded;
    bool meta_changed; /* since it came or was saved */

    double progress;
    char progress_text[CQ_PROGRESS_TEXT_MAX];
    bool progress_has_text;
    bool progress_pending;     /* not in meta yet */
    cq_time progress_saved_at; /* monotonic; CQ_TIME_NEVER: not yet */

    struct cq_value result;
    bool wants_retry;
    int retry_max, retry_interval_s;
    const char *failure_class; /* the word before the text: cq.JobFailed */
    struct cq_buf failure;     /* empty: none was given */
    struct cq_buf detail;      /* whole lines to stand before the failure text: a program's last words */
};

#define CQ_TIME_NEVER INT64_MIN

void cq_context_init(struct cq_context *job, int fd);
void cq_context_release(struct cq_context *job);

/* Set the failure text, replacing an older one. Returns CQ_FAILED. */
int cq_context_fail(struct cq_context *job, const char *failure_class, const char *format, ...)
    CQ_PRINTF(3, 4);

/*
 * The serialized meta, with a pending progress in it, appended to out. False: it did not change (nothing
 * appended). Errors: CQ_ERR_SERIALIZATION, CQ_ERR_LIMIT. The meta counts as saved afterwards.
 */
CQ_MUST_CHECK enum cq_code cq_context_take_meta(struct cq_context *job, struct cq_buf *out, bool *ret_changed,
                                                struct cq_error *err);

#endif
