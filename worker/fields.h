/* A job's hash, kept beyond the reply that it came in: for the callbacks that a job may need when its horse is gone. */
#ifndef CQ_WORKER_FIELDS_H
#define CQ_WORKER_FIELDS_H

#include "base/buf.h"
#include "redis/reply.h"
#include "runtime/frame.h"

/* Replace what out holds by the fields: field, value ... as HGETALL gives them. False: out's limit; it is empty then. */
bool cq_fields_keep(const struct cq_reply *fields, struct cq_buf *out);

struct cq_str cq_fields_get(struct cq_str kept, const char *name); /* CQ_STR_NONE: not there */

/* The `fields` map of a frame. */
void cq_fields_add(struct cq_frame_writer *writer, struct cq_str kept);

#endif
