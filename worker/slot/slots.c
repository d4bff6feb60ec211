#include "worker/slot/slots.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "worker/slot/horses.h"
#include "worker/slot/job_run.h"
#include "worker/slot/shell.h"
#include "worker/slot/heartbeat.h"

struct cq_slots *cq_slots_new(struct cq_worker_context *context)
{
    struct cq_slots *slots = cq_calloc(1, sizeof(*slots));
    slots->context = context;
    slots->items = cq_calloc(CQ_SLOTS_MAX, sizeof(*slots->items));
    return slots;
}

void cq_slots_free(struct cq_slots *slots)
{
    if (!slots)
        return;
    for (int i = 0; i < slots->count; i++)
        cq_slot_release(&slots->items[i]);
    free(slots->items);
    free(slots);
}

/* A place of a slot that is gone, or a new one; NULL: there is no room. */
static struct cq_slot *free_place(struct cq_slots *slots)
{
    for (int i = 0; i < slots->count; i++) {
        if (slots->items[i].worker.state == CQ_WORKER_GONE) {
            cq_slot_release(&slots->items[i]);
            return &slots->items[i];
        }
    }
    if (slots->count == CQ_SLOTS_MAX) /* those that still finish their jobs */
        return NULL;
    return &slots->items[slots->count++];
}

struct cq_slot *cq_slots_add(struct cq_slots *slots, enum cq_slot_origin origin, int replaces_pid)
{
    struct cq_slot *slot = free_place(slots);
    errno = 0;
    if (!slot)
        return NULL;
    cq_slot_init(slot, slots->context, (int)(slot - slots->items), origin, replaces_pid);
    if (!cq_output_open(&slot->output)) {
        int why = errno;
        cq_slot_process_ends(slot);
        errno = why;
        return NULL;
    }
    slots->context->slots_alive++;
    return slot;
}

int cq_slots_staying(const struct cq_slots *slots)
{
    int count = 0;
    for (int i = 0; i < slots->count; i++)
        count += cq_worker_stays(slots->items[i].worker.state);
    return count;
}

bool cq_slots_any_idle(const struct cq_slots *slots)
{
    for (int i = 0; i < slots->count; i++)
        if (slots->items[i].worker.state == CQ_WORKER_IDLE)
            return true;
    return false;
}

void cq_slots_work(struct cq_slots *slots)
{
    /* Ask at once for a job that a lost answer may have started; nothing else asks for it. */
    for (int i = 0; i < slots->count; i++)
        if (slots->items[i].worker.claim == CQ_CLAIM_LOST)
            cq_slot_work(&slots->items[i]);
    for (int i = 0; i < slots->count; i++)
        if (cq_worker_is_fetching(slots->items[i].worker.state))
            return;
    for (int i = 0; i < slots->count; i++) {
        cq_slot_work(&slots->items[i]);
        if (cq_worker_is_fetching(slots->items[i].worker.state))
            return;
    }
}

void cq_slots_redis_ready(struct cq_slots *slots)
{
    for (int i = 0; i < slots->count; i++)
        cq_slot_redis_ready(&slots->items[i]);
}

void cq_slots_stop(struct cq_slots *slots)
{
    for (int i = 0; i < slots->count; i++)
        cq_slot_stop(&slots->items[i]);
}

void cq_slots_abandon(struct cq_slots *slots)
{
    for (int i = 0; i < slots->count; i++)
        cq_slot_abandon(&slots->items[i]);
}

void cq_slots_process_ends(struct cq_slots *slots)
{
    for (int i = 0; i < slots->count; i++)
        cq_slot_process_ends(&slots->items[i]);
}

void cq_slots_tick(struct cq_slots *slots)
{
    for (int i = 0; i < slots->count; i++) {
        cq_horses_tick(&slots->items[i]);
        cq_slot_tick_job(&slots->items[i]);
    }
}

void cq_slots_heartbeat(struct cq_slots *slots)
{
    for (int i = 0; i < slots->count; i++)
        cq_slot_heartbeat(&slots->items[i]);
}

void cq_slots_runtime_ready(struct cq_slots *slots, struct cq_runtime *runtime)
{
    for (int i = 0; i < slots->count; i++)
        cq_slot_runtime_ready(&slots->items[i], runtime);
}

void cq_slots_runtime_failed(struct cq_slots *slots, const struct cq_runtime *runtime)
{
    for (int i = 0; i < slots->count; i++)
        cq_slot_runtime_failed(&slots->items[i], runtime);
}
