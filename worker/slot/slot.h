/*
 * A slot: what RQ calls a worker. A name, a heartbeat, one job at a time.
 *
 * UNBORN -> IDLE -> FETCHING -> (IDLE | RUNNING) -> COMMITTING -> (IDLE | RUNNING) ... -> DYING -> DEAD
 *
 * Only slot.c changes `state`. While Redis is away, a slot that runs goes on running, and a slot that commits
 * keeps its outcome and commits again when the connection is back: finish.lua is fenced by the execution id,
 * so that an outcome that had arrived the first time is not written twice.
 */
#ifndef CQ_WORKER_SLOT_SLOT_H
#define CQ_WORKER_SLOT_SLOT_H

#include "job/id.h"
#include "job/keys.h"
#include "lifecycle/worker/identity.h"
#include "worker/rider.h"
#include "worker/slot/running.h"

enum cq_slot_state {
    CQ_SLOT_UNBORN,     /* birth not yet confirmed */
    CQ_SLOT_IDLE,       /* nothing to do; the waiters watch the queues */
    CQ_SLOT_FETCHING,   /* fetch is under way */
    CQ_SLOT_RUNNING,    /* a horse has the job */
    CQ_SLOT_COMMITTING, /* finish is under way, or waits for Redis */
    CQ_SLOT_DYING,      /* death is under way */
    CQ_SLOT_DEAD,
};

struct cq_slot {
    struct cq_process *process;
    struct cq_rider rider; /* of its horses */
    int index;
    enum cq_slot_state state;
    char name[CQ_NAME_MAX + 16];
    struct cq_logger logger; /* the process's log, with this name */
    struct cq_worker_identity identity;
    struct cq_running run;
    struct cq_runtime *runtime;   /* of the job that runs, else of the last one; NULL: there was none */
    struct cq_horse *horse;       /* runs the job now */
    struct cq_callback *callback; /* of the job, whose horse is gone: its outcome waits for it */
    struct cq_horse **warm;   /* forked ahead for the next ones: for each runtime a list, the oldest first */
    struct cq_horse *retired; /* answered or told to die, not yet reaped: a list */
    size_t *order;            /* dequeue order: indices into process->queues */
    struct cq_str *order_names; /* the same, as names */
    char next_execution[CQ_EXECUTION_ID_SIZE];
    bool resume;     /* the reply to a fetch (alone or inside finish) was lost: ask for it again */
    bool asked;      /* the last call fetched; a finish does not always */
    bool in_a_row;   /* the last outcome brought the next job at once */
    bool stopping;   /* finish what runs, then die */
    bool added;      /* while the process ran: that it cannot register ends no other */
    bool registered; /* it was born */
    bool worn;       /* it ends for having done max_jobs */
    int64_t jobs_done;
    ev_timer heartbeat_timer;
    char beat_for[CQ_EXECUTION_ID_SIZE]; /* the execution that the last heartbeat was for */
    ev_timer timeout_timer;              /* the job's timeout, then the grace until SIGKILL */
    ev_timer idle_timer;                 /* --max-idle-time */
    ev_timer again_timer;                /* Redis refused a fetch or an outcome for a reason that passes */
};

void cq_slot_init(struct cq_slot *slot, struct cq_process *process, int index);
void cq_slot_release(struct cq_slot *slot);

/* heartbeat.c: every monitoring interval, idle or not; started at birth. */
void cq_slot_heartbeat_init(struct cq_slot *slot);
void cq_slot_heartbeat(struct cq_slot *slot); /* one now */

/* Redis is ready, for the first time or again: be born (again), then go on where the slot was. */
void cq_slot_redis_ready(struct cq_slot *slot);

/* Fetch when idle and allowed to; true: a fetch is under way. */
bool cq_slot_fetch(struct cq_slot *slot);

/* What fetch.lua or the `next` part of finish.lua gave: start it, wait, or stop. From slot.c and
 * execution.c. */
void cq_slot_next(struct cq_slot *slot, enum cq_fetch_verdict verdict, const struct cq_started *started);

/* Redis refused a fetch or an outcome for a reason that passes (out of memory, read-only): once more, a
 * little later. */
enum { CQ_SLOT_AGAIN_S = 1 };
void cq_slot_again_later(struct cq_slot *slot);

/* Nothing was fetched, and why is to be said. With slot->resume something may have been started, which is
 * asked for. */
void cq_slot_not_fetched(struct cq_slot *slot, const char *why);

/* The fetch that a finish is to do at once; false: none (stopping, enough jobs, no stable). */
bool cq_slot_next_fetch(struct cq_slot *slot, struct cq_fetch *ret_fetch);

/* Warm stop: an idle slot dies now, a busy one after its job. */
void cq_slot_stop(struct cq_slot *slot);

/* Give up on Redis: dead without registering it. */
void cq_slot_abandon(struct cq_slot *slot);

/* From runtime_events.c: it takes forks (again): give a job that waits its horse, and have warm ones forked.
 */
void cq_slot_runtime_ready(struct cq_slot *slot, struct cq_runtime *runtime);

/* From runtime_events.c: it does not start, and its reason says why: a job that waits for it fails. */
void cq_slot_runtime_failed(struct cq_slot *slot, const struct cq_runtime *runtime);

#endif
