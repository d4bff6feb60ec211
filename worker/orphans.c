#include "worker/orphans.h"

#include <stdlib.h>

#include "base/mem.h"
#include "job/keys.h"
#include "lifecycle/maintain/abandon.h"
#include "lifecycle/meta.h"
#include "runtime/frame.h"
#include "worker/callback.h"
#include "worker/fields.h"
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
    struct cq_orphans *orphans;
    struct waiting *job; /* NULL: free */
    struct cq_callback *callback;
};

struct cq_orphans {
    struct cq_process *process;
    struct waiting *first, **last;
    size_t len;
    struct running running[AT_ONCE];
};

struct cq_orphans *cq_orphans_new(struct cq_process *process)
{
    struct cq_orphans *orphans = cq_calloc(1, sizeof(*orphans));
    orphans->process = process;
    orphans->last = &orphans->first;
    for (int i = 0; i < AT_ONCE; i++)
        orphans->running[i].orphans = orphans;
    return orphans;
}

static void free_job(struct waiting *job)
{
    if (job) {
        free(job->job_id);
        free(job->queue);
    }
    free(job);
}

static struct waiting *take_first(struct cq_orphans *orphans)
{
    struct waiting *job = orphans->first;
    orphans->first = job->next;
    if (!orphans->first)
        orphans->last = &orphans->first;
    orphans->len--;
    return job;
}

void cq_orphans_drop(struct cq_orphans *orphans)
{
    while (orphans->first)
        free_job(take_first(orphans));
    for (int i = 0; i < AT_ONCE; i++) {
        struct running *running = &orphans->running[i];
        if (!running->callback)
            continue; /* free, or its job is still being asked for */
        cq_callback_drop(running->callback);
        free_job(running->job);
        running->job = NULL;
    }
}

void cq_orphans_free(struct cq_orphans *orphans)
{
    if (!orphans)
        return;
    cq_orphans_drop(orphans);
    for (int i = 0; i < AT_ONCE; i++)
        free_job(orphans->running[i].job);
    free(orphans);
}

bool cq_orphans_are_busy(const struct cq_orphans *orphans)
{
    for (int i = 0; i < AT_ONCE; i++)
        if (orphans->running[i].job)
            return true;
    return orphans->first && cq_async_is_ready(orphans->process->redis);
}

/* ---- one of them ---- */

static void finished(struct running *running)
{
    struct cq_orphans *orphans = running->orphans;
    free_job(running->job);
    running->job = NULL;
    cq_orphans_next(orphans);
    cq_process_maybe_end(orphans->process);
}

/* What went wrong with it is in the log; the job has failed already. */
static void on_called(void *data, const struct cq_callback_end *end)
{
    struct running *running = data;
    struct cq_process *process = running->orphans->process;
    if (end->meta.data && cq_async_is_ready(process->redis)) {
        struct cq_command *command = cq_async_begin(process->redis);
        cq_meta_build(cq_str(running->job->job_id), end->meta, command);
        cq_async_call(process->redis, command, NULL, NULL);
    }
    finished(running);
}

/* Why not, or NULL. */
static const char *call(struct running *running, const struct cq_reply *hash, struct cq_buf *refusal)
{
    struct cq_process *process = running->orphans->process;
    struct cq_buf fields = CQ_BUF_INIT(CQ_FRAME_JOB_MAX);
    char text[CQ_ABANDON_TEXT_SIZE];
    const char *why = NULL;
    struct cq_runtime *runtime = cq_reply_len(hash) ? cq_router_find(process->router, hash, refusal) : NULL;
    cq_abandon_text(cq_clock_now(), text);
    if (!cq_reply_len(hash)) {
        why = "the job is gone";
    } else if (!runtime) {
        why = refusal->data;
    } else if (!cq_fields_keep(hash, &fields)) {
        why = "the job is too large";
    } else if (cq_callback_name(cq_buf_view(&fields), CQ_CALLBACK_FAILURE).len) {
        struct cq_callback_order order = {
            .kind = CQ_CALLBACK_FAILURE,
            .runtime = cq_router_find_name(process->router,
                                           cq_callback_name(cq_buf_view(&fields), CQ_CALLBACK_FAILURE)),
            .worker = process->name,
            .job_id = cq_str(running->job->job_id),
            .queue = cq_str(running->job->queue),
            .exc = cq_str(text),
            .fields = cq_buf_view(&fields),
            .over = on_called,
            .data = running,
        };
        cq_callback_start(process, &order, &running->callback);
    } else {
        why = "the job names none any more";
    }
    cq_buf_release(&fields);
    return why;
}

static void on_hash(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    struct running *running = data;
    struct cq_process *process = running->orphans->process;
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
        cq_log_job_warning(&process->logger, running->job->job_id, "its failure callback is left out: %s",
                           why);
        finished(running);
    }
    cq_buf_release(&refusal);
}

static void ask(struct running *running, struct waiting *job)
{
    struct cq_process *process = running->orphans->process;
    running->job = job;
    struct cq_key key = cq_key_job(cq_str(job->job_id));
    struct cq_command *command = cq_async_begin(process->redis);
    cq_command_text(command, "HGETALL");
    cq_command_arg(command, cq_key_str(&key));
    cq_async_call(process->redis, command, on_hash, running);
}

void cq_orphans_next(struct cq_orphans *orphans)
{
    for (int i = 0; i < AT_ONCE && orphans->first && cq_async_is_ready(orphans->process->redis); i++)
        if (!orphans->running[i].job)
            ask(&orphans->running[i], take_first(orphans));
}

void cq_orphans_add(struct cq_orphans *orphans, struct cq_str job_id, struct cq_str queue)
{
    if (orphans->len == WAITING_MAX) {
        cq_log_warning(&orphans->process->logger, "%.*s: its failure callback is left out: %d wait already",
                       (int)job_id.len, job_id.data, WAITING_MAX);
        return;
    }
    struct waiting *job = cq_calloc(1, sizeof(*job));
    job->job_id = cq_strndup(job_id.data, job_id.len);
    job->queue = cq_strndup(queue.data, queue.len);
    *orphans->last = job;
    orphans->last = &job->next;
    orphans->len++;
    cq_orphans_next(orphans);
}
