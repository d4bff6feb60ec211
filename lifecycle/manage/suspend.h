/* What an operator does to all workers: suspend and resume them. */
#ifndef CQ_LIFECYCLE_MANAGE_SUSPEND_H
#define CQ_LIFECYCLE_MANAGE_SUSPEND_H

#include "redis/command.h"

/* SET rq:suspended 1 [EX seconds] (0: until resume); DEL rq:suspended. Source: rq/suspension.py. */
void cq_suspend_build(int64_t duration_s, struct cq_command *command);
void cq_resume_build(struct cq_command *command);

#endif
