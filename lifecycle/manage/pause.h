/*
 * Pause of single queues, in rq:cq:paused: workers of cq start none of their jobs; running jobs continue. RQ
 * has no such thing, and its workers do not look. To pause both, suspend all of them (rq:suspended), or stop
 * RQ's.
 */
#ifndef CQ_LIFECYCLE_MANAGE_PAUSE_H
#define CQ_LIFECYCLE_MANAGE_PAUSE_H

#include "base/clock.h"
#include "base/error.h"
#include "base/strv.h"
#include "redis/command.h"
#include "redis/reply.h"

/*
 * Pause queues, or resume them. A queue that is paused gets the new end.
 *   queues      names, 1 or more
 *   duration_s  seconds, 0: until they are resumed
 * Redis: pause.lua. The reply's item i tells whether queue i was paused before.
 */
void cq_pause_build(const struct cq_strv *queues, int64_t duration_s, cq_time now,
                    struct cq_command *command);
void cq_pause_end_build(const struct cq_strv *queues, cq_time now, struct cq_command *command);
CQ_MUST_CHECK enum cq_code cq_pause_read(const struct cq_reply *reply, size_t queue_count,
                                         struct cq_error *err);
bool cq_pause_was(const struct cq_reply *reply, size_t queue_index);

#endif
