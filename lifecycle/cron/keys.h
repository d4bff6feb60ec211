/* Keys of cron: no name in them is bounded by CQ_NAME_MAX. */
#ifndef CQ_LIFECYCLE_CRON_KEYS_H
#define CQ_LIFECYCLE_CRON_KEYS_H

#include "base/str.h"
#include "redis/command.h"

#define CQ_KEY_CRON_SCHEDULERS "rq:cron_schedulers"
#define CQ_KEY_CRON_JOBS "rq:cron_jobs"
#define CQ_KEY_CRON_PAUSED "cq:cron:paused"
#define CQ_PREFIX_CRON_SCHEDULER "rq:cron_scheduler:"
#define CQ_PREFIX_CRON_TICK "cq:cron:tick:"

/* Add prefix, name and suffix as one argument. */
void cq_cron_put_prefixed(struct cq_command *command, const char *prefix, struct cq_str name,
                          const char *suffix);

/* Add a schedule with a space before it, as it stands behind a tick in cq:cron:tick:<job>. */
void cq_cron_put_schedule(struct cq_command *command, struct cq_str schedule);

#endif
