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
#ifndef CQ_LIFECYCLE_SCHEDULE_H
#define CQ_LIFECYCLE_SCHEDULE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/error.h"
#include "redis/command.h"
#include "redis/reply.h"

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

enum cq_lock { CQ_LOCK_TAKEN, CQ_LOCK_ACQUIRED, CQ_LOCK_RENEWED, CQ_LOCK_BROKEN }; /* as due.lua has them */

struct cq_due {
    int64_t wait_ms; /* until the next job is due; 0: call again at once; CQ_DUE_NONE: none is scheduled */
    int64_t moved;   /* jobs put on their list */
    int64_t dropped; /* entries without a job, or whose job is canceled or queued already */
    /* entries that are looked at again: no job yet, or it runs, or a key of it holds something else */
    int64_t put_off;
};

enum { CQ_DUE_NONE = -1 };

/*
 * One pass.
 *   now    by the worker's clock: when the jobs say they were enqueued. What is due is judged by the clock of
 * Redis. limit  most jobs of this call; each costs Redis some 7 us
 */
void cq_due_build(const struct cq_scheduler_identity *id, cq_time now, int limit, struct cq_command *command);
CQ_MUST_CHECK enum cq_code cq_due_read(const struct cq_reply *reply, struct cq_due *ret_due,
                                       struct cq_error *err);

/* Of a reply that was read: whose lock a queue has. CQ_LOCK_BROKEN: its lock is no text or its registry no
 * sorted set. */
enum cq_lock cq_due_lock(const struct cq_reply *reply, size_t queue_index);

/* The scheduler ends: its locks, as far as they are its own, and its hash go. */
void cq_scheduler_stop_build(const struct cq_scheduler_identity *id, struct cq_command *command);

/* How many jobs are scheduled on queues that have no scheduler. */
void cq_unattended_build(const struct cq_str *queues, size_t queue_count, struct cq_command *command);
int64_t cq_unattended_count(const struct cq_reply *reply, size_t queue_index);

#endif
