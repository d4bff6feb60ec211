/*
 * What the parts of a worker process share, and the one way for a part to tell the process something. A part
 * knows the context and the parts that it stands on, and nothing above it. Their order, from the lowest:
 *
 *   context.h       this
 *   job_output.c    standard output and error of jobs, into the log (output_tail.c: the last lines, kept)
 *   job_fields.c    a job's hash, kept for callbacks; exception.c: the line of a traceback that says most
 *   runtimes/       how functions are executed: stables, and horses
 *   callback.c      a callback that the job's own horse does not run
 *   webhooks/       HTTP requests when a job has finished or failed
 *   slot/           one worker: what core/worker.h decides is done here
 *   queue_watch.c   waits for work on every queue, without popping
 *   maintenance/    recoverer.c finds abandoned jobs (abandoned_callbacks.c runs their failure callbacks),
 *                   janitor.c cleans registries, watchdog.c looks for horses and stables that hang
 *   scheduler.c     --with-scheduler: locks, and jobs that are due
 *   control.c       commands on rq:pubsub:<worker>
 *   pool/           how many slots there are, the supervisor of a pool, systemd
 *   process.h       all of them together: worker.c makes and frees them, startup.c begins, suspension.c waits
 *                   while the workers are suspended, shutdown.c ends, news.c answers what the parts tell
 */
#ifndef CQ_WORKER_CONTEXT_H
#define CQ_WORKER_CONTEXT_H

#include <ev.h>

#include "base/buf.h"
#include "base/error.h"
#include "core/process_state.h"
#include "config/settings.h"
#include "redis/async.h"
#include "worker/setup.h"

struct cq_callbacks;
struct cq_router;
struct cq_runtimes;
struct cq_slots;
struct cq_webhooks;

/* What a part tells the process; and of what, where that is not the process itself. */
enum cq_news {
    CQ_NEWS_WORK,     /* there may be work for idle workers */
    CQ_NEWS_PREPARED, /* something is ready that must be before the workers are registered */
    CQ_NEWS_DONE,     /* something is over that the end of the process may wait for */
    CQ_NEWS_READY,    /* all workers are registered */
    CQ_NEWS_LEAVE,    /* the process is not wanted any more: it ends after its jobs */
    /* Of a slot: */
    CQ_NEWS_ADDED, /* there is one more */
    CQ_NEWS_REGISTERED,
    CQ_NEWS_NAME_TAKEN, /* it cannot register: slot->refusal says why */
    CQ_NEWS_JOB,        /* a fetch of its own found a job */
    CQ_NEWS_NO_JOB,     /* struct cq_slot_empty of slot/slot.h: a call asked for a job, and there is none */
    CQ_NEWS_SUSPENDED,  /* it has found that the workers are suspended */
    CQ_NEWS_GONE,
};

struct cq_worker_context {
    const struct cq_settings *settings;  /* borrowed */
    const struct cq_worker_setup *setup; /* borrowed */
    struct cq_log *log;                  /* borrowed */
    char name[64];                       /* of the process, in the log: the first slot's */
    struct cq_logger logger;             /* of lines about the process */
    struct ev_loop *loop;                /* the default loop: it reaps children */
    struct cq_async *redis;              /* every transition goes through it */
    enum cq_process_state state;         /* changed by cq_process_raise alone (process.h) */

    struct cq_str *queues; /* array of borrowed names, in the order given */
    size_t queue_count;
    struct cq_buf targets; /* the strategy `latency`: the queues' seconds, for the scripts; else empty */

    /* Told by the recoverer: it asks about abandoned jobs, and some may be put back on their queues. */
    bool jobs_may_come_back;

    char hostname[256];
    char execution_prefix[17]; /* 16 random hex digits: this process's part of its execution ids */
    unsigned long long execution_count;
    unsigned long long jobs_done; /* by all slots */
    int slots_alive;              /* not gone; at 0 the process ends */
    struct cq_buf frame;          /* a job frame that is being built */
    char python_version[64];      /* as its stable said; empty: not yet */

    struct cq_runtimes *runtimes;   /* runtimes/runtimes.h */
    struct cq_router *router;       /* runtimes/route.h */
    struct cq_callbacks *callbacks; /* callback.h */
    struct cq_webhooks *webhooks;   /* webhooks/webhooks.h */
    struct cq_slots *slots;         /* slot/slots.h */

    void *process;
    void (*news)(void *process, enum cq_news news, void *subject);
};

/* What a connection for commands that block, or for messages, begins with; its user adds callbacks. */
static inline struct cq_async_options cq_worker_blocking_connection(const struct cq_worker_context *context)
{
    return (struct cq_async_options){.loop = context->loop,
                                     .address = context->setup->address,
                                     .client_name = context->name,
                                     .no_command_timeout = true};
}

static inline void cq_worker_tell(struct cq_worker_context *context, enum cq_news news)
{
    context->news(context->process, news, NULL);
}

static inline void cq_worker_tell_of(struct cq_worker_context *context, enum cq_news news, void *subject)
{
    context->news(context->process, news, subject);
}

#endif
