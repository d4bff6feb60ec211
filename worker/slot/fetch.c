#include "worker/slot/fetch.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "core/queue_order.h"

static void set_order(struct cq_slot *slot)
{
    for (size_t i = 0; i < slot->context->queue_count; i++)
        slot->order_names[i] = slot->context->queues[slot->order[i]];
}

void cq_slot_init_order(struct cq_slot *slot)
{
    size_t count = slot->context->queue_count;
    slot->order = cq_calloc(count, sizeof(*slot->order));
    slot->order_names = cq_calloc(count, sizeof(*slot->order_names));
    for (size_t i = 0; i < count; i++)
        slot->order[i] = i;
    set_order(slot);
}

/* 62 bits. random(3) makes no system call, which each job would pay for; the process has seeded it. */
static uint64_t draw(void *data)
{
    (void)data;
    return (uint64_t)random() << 31 | (uint64_t)random();
}

/* Source: rq/worker/base.py reorder_queues. */
void cq_slot_reorder(struct cq_slot *slot, size_t taken_from)
{
    size_t count = slot->context->queue_count;
    enum cq_dequeue_strategy strategy = slot->context->settings->dequeue_strategy;
    if (count < 2 || strategy == CQ_DEQUEUE_DEFAULT)
        return;
    if (strategy == CQ_DEQUEUE_RANDOM)
        cq_queue_order_shuffle(slot->order, count, draw, NULL);
    else if (strategy == CQ_DEQUEUE_ROUND_ROBIN)
        cq_queue_order_rotate(slot->order, count, taken_from);
    set_order(slot);
}

void cq_slot_fill_fetch(struct cq_slot *slot, bool resume_only, struct cq_fetch *ret_fetch)
{
    struct cq_worker_context *context = slot->context;
    const struct cq_settings *settings = context->settings;
    /* Keep the id of a lost call: a job that it may have started is found by that id. An id is random for the
     * process and counted in it: as unique as RQ's uuid4().hex, without a system call for every job. */
    if (!slot->next_execution[0])
        snprintf(slot->next_execution, sizeof(slot->next_execution), "%.16s%016llx",
                 context->execution_prefix, context->execution_count++);
    if (settings->dequeue_strategy == CQ_DEQUEUE_WEIGHTED && context->queue_count > 1) {
        cq_queue_order_draw_weighted(slot->order, settings->queue_numbers, context->queue_count, draw, NULL);
        set_order(slot);
    }
    *ret_fetch = (struct cq_fetch){
        .queues = slot->order_names,
        .queue_count = context->queue_count,
        .worker = cq_str(slot->name),
        .execution_id = cq_str(slot->next_execution),
        .now = cq_clock_now(),
        .monitoring_interval_s = settings->job_monitoring_interval_s,
        .lasting = settings->reuse_horses,
        .worker_ttl_s = settings->worker_ttl_s,
        .resume = cq_worker_is_unsure(&slot->worker),
        .resume_only = resume_only,
        .targets = cq_buf_view(&context->targets),
    };
}

enum cq_found cq_slot_read_found(struct cq_slot *slot, enum cq_fetch_verdict verdict,
                                 const struct cq_started *started, enum cq_found_by by)
{
    slot->found = started;
    slot->found_by = by;
    switch (verdict) {
    case CQ_FETCH_STARTED:
        if (started->queue_index < slot->context->queue_count)
            return CQ_FOUND_JOB;
        snprintf(slot->trouble, sizeof(slot->trouble), "Redis answered with a queue that was not asked for");
        return CQ_FOUND_NONSENSE;
    case CQ_FETCH_SUSPENDED: return CQ_FOUND_SUSPENDED;
    case CQ_FETCH_AGAIN: return CQ_FOUND_MORE_TO_LOOK_AT;
    default: return CQ_FOUND_NOTHING;
    }
}

bool cq_slot_found_paused(const struct cq_slot *slot)
{
    for (size_t i = 0; slot->found && i < slot->context->queue_count; i++)
        if (cq_fetch_is_paused(slot->found, i))
            return true;
    return false;
}

static void on_fetch(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    struct cq_slot *slot = data;
    enum cq_fetch_verdict verdict = CQ_FETCH_EMPTY;
    struct cq_started started;
    struct cq_error err;
    if (!cq_worker_is_fetching(slot->worker.state))
        return;
    if (lost || cq_fetch_read(reply, &verdict, &started, &err) != CQ_OK) {
        bool gone = lost && lost->code == CQ_ERR_CONNECTION;
        snprintf(slot->trouble, sizeof(slot->trouble), "%s", lost ? lost->text : err.text);
        cq_worker_not_fetched(&slot->worker, gone ? CQ_CALL_LOST : CQ_CALL_REFUSED);
        return;
    }
    cq_worker_fetched(&slot->worker, cq_slot_read_found(slot, verdict, &started, CQ_FOUND_BY_FETCH));
    slot->found = NULL;
}

void cq_slot_send_fetch(struct cq_slot *slot)
{
    struct cq_async *redis = slot->context->redis;
    struct cq_fetch fetch;
    cq_slot_fill_fetch(slot, cq_worker_resumes_only(&slot->worker), &fetch);
    struct cq_command *command = cq_async_begin(redis);
    cq_fetch_build(&fetch, command);
    cq_async_call(redis, command, on_fetch, slot);
}
