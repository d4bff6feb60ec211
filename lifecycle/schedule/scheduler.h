/*
 * Scheduling: whose jobs wait in rq:scheduled:<queue>, and who puts them on their list when they are due.
 *
 * A scheduler has a name, a hash rq:scheduler:<name>, and of each of its queues the lock
 * rq:scheduler-lock:<queue>, which holds its name, or another scheduler has that. Both expire unless they are
 * renewed, which each pass does. A pass is one script that checks the lock and moves in one step, so that no
 * scheduler that only believes to have a lock moves a job.
 *
 * The name is a number: up to 2.9 RQ wrote the process id into the lock and reads a number out of it,
 * from 2.10 on it is a name that leads to the hash, which has the process id. Its last seven digits are the
 * process id, for the eye. Source: rq/scheduler.py; rq/queue.py scheduler_pid.
 */
#ifndef CQ_LIFECYCLE_SCHEDULE_SCHEDULER_H
#define CQ_LIFECYCLE_SCHEDULE_SCHEDULER_H

#include <stdbool.h>
#include <sys/types.h>
#include "base/clock.h"
#include "redis/command.h"

enum { CQ_SCHEDULER_NAME_SIZE = 20, CQ_SCHEDULER_LOCK_TTL_S = 61 /* RQ's: its interval of 1 s + 60 */ };

/* 12 random digits and the process id: fits into 63 bits. */
void cq_scheduler_name_generate(pid_t pid, char ret_name[CQ_SCHEDULER_NAME_SIZE]);

struct cq_scheduler_identity {
    const char *name;
    const char *hostname;
    pid_t pid;
    cq_time created_at;
    const struct cq_str *queues; /* of which it wants the locks */
    size_t queue_count;
};

/* Put the keys of the locks of its queues, which two scripts take behind their named keys. */
void cq_scheduler_put_locks(const struct cq_scheduler_identity *id, struct cq_command *command);

#endif
