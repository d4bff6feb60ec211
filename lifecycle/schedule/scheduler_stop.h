/* The end of a scheduler. */
#ifndef CQ_LIFECYCLE_SCHEDULE_SCHEDULER_STOP_H
#define CQ_LIFECYCLE_SCHEDULE_SCHEDULER_STOP_H

#include "lifecycle/schedule/scheduler.h"

/* The scheduler ends: its locks, as far as they are its own, and its hash go. */
void cq_scheduler_stop_build(const struct cq_scheduler_identity *id, struct cq_command *command);

#endif
