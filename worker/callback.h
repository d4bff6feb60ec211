/*
 * A callback of a job that has no horse any more: it was stopped by command, killed at its timeout, or found abandoned. A
 * fresh horse of its runtime runs it and nothing else. What it does changes nothing for the job: one that fails, hangs or dies
 * is logged. Source: rq/job.py execute_stopped_callback, execute_failure_callback.
 *
 * WAITING (for a horse) -> RUNNING -> LEAVING (whoever asked for it was told) -> freed when the horse is gone.
 */
#ifndef CQ_WORKER_CALLBACK_H
#define CQ_WORKER_CALLBACK_H

#include "worker/process.h"

enum cq_callback_kind { CQ_CALLBACK_STOPPED, CQ_CALLBACK_FAILURE };

struct cq_callback;
struct cq_runtime;
struct cq_slot;

/* Everything is borrowed for the call of cq_callback_start, but the slot, the worker's name and data. */
struct cq_callback_order {
    enum cq_callback_kind kind;
    struct cq_runtime *runtime;
    const char *worker;      /* name: of the slot's, or of whoever found the job */
    struct cq_slot *slot;    /* whose horses and pipes are used; NULL: pipes of its own */
    struct cq_str job_id, queue;
    struct cq_str exc;       /* FAILURE: the text that is stored */
    struct cq_str fields;    /* the job's hash, as cq_fields_keep wrote it */
    /* It is over, told once, maybe before cq_callback_start returns. meta: to be stored, borrowed; CQ_STR_NONE: none was sent. */
    void (*over)(void *data, struct cq_str meta);
    void *data;
};

/* Does the job name such a callback? */
bool cq_callback_is_named(struct cq_str fields, enum cq_callback_kind kind);

/*
 * Have it run.
 *   at  holds it until it is over or dropped, NULL afterwards
 */
void cq_callback_start(struct cq_process *process, const struct cq_callback_order *order, struct cq_callback **at);

/* End it early: over is called now or when its horse is gone. */
void cq_callback_kill(struct cq_callback *callback);

/* Nobody waits for it any more: it is killed, and over is not called. NULL-safe. */
void cq_callback_drop(struct cq_callback *callback);

/* From runtime.c: it takes forks, or does not start. */
void cq_callbacks_runtime_changed(struct cq_process *process, const struct cq_runtime *runtime);

/* Drop and free all of them. */
void cq_callbacks_release(struct cq_process *process);

#endif
