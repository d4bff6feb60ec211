#include "worker/scheduler.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/timer.h"
#include "lifecycle/schedule/due.h"
#include "lifecycle/schedule/scheduler.h"
#include "lifecycle/schedule/scheduler_stop.h"
#include "lifecycle/schedule/unattended.h"

enum { DUE_CHUNK = 200 }; /* jobs of one call: 1.5 ms of Redis, 3 ms at most on a busy machine */

static const double pass_every_s = 1.0;  /* RQ's interval */
static const double first_look_s = 10.0; /* for schedulers that are missing: others may just be starting */

struct cq_scheduler {
    struct cq_worker_context *context;
    bool works;     /* --with-scheduler */
    bool prepared;  /* in burst mode: its only pass is over */
    bool asking;    /* a pass is on its way */
    bool stopped;   /* no pass any more */
    bool releasing; /* its locks are being given back */
    bool failing;   /* the last pass was refused: said once */
    bool seen;      /* a pass was answered: whose the locks are is known */
    char name[CQ_SCHEDULER_NAME_SIZE];
    struct cq_scheduler_identity identity;
    enum cq_lock *locks; /* owned: of each queue, as the last pass found it */
    struct cq_timer pass_timer, look_timer;
};

static void pass(struct cq_scheduler *scheduler);

static void on_stopped(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    (void)reply; /* when it was lost the locks expire by themselves */
    struct cq_scheduler *scheduler = data;
    scheduler->releasing = false;
    if (!scheduler->prepared && scheduler->context->settings->burst) {
        scheduler->prepared = !lost; /* else once more, on the next connection */
        if (scheduler->prepared && !scheduler->stopped)
            cq_worker_tell(scheduler->context, CQ_NEWS_PREPARED);
    }
    cq_worker_tell(scheduler->context, CQ_NEWS_DONE);
}

static void release(struct cq_scheduler *scheduler)
{
    struct cq_worker_context *context = scheduler->context;
    scheduler->releasing = true;
    struct cq_command *command = cq_async_begin(context->redis);
    cq_scheduler_stop_build(&scheduler->identity, command);
    cq_async_call(context->redis, command, on_stopped, scheduler);
}

/* Log one line when a lock changes. When ours has expired, we slept or were cut off from Redis. */
static void tell_lock(struct cq_scheduler *scheduler, size_t at, enum cq_lock lock)
{
    struct cq_worker_context *context = scheduler->context;
    enum cq_lock before = scheduler->locks[at];
    bool was_ours = before == CQ_LOCK_ACQUIRED || before == CQ_LOCK_RENEWED;
    int len = (int)context->queues[at].len;
    const char *queue = context->queues[at].data;
    if (lock == CQ_LOCK_ACQUIRED && was_ours)
        cq_log_warning(&context->logger, "scheduler %s: the lock of queue %.*s had expired; taken again",
                       scheduler->name, len, queue);
    else if (lock == CQ_LOCK_ACQUIRED)
        cq_log_info(&context->logger, "scheduler %s: has the lock of queue %.*s", scheduler->name, len,
                    queue);
    else if (lock == CQ_LOCK_TAKEN && was_ours)
        cq_log_warning(&context->logger, "scheduler %s: the lock of queue %.*s was taken over by another one",
                       scheduler->name, len, queue);
    else if (lock == CQ_LOCK_TAKEN && !scheduler->seen)
        cq_log_info(&context->logger,
                    "scheduler %s: stands by for queue %.*s, whose lock another scheduler has",
                    scheduler->name, len, queue);
    else if (lock == CQ_LOCK_BROKEN && before != CQ_LOCK_BROKEN)
        cq_log_error(
            &context->logger,
            "scheduler %s: rq:scheduler-lock:%.*s or rq:scheduled:%.*s holds something else; nothing is "
            "scheduled there until "
            "it is "
            "removed",
            scheduler->name, len, queue, len, queue);
    scheduler->locks[at] = lock;
}

static void tell(struct cq_scheduler *scheduler, const struct cq_reply *reply, const struct cq_due *due)
{
    struct cq_worker_context *context = scheduler->context;
    for (size_t i = 0; i < context->queue_count; i++)
        tell_lock(scheduler, i, cq_due_lock(reply, i));
    scheduler->seen = true;
    if (due->moved)
        cq_log_debug(&context->logger, "scheduler %s: queued %lld job%s", scheduler->name,
                     (long long)due->moved, due->moved == 1 ? "" : "s");
    if (due->dropped)
        cq_log_info(
            &context->logger,
            "scheduler %s: dropped %lld scheduled entr%s whose job is gone, canceled or queued already",
            scheduler->name, (long long)due->dropped, due->dropped == 1 ? "y" : "ies");
}

