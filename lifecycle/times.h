/* One moment in the three forms that the scripts take, in this order: iso for hashes, epoch for executions
 * and results, whole seconds for scores. */
#ifndef CQ_LIFECYCLE_TIMES_H
#define CQ_LIFECYCLE_TIMES_H

#include "base/clock.h"
#include "redis/command.h"

static inline void cq_times_arg(struct cq_command *command, cq_time now)
{
    char iso[CQ_TIME_ISO_SIZE], epoch[CQ_TIME_EPOCH_SIZE];
    cq_time_iso(now, iso);
    cq_time_epoch(now, epoch);
    cq_command_text(command, iso);
    cq_command_text(command, epoch);
    cq_command_int(command, cq_time_seconds(now));
}

#endif
