/*
 * A slot: what RQ calls a worker. A name, a heartbeat, one job at a time.
 *
 * core/worker.h decides what it may do. This header has its data and the events that other parts raise.
 * shell.c, and the files that it uses, perform the actions.
 */
#ifndef CQ_WORKER_SLOT_SLOT_H
#define CQ_WORKER_SLOT_SLOT_H

#include "base/timer.h"
#include "core/worker.h"
#include "job/id.h"
#include "job/keys.h"
#include "lifecycle/worker/identity.h"
#include "worker/callback.h"
#include "worker/slot/execution.h"

/* When it came. */
enum cq_slot_origin {
    CQ_SLOT_OF_START, /* with the process: when it cannot register, the process ends */
    CQ_SLOT_ADDED,    /* while the process ran: when it cannot, the others continue */
};

/* Why it ends by itself. */
enum cq_slot_end {
    CQ_SLOT_END_ASKED,      /* it does not: a signal, a command, a pool ends it */
    CQ_SLOT_END_MAX_JOBS,   /* --max-jobs */
    CQ_SLOT_END_NAME_TAKEN, /* it could not register */
    CQ_SLOT_END_NO_WORK,    /* --burst, --max-idle-time */
};

struct cq_slot {
    struct cq_worker worker; /* its states; first, so that it leads to the slot */
    struct cq_worker_context *context;
    int index;
    enum cq_slot_origin origin;
    enum cq_slot_end end;
    char name[CQ_NAME_MAX + 16];
    struct cq_logger logger; /* the process's log, with this name */
    struct cq_worker_identity identity;

    struct cq_execution run;
    struct cq_horse_owner owner;  /* of its horses: the slot */
    struct cq_output output;      /* its horses write there */
    struct cq_runtime *runtime;   /* of the job that runs, else of the last one; NULL: there was none */
    struct cq_horse *horse;       /* runs the job now */
    struct cq_callback *callback; /* the outcome waits for it */
    struct cq_horse **warm;   /* forked ahead for the next jobs: for each runtime a list, the oldest first */
    struct cq_horse *retired; /* answered or told to die, not yet reaped: a list */

    size_t *order;              /* dequeue order: indices into context->queues */
    struct cq_str *order_names; /* the same, as names */
    /* The execution that the next job is to be. It is kept while an answer may be lost, and is the claim's
     * name. */
    char next_execution[CQ_EXECUTION_ID_SIZE];
    const struct cq_started *found; /* what the call has found that is being handled; else NULL */
    enum cq_found_by found_by;
    char trouble[256];              /* why the last call was refused */
    const struct cq_error *refusal; /* why it cannot register, while that is being handled; else NULL */

    char beat_for[CQ_EXECUTION_ID_SIZE]; /* the execution that the last heartbeat was for */
    char not_ours[CQ_EXECUTION_ID_SIZE]; /* the execution of which a heartbeat said that it was given away */
    struct cq_timer heartbeat_timer;
    struct cq_timer limit_timer; /* the job's timeout, then the grace until SIGKILL */
    struct cq_timer idle_timer;  /* --max-idle-time */
    struct cq_timer again_timer; /* Redis refused a fetch or an outcome for a reason that passes */
};

enum { CQ_SLOT_AGAIN_S = 1 };

/* The subject of CQ_NEWS_NO_JOB; that of its other news (context.h) is the slot. */
struct cq_slot_empty {
    struct cq_slot *slot;
    enum cq_found_by asked_by;
    const struct cq_started *found; /* lifecycle/fetch.h says what it tells; NULL: nothing */
};

/* ---- what happens to it ---- */

/* Redis is ready, for the first time or again. */
void cq_slot_redis_ready(struct cq_slot *slot);

/* There may be work: fetch, when idle. */
void cq_slot_work(struct cq_slot *slot);

/* Warm shutdown: an idle slot ends now, a busy one after its job. */
void cq_slot_stop(struct cq_slot *slot);

/* End now, and leave the job to be found abandoned. */
void cq_slot_abandon(struct cq_slot *slot);

/* The process ends: callbacks that still come change nothing. */
void cq_slot_process_ends(struct cq_slot *slot);

#endif
