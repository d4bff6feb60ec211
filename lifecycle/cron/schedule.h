/* A schedule as the argument that cron's scripts take. */
#ifndef CQ_LIFECYCLE_CRON_SCHEDULE_H
#define CQ_LIFECYCLE_CRON_SCHEDULE_H

#include "redis/command.h"

/* Add a schedule with a space before it, as it stands behind a tick in rq:cq:cron:tick:<job>. */
static inline void cq_cron_schedule_arg(struct cq_command *command, struct cq_str schedule)
{
    if (schedule.len)
        cq_command_argf(command, " %.*s", (int)schedule.len, schedule.data);
    else
        cq_command_text(command, "");
}

#endif