static void on_due(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    struct cq_scheduler *scheduler = data;
    struct cq_worker_context *context = scheduler->context;
    struct cq_due due = {.wait_ms = CQ_DUE_NONE};
    struct cq_error err;
    scheduler->asking = false;
    if (lost && lost->code == CQ_ERR_CONNECTION)
        return; /* whose the locks are now, the first pass on the next connection says */
    if (lost || cq_due_read(reply, &due, &err) != CQ_OK) {
        if (!scheduler->failing)
            cq_log_error(&context->logger, "scheduler %s: %s; trying again every second", scheduler->name,
                         lost ? lost->text : err.text);
        scheduler->failing = true;
    } else {
        scheduler->failing = false;
        tell(scheduler, reply, &due);
        if (due.moved)
            cq_worker_tell(context, CQ_NEWS_WORK);
    }
    if (scheduler->stopped)
        return;
    if (due.wait_ms == 0)
        pass(scheduler);
    else if (context->settings->burst)
        release(scheduler);
    else
        cq_timer_arm(&scheduler->pass_timer, due.wait_ms > 0 && (double)due.wait_ms < 1000 * pass_every_s
                                                 ? (double)due.wait_ms / 1000
                                                 : pass_every_s);
}

static void pass(struct cq_scheduler *scheduler)
{
    struct cq_worker_context *context = scheduler->context;
    if (scheduler->asking || scheduler->stopped || !cq_async_is_ready(context->redis))
        return;
    scheduler->asking = true;
    struct cq_command *command = cq_async_begin(context->redis);
    cq_due_build(&scheduler->identity, cq_clock_now(), DUE_CHUNK, command);
    cq_async_call(context->redis, command, on_due, scheduler);
}

static void on_pass_timer(void *data)
{
    pass(data);
}

static void on_unattended(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    struct cq_worker_context *context = ((struct cq_scheduler *)data)->context;
    for (size_t i = 0; !lost && i < context->queue_count; i++) {
        int64_t count = cq_unattended_count(reply, i);
        if (count > 0)
            cq_log_warning(
                &context->logger,
                "%lld scheduled job%s of queue %.*s would wait for ever: no scheduler runs; start a "
                "worker with --with-scheduler",
                (long long)count, count == 1 ? "" : "s", (int)context->queues[i].len,
                context->queues[i].data);
    }
}

static void on_look_timer(void *data)
{
    struct cq_scheduler *scheduler = data;
    struct cq_worker_context *context = scheduler->context;
    if (!cq_async_is_ready(context->redis))
        return;
    struct cq_command *command = cq_async_begin(context->redis);
    cq_unattended_build(context->queues, context->queue_count, command);
    cq_async_call(context->redis, command, on_unattended, scheduler);
}

struct cq_scheduler *cq_scheduler_new(struct cq_worker_context *context)
{
    struct cq_scheduler *scheduler = cq_calloc(1, sizeof(*scheduler));
    scheduler->context = context;
    scheduler->works = context->settings->with_scheduler;
    scheduler->locks = cq_calloc(context->queue_count, sizeof(*scheduler->locks));
    cq_scheduler_name_generate(getpid(), scheduler->name);
    scheduler->identity = (struct cq_scheduler_identity){
        .name = scheduler->name,
        .hostname = context->hostname,
        .pid = getpid(),
        .created_at = cq_clock_now(),
        .queues = context->queues,
        .queue_count = context->queue_count,
    };
    cq_timer_init(&scheduler->pass_timer, context->loop, on_pass_timer, scheduler);
    cq_timer_init(&scheduler->look_timer, context->loop, on_look_timer, scheduler);
    return scheduler;
}

bool cq_scheduler_prepare(struct cq_scheduler *scheduler)
{
    if (!scheduler->works || !scheduler->context->settings->burst || scheduler->prepared ||
        scheduler->stopped)
        return true;
    if (!scheduler->releasing)
        pass(scheduler);
    return false;
}

void cq_scheduler_resume(struct cq_scheduler *scheduler)
{
    double interval_s = scheduler->context->settings->maintenance_interval_s;
    if (scheduler->context->settings->burst || scheduler->stopped)
        return;
    if (scheduler->works)
        pass(scheduler);
    else if (!cq_timer_is_armed(&scheduler->look_timer))
        cq_timer_arm_every(&scheduler->look_timer, interval_s < first_look_s ? interval_s : first_look_s,
                           interval_s);
}

void cq_scheduler_stop(struct cq_scheduler *scheduler)
{
    if (scheduler->stopped)
        return;
    scheduler->stopped = true;
    cq_timer_cancel(&scheduler->pass_timer);
    cq_timer_cancel(&scheduler->look_timer);
    bool has_locks = scheduler->asking || (scheduler->seen && !scheduler->prepared);
    if (has_locks && !scheduler->releasing && cq_async_is_ready(scheduler->context->redis))
        release(scheduler);
}

bool cq_scheduler_is_stopping(const struct cq_scheduler *scheduler)
{
    return scheduler->releasing;
}

void cq_scheduler_free(struct cq_scheduler *scheduler)
{
    if (!scheduler)
        return;
    cq_timer_cancel(&scheduler->pass_timer);
    cq_timer_cancel(&scheduler->look_timer);
    free(scheduler->locks);
    free(scheduler);
}
