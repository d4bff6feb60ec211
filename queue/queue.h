/* Queues: the set of names and the lists of ids. Read-only here; lifecycle/ pushes and pops. Source:
 * rq/queue.py. */
#ifndef CQ_QUEUE_QUEUE_H
#define CQ_QUEUE_QUEUE_H

#include "base/clock.h"
#include "base/error.h"
#include "base/strv.h"
#include "redis/command.h"
#include "redis/reply.h"

/* A name that can be a queue's: 1 to CQ_NAME_MAX bytes of valid UTF-8 without control characters. Errors:
 * CQ_ERR_USAGE. */
CQ_MUST_CHECK enum cq_code cq_queue_name_check(struct cq_str name, struct cq_error *err);

void cq_queue_names_build(struct cq_command *command); /* SMEMBERS rq:queues */
/* Names without their prefix, sorted by bytes; members of another form or above CQ_NAME_MAX, which cq could
 * not name, are skipped. */
CQ_MUST_CHECK enum cq_code cq_queue_names_read(const struct cq_reply *reply, struct cq_strv *names,
                                               struct cq_error *err);

void cq_queue_len_build(struct cq_str queue, struct cq_command *command); /* LLEN */

/* The waiting peek: BLMOVE q q LEFT LEFT timeout. The list stays as it was; a reply says that q has a job. */
void cq_queue_wait_build(struct cq_str queue, double timeout_s, struct cq_command *command);

/*
 * What rq:cq:paused has of a queue: '' or the epoch at which its pause ends; data NULL: nothing. Is it paused
 * at that time? Another text counts as '': its writer meant a pause.
 */
bool cq_queue_pause_holds(struct cq_str ends, cq_time now);

#endif
