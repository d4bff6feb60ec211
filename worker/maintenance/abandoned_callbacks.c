#include "worker/maintenance/abandoned_callbacks.h"

#include <stdlib.h>

#include "base/mem.h"
#include "job/keys.h"
#include "lifecycle/maintain/abandon.h"
#include "lifecycle/meta.h"
#include "runtime/frame.h"
#include "worker/callback.h"
#include "worker/job_fields.h"
#include "worker/runtimes/route.h"

enum {
    AT_ONCE = 4,          /* callbacks that run */
    WAITING_MAX = 100000, /* jobs that wait; far more than are abandoned together */
    REFUSAL_MAX = 4096,
};

struct waiting {
    struct waiting *next;
    char *job_id, *queue; /* owned */
};

/* One that runs, or whose job is being asked for. */
struct running {
    struct cq_abandoned_callbacks *callbacks;
    struct waiting *job; /* NULL: free */
    struct cq_callback *callback;
};

struct cq_abandoned_callbacks {
    struct cq_worker_context *context;
    struct waiting *first, **last;
    size_t len;
    struct running running[AT_ONCE];
};

struct cq_abandoned_callbacks *cq_abandoned_callbacks_new(struct cq_worker_context *context)
{
    struct cq_abandoned_callbacks *callbacks = cq_calloc(1, sizeof(*callbacks));
    callbacks->context = context;
    callbacks->last = &callbacks->first;
    for (int i = 0; i < AT_ONCE; i++)
        callbacks->running[i].callbacks = callbacks;
    return callbacks;
}

static void free_job(struct waiting *job)
{
    if (job) {
        free(job->job_id);
        free(job->queue);
    }
    free(job);
}

static struct waiting *take_first(struct cq_abandoned_callbacks *callbacks)
{
    struct waiting *job = callbacks->first;
    callbacks->first = job->next;
    if (!callbacks->first)
        callbacks->last = &callbacks->first;
    callbacks->len--;
    return job;
}

void cq_abandoned_callbacks_drop(struct cq_abandoned_callbacks *callbacks)
{
    while (callbacks->first)
        free_job(take_first(callbacks));
    for (int i = 0; i < AT_ONCE; i++) {
        struct running *running = &callbacks->running[i];
        if (!running->callback)
            continue; /* free, or its job is still being asked for */
        cq_callback_drop(running->callback);
        free_job(running->job);
        running->job = NULL;
    }
}

void cq_abandoned_callbacks_free(struct cq_abandoned_callbacks *callbacks)
{
    if (!callbacks)
        return;
    cq_abandoned_callbacks_drop(callbacks);
    for (int i = 0; i < AT_ONCE; i++)
        free_job(callbacks->running[i].job);
    free(callbacks);
}

bool cq_abandoned_callbacks_are_busy(const struct cq_abandoned_callbacks *callbacks)
{
    for (int i = 0; i < AT_ONCE; i++)
        if (callbacks->running[i].job)
            return true;
    return callbacks->first && cq_async_is_ready(callbacks->context->redis);
}

/* ---- one of them ---- */

static void finished(struct running *running)
{
    struct cq_abandoned_callbacks *callbacks = running->callbacks;
    free_job(running->job);
    running->job = NULL;
    cq_abandoned_callbacks_next(callbacks);
    cq_worker_tell(callbacks->context, CQ_NEWS_DONE);
}

/* What went wrong with it is in the log; the job has failed already. */
static void on_called(void *data, const struct cq_callback_end *end)
{
    struct running *running = data;
    struct cq_worker_context *context = running->callbacks->context;
    if (end->meta.data && cq_async_is_ready(context->redis)) {
        struct cq_command *command = cq_async_begin(context->redis);
        cq_meta_build(cq_str(running->job->job_id), end->meta, command);
        cq_async_call(context->redis, command, NULL, NULL);
    }
    finished(running);
}

/* Why it cannot run, or NULL. */
static const char *call(struct running *running, const struct cq_reply *hash, struct cq_buf *refusal)
{
    struct cq_worker_context *context = running->callbacks->context;
    struct cq_buf fields = CQ_BUF_INIT(CQ_FRAME_JOB_MAX);
    char text[CQ_ABANDON_TEXT_SIZE];
    const char *why = NULL;
    struct cq_runtime *runtime = cq_reply_len(hash) ? cq_router_find(context->router, hash, refusal) : NULL;
    cq_abandon_text(cq_clock_now(), text);
    if (!cq_reply_len(hash)) {
        why = "the job is gone";
    } else if (!runtime) {
        why = refusal->data;
    } else if (!cq_job_fields_keep(hash, &fields)) {
        why = "the job is too large";
    } else if (cq_callback_name(cq_buf_view(&fields), CQ_CALLBACK_FAILURE).len) {
        struct cq_callback_order order = {
            .kind = CQ_CALLBACK_FAILURE,
            .runtime = cq_router_find_name(context->router,
                                           cq_callback_name(cq_buf_view(&fields), CQ_CALLBACK_FAILURE)),
            .worker = context->name,
            .job_id = cq_str(running->job->job_id),
            .queue = cq_str(running->job->queue),
            .exc = cq_str(text),
            .fields = cq_buf_view(&fields),
            .over = on_called,
            .data = running,
        };
        cq_callback_start(context->callbacks, &order, &running->callback);
    } else {
        why = "the job names none any more";
    }
    cq_buf_release(&fields);
    return why;
}

static void on_hash(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    struct running *running = data;
    struct cq_worker_context *context = running->callbacks->context;
    struct cq_buf refusal = CQ_BUF_INIT(REFUSAL_MAX);
    struct cq_error err;
    const char *why = NULL;
    if (lost)
        why = lost->text;
    else if (cq_reply_check(reply, &err) != CQ_OK)
        why = err.text;
    else
        why = call(running, reply, &refusal);
    if (why) {
        cq_log_job_warning(&context->logger, running->job->job_id, "its failure callback is left out: %s",
                           why);
        finished(running);
    }
    cq_buf_release(&refusal);
}

static void ask(struct running *running, struct waiting *job)
{
    struct cq_worker_context *context = running->callbacks->context;
    running->job = job;
    struct cq_key key = cq_key_job(cq_str(job->job_id));
    struct cq_command *command = cq_async_begin(context->redis);
    cq_command_text(command, "HGETALL");
    cq_command_arg(command, cq_key_str(&key));
    cq_async_call(context->redis, command, on_hash, running);
}

void cq_abandoned_callbacks_next(struct cq_abandoned_callbacks *callbacks)
{
    for (int i = 0; i < AT_ONCE && callbacks->first && cq_async_is_ready(callbacks->context->redis); i++)
        if (!callbacks->running[i].job)
            ask(&callbacks->running[i], take_first(callbacks));
}

void cq_abandoned_callbacks_add(struct cq_abandoned_callbacks *callbacks, struct cq_str job_id,
                                struct cq_str queue)
{
    if (callbacks->len == WAITING_MAX) {
        cq_log_warning(&callbacks->context->logger, "%.*s: its failure callback is left out: %d wait already",
                       (int)job_id.len, job_id.data, WAITING_MAX);
        return;
    }
    struct waiting *job = cq_calloc(1, sizeof(*job));
    job->job_id = cq_strndup(job_id.data, job_id.len);
    job->queue = cq_strndup(queue.data, queue.len);
    *callbacks->last = job;
    callbacks->last = &job->next;
    callbacks->len++;
    cq_abandoned_callbacks_next(callbacks);
}
