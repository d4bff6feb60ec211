/*
 * A callback that the job's own horse does not run: the job was stopped by command, killed at its timeout, or
 * found abandoned, or its callback is a function of another runtime. A fresh horse of the callback's runtime
 * runs it and nothing else. What became of it is told to whoever asked, who decides what that means. Source:
 * rq/job.py execute_success_callback, execute_failure_callback, execute_stopped_callback.
 *
 * WAITING (for a horse) -> RUNNING -> LEAVING (whoever asked for it was told) -> freed when the horse is
 * gone.
 */
#ifndef CQ_WORKER_CALLBACK_H
#define CQ_WORKER_CALLBACK_H

#include "worker/fields.h"
#include "worker/process.h"

struct cq_callback;
struct cq_runtime;
struct cq_slot;

/* How it ended. Borrowed for the call. */
struct cq_callback_end {
    struct cq_str meta; /* to be stored; CQ_STR_NONE: none was sent */
    struct cq_str
        exc; /* it failed, died, hung or was left out: as a failure's text; CQ_STR_NONE: it did not */
};

/* Everything is borrowed for the call of cq_callback_start, but the slot, the worker's name and data. */
struct cq_callback_order {
    enum cq_callback_kind kind;
    struct cq_runtime *runtime;
    const char *worker;   /* name: of the slot's, or of whoever found the job */
    struct cq_slot *slot; /* whose horses and pipes are used; NULL: pipes of its own */
    struct cq_str job_id, queue;
    struct cq_str exc;    /* FAILURE: the text that is stored */
    struct cq_str value;  /* SUCCESS: the serialized result; CQ_STR_NONE: None */
    struct cq_str fields; /* the job's hash, as cq_fields_keep wrote it */
    struct cq_str meta;   /* in place of the hash's; CQ_STR_NONE: it did not change */
    void (*over)(void *data,
                 const struct cq_callback_end *end); /* told once, maybe before cq_callback_start returns */
    void *data;
};

/*
 * Have it run.
 *   at  holds it until it is over or dropped, NULL afterwards
 */
void cq_callback_start(struct cq_process *process, const struct cq_callback_order *order,
                       struct cq_callback **at);

/* End it early: over is called now or when its horse is gone. */
void cq_callback_kill(struct cq_callback *callback);

/* Nobody waits for it any more: it is killed, and over is not called. NULL-safe. */
void cq_callback_drop(struct cq_callback *callback);

/* From runtime_events.c: it takes forks, or does not start. */
void cq_callbacks_runtime_changed(struct cq_process *process, const struct cq_runtime *runtime);

/* Drop and free all of them. */
void cq_callbacks_release(struct cq_process *process);

#endif
