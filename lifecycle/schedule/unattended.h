/* Scheduled jobs that no scheduler would ever queue. */
#ifndef CQ_LIFECYCLE_SCHEDULE_UNATTENDED_H
#define CQ_LIFECYCLE_SCHEDULE_UNATTENDED_H

#include "redis/command.h"
#include "redis/reply.h"

/* How many jobs are scheduled on queues that have no scheduler. */
void cq_unattended_build(const struct cq_str *queues, size_t queue_count, struct cq_command *command);
int64_t cq_unattended_count(const struct cq_reply *reply, size_t queue_index);

#endif
