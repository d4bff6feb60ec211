/*
 * A callback that the job's own horse does not run: the job was stopped by command, killed at its timeout, or
 * found abandoned, or its callback is a function of another runtime. A fresh horse of the callback's runtime
 * runs it and nothing else. Its owner is told how it ended, and decides what that means. Source: rq/job.py
 * execute_success_callback, execute_failure_callback, execute_stopped_callback.
 *
 * What it may do when is in core/callback_state.h.
 */
#ifndef CQ_WORKER_CALLBACK_H
#define CQ_WORKER_CALLBACK_H

#include "worker/job_fields.h"
#include "worker/job_output.h"
#include "worker/runtimes/horse.h"

struct cq_callback;
struct cq_runtime;

/* How it ended. Borrowed for the call. */
struct cq_callback_end {
    struct cq_str meta; /* to be stored; CQ_STR_NONE: none was sent */
    struct cq_str exc;  /* it failed, died, hung or was left out: a failure's text; CQ_STR_NONE: it did not */
};

/* All is borrowed for the call of cq_callback_start, but the worker's name, output and data. */
struct cq_callback_order {
    enum cq_callback_kind kind;
    struct cq_runtime *runtime;
    const char *worker;       /* name: of the job's worker, or of the process that found the job */
    struct cq_output *output; /* whose pipes and log its horse writes to; NULL: pipes of its own */
    /* Where its horse comes from, called with data; NULL: forked for it. */
    struct cq_horse *(*fork)(void *data, struct cq_runtime *runtime);
    struct cq_str job_id, queue;
    struct cq_str exc;    /* FAILURE: the text that is stored */
    struct cq_str value;  /* SUCCESS: the serialized result; CQ_STR_NONE: None */
    struct cq_str fields; /* the job's hash, as cq_job_fields_keep wrote it */
    struct cq_str meta;   /* in place of the hash's; CQ_STR_NONE: it did not change */
    /* Called once with data, maybe before cq_callback_start returns. */
    void (*over)(void *data, const struct cq_callback_end *end);
    void *data;
};

/* All callbacks of a process. */
struct cq_callbacks *cq_callbacks_new(struct cq_worker_context *context);
void cq_callbacks_free(struct cq_callbacks *all); /* NULL-safe; those that are left are dropped */

/*
 * Have one run.
 *   at  holds it until it is over or dropped, and is NULL afterwards
 */
void cq_callback_start(struct cq_callbacks *all, const struct cq_callback_order *order,
                       struct cq_callback **at);

/* End it early: its owner is told now, or when its horse is gone. */
void cq_callback_kill(struct cq_callback *callback);

/* Its owner does not wait for it any more: it is killed, and the owner is not told. NULL-safe. */
void cq_callback_drop(struct cq_callback *callback);

/* A runtime takes forks, or does not start: those that wait for it ask again. */
void cq_callbacks_runtime_changed(struct cq_callbacks *all, const struct cq_runtime *runtime);

#endif
