/*
 * A runtime: a way to execute functions. native (C functions and programs, cq itself), python, and each
 * [runtime.NAME].
 *
 * It has one stable that horses are forked from. Those that were replaced leave when the last of their horses
 * has. What it may do is decided in core/runtime_state.h; this is the shell, with the processes and the
 * timer.
 */
#ifndef CQ_WORKER_RUNTIMES_RUNTIME_H
#define CQ_WORKER_RUNTIMES_RUNTIME_H

#include "core/runtime_state.h"
#include "worker/runtimes/stable.h"

enum cq_runtime_kind { CQ_RUNTIME_NATIVE, CQ_RUNTIME_PYTHON, CQ_RUNTIME_COMMAND };

struct cq_runtime;

/* What runtimes need of the process that has them, and what they tell it. */
struct cq_runtime_host {
    const struct cq_settings *settings; /* borrowed, as all of it */
    const struct cq_address *address;
    struct cq_logger logger; /* with the name of the process */
    struct ev_loop *loop;
    void *data; /* for the functions */
    /* It said hello: it takes forks, and its version is known. */
    void (*ready)(void *data, struct cq_runtime *runtime);
    /* It takes forks again, or has learned a module: horses may be asked of it. */
    void (*room)(void *data, struct cq_runtime *runtime);
    /* It does not start, and its reason says why: the jobs that wait for it fail. */
    void (*failed)(void *data, struct cq_runtime *runtime);
    /* One that is started with the worker does not start: neither does the worker. */
    void (*fatal)(void *data, const struct cq_error *err);
};

struct cq_runtime {
    const struct cq_runtime_host *host; /* borrowed */
    enum cq_runtime_kind kind;
    int index;                                 /* among the runtimes of the process */
    const char *name;                          /* native, python, or NAME of [runtime.NAME] */
    const struct cq_settings_runtime *command; /* of CQ_RUNTIME_COMMAND */
    struct cq_runtime_life life;
    struct cq_stable_owner owner; /* of its stables: this runtime */
    struct cq_stable *stable;     /* horses are forked from it when the runtime is ready; NULL: none */
    struct cq_stable *successor;  /* of a reload: it takes over when it says hello; NULL: none */
    struct cq_stable *leaving;    /* a list: told to quit, or being killed */
    char *file;                   /* owned: the program as it was found last; NULL: not yet */
    struct cq_timer retry;
    struct cq_buf reason; /* why the last start failed; empty: it did not */
    /* modules that a stable died of as it imported them for horses to come, each ended by a NUL byte */
    struct cq_buf fatal;
};

/*
 * Part of cq_runtimes_new: not started, and must not move.
 *   name     native, python, or NAME of [runtime.NAME]; borrowed
 *   command  of CQ_RUNTIME_COMMAND, borrowed; else NULL
 *   start    who starts it: the worker, or the first job that needs it
 */
void cq_runtime_init(struct cq_runtime *runtime, const struct cq_runtime_host *host, int index,
                     enum cq_runtime_kind kind, const char *name, const struct cq_settings_runtime *command,
                     enum cq_runtime_start start);

/* Start it with the worker. Errors: CQ_ERR_CONFIG, CQ_ERR_SYSTEM. */
CQ_MUST_CHECK enum cq_code cq_runtime_start(struct cq_runtime *runtime, struct cq_error *err);

/* The end: close the sockets of its stables, so that they leave; then, when all runtimes have been told, free
 * them. */
void cq_runtime_hang_up(struct cq_runtime *runtime);
void cq_runtime_release(struct cq_runtime *runtime);

/* May horses be forked from its stable now? */
bool cq_runtime_is_ready(const struct cq_runtime *runtime);

/* Does the worker start it with itself, so that no job is fetched while it is not ready? */
bool cq_runtime_starts_with_worker(const struct cq_runtime *runtime);

/* Python is to import something by name before its first job: it is started with the worker, so that a wrong
 * name is seen at once. */
bool cq_runtime_imports(const struct cq_settings *settings);

/*
 * A job needs it: start it when it is not running.
 * Returns NULL when it is ready or will be, or else host->failed is called. Otherwise why the job fails:
 * borrowed until the next start.
 */
const char *cq_runtime_want(struct cq_runtime *runtime);

/* See cq_runtimes_reload. */
void cq_runtime_reload(struct cq_runtime *runtime);

void cq_runtime_tick(struct cq_runtime *runtime); /* once a second */

#endif
