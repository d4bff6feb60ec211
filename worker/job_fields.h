/* A job's hash, kept beyond the reply that it came in: for the callbacks that a job may need when its horse
 * is gone. */
#ifndef CQ_WORKER_JOB_FIELDS_H
#define CQ_WORKER_JOB_FIELDS_H

#include "base/buf.h"
#include "redis/reply.h"
#include "runtime/frame.h"

/* Replace what out holds by the fields: field, value ... as HGETALL gives them. False: out's limit; it is
 * empty then. */
bool cq_job_fields_keep(const struct cq_reply *fields, struct cq_buf *out);

struct cq_str cq_job_fields_get(struct cq_str kept, const char *name); /* CQ_STR_NONE: not there */

/* The `fields` map of a frame. meta: in place of theirs; CQ_STR_NONE: theirs. */
void cq_job_fields_add(struct cq_frame_writer *writer, struct cq_str kept, struct cq_str meta);

/* ---- what they say of callbacks ---- */

enum cq_callback_kind { CQ_CALLBACK_STOPPED, CQ_CALLBACK_FAILURE, CQ_CALLBACK_SUCCESS };
enum { CQ_CALLBACK_KINDS = 3 };

const char *cq_callback_word(enum cq_callback_kind kind); /* stopped, failure, success */
const char *cq_callback_field(
    enum cq_callback_kind kind); /* the field with its function's name: success_callback_name */
struct cq_str cq_callback_name(struct cq_str kept, enum cq_callback_kind kind); /* empty: none */
int64_t cq_callback_timeout(struct cq_str kept, enum cq_callback_kind kind);    /* seconds; 0: none */

#endif
