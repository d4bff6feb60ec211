/*
 * The worker process as its files share it: the loop, the few Redis connections, the runtimes and the slots.
 *
 * Who does what, one duty a file with the same start and stop:
 *   worker.c       the process itself: start, loop, end, suspension
 *   slot/          one worker
 *     slot.c         birth, fetch, death; the state machine
 *     execution.c    one job: its timeout, how it ended (job_frame.c: what the horse is sent)
 *     horses.c       its horses: at work, warm, retired
 *     commit.c       an outcome into Redis, and the next job out of it
 *     heartbeat.c    its sign of life
 *   runtimes/      how functions are executed
 *     runtimes.c     all of them; runtime.c: one, and its stables (stable.c: one stable's process and socket,
 * horse_table.c: its horses; launch.c, python.c: starting it) horse.c        one horse's socket: job frames
 * out, answers in route.c        which runtime a job belongs to waiter.c       waiting for work on every
 * queue, without popping commands.c     rq:pubsub:<worker> maintenance.c  abandoned jobs every few seconds,
 * registries every maintenance interval (core/abandon_guard.c: when abandoned jobs may be judged) scheduler.c
 *    --with-scheduler: locks, and jobs that are due callback.c     a
 * callback of a job that has no horse any more (fields.c: the job's hash, kept for it) orphans.c      failure
 * callbacks of abandoned jobs webhooks/      HTTP requests when a job has finished or failed rider.c whom
 * horses run for; output.c: their standard output and error, into the log; tail.c: the end of it, kept
 *   shutdown.c     signals, warm and cold stop
 *   pool/          how many slots there are (resize.c), the supervisor of a pool (supervisor_link.c), systemd
 * (notify.c)
 */
#ifndef CQ_WORKER_PROCESS_H
#define CQ_WORKER_PROCESS_H

#include <ev.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "redis/async.h"
#include "redis/command.h"
#include "config/settings.h"
#include "worker/worker.h"
#include "worker/pool/notify.h"

struct cq_slot;
struct cq_runtime;
struct cq_runtimes;
struct cq_router;
struct cq_callback;
struct cq_waiters;
struct cq_commands;
struct cq_maintenance;
struct cq_scheduler;
struct cq_orphans;
struct cq_webhooks;
struct cq_shutdown;
struct cq_resize;
struct cq_supervisor_link;

struct cq_process {
    const struct cq_settings *settings;      /* borrowed */
    const struct cq_worker_context *context; /* borrowed */
    struct cq_log *log;                      /* borrowed */
    struct cq_logger logger;                 /* the same, with the process's name */
    struct ev_loop *loop;                    /* the default loop: it reaps children */
    struct cq_async *redis;                  /* owned: every transition goes through it */
    struct cq_runtimes *runtimes;            /* owned */
    struct cq_router *router;                /* owned */
    struct cq_callback *callbacks;           /* owned: a list */
    unsigned callback_turn;                  /* counts how often they were told to ask for horses */
    struct cq_waiters *waiters;              /* owned */
    struct cq_commands *commands;            /* owned */
    struct cq_maintenance *maintenance;      /* owned */
    struct cq_scheduler *scheduler;          /* owned */
    struct cq_orphans *orphans;              /* owned */
    struct cq_webhooks *webhooks;            /* owned */
    struct cq_shutdown *shutdown;            /* owned */
    struct cq_resize *resize;                /* owned */
    struct cq_supervisor_link *supervisor;   /* owned; NULL: it has no supervisor */
    struct cq_notify notify;

    /* owned: room for CQ_SLOTS_MAX, so that none ever moves; slot_count of them are in use, or were */
    struct cq_slot *slots;
    int slot_count;
    int slots_alive; /* not yet dead; at 0 the loop ends */

    struct cq_str *queues; /* owned array of borrowed names, in the order given */
    size_t queue_count;
    struct cq_buf
        targets; /* owned; the strategy `latency`: the queues' seconds, for the scripts; else empty */

    bool looked;    /* the first connection was ready, and the workers are not suspended */
    bool started;   /* every slot is born */
    bool stopping;  /* warm stop: no slot is added any more */
    bool cold;      /* cold stop: it ends with its last slot, whatever else is under way */
    bool suspended; /* rq:suspended was seen; asked again every second */
    bool announced; /* the line that says so was written */
    ev_timer resume_timer;
    ev_prepare before_wait; /* writes the turn's log lines */

    char hostname[256];
    char execution_prefix[17]; /* 16 random hex digits: this process's part of its execution ids */
    unsigned long long execution_count;
    char python_version[64]; /* as its stable said; empty: not yet */
    char name[64];           /* of the process in the log and of its connections: the first slot's */
    unsigned long long jobs_done;

    struct cq_buf frame; /* scratch: a job frame being built */
    char *inbox;         /* scratch for reads, CQ_INBOX_SIZE bytes */

    enum cq_code result; /* why the loop ended */
    struct cq_error error;
};

enum { CQ_INBOX_SIZE = 64 * 1024 };

/* What a connection for commands that block, or for messages, begins with; its user adds callbacks. */
static inline struct cq_async_options cq_process_blocking_connection(const struct cq_process *process)
{
    return (struct cq_async_options){.loop = process->loop,
                                     .address = process->context->address,
                                     .client_name = process->name,
                                     .no_command_timeout = true};
}

/* End the loop with an error: the process gives up. Only the first one counts. */
void cq_process_fail(struct cq_process *process, const struct cq_error *err);

/* The same for a worker that was refused at its birth, when the others, some of whom may be born, have
 * registered their deaths. */
void cq_process_refused(struct cq_process *process, const struct cq_error *err);

/* Begin to work, when everything is ready that has to be: called whenever one more of these things is. */
void cq_process_begin(struct cq_process *process);

/* Let idle slots fetch: called when a queue has work, when suspension ends and when a slot found a job. */
void cq_process_wake(struct cq_process *process);

/* A slot found the workers suspended: ask again every second, and say so once. */
void cq_process_suspended(struct cq_process *process, struct cq_slot *slot);

/* worker.c, for runtime_events.c: a runtime says which version it is, shown in the process title; Python's
 * also in the slots' hashes. */
void cq_process_runtime_ready(struct cq_process *process, const struct cq_runtime *runtime);

/* A slot is dead. */
void cq_process_slot_dead(struct cq_process *process, const struct cq_slot *slot);

/*
 * The loop ends when the last slot is dead, no callback of an abandoned job is to be run any more, and the
 * scheduler's locks are given back.
 */
void cq_process_maybe_end(struct cq_process *process);

#endif
