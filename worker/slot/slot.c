#include "worker/slot/slot.h"

void cq_slot_redis_ready(struct cq_slot *slot)
{
    cq_worker_raise(&slot->worker, CQ_WORKER_REDIS_READY);
}

void cq_slot_work(struct cq_slot *slot)
{
    cq_worker_raise(&slot->worker, CQ_WORKER_WORK);
}

void cq_slot_stop(struct cq_slot *slot)
{
    cq_worker_raise(&slot->worker, CQ_WORKER_STOP);
}

void cq_slot_abandon(struct cq_slot *slot)
{
    cq_worker_raise(&slot->worker, CQ_WORKER_ABANDON);
}

void cq_slot_process_ends(struct cq_slot *slot)
{
    cq_worker_raise(&slot->worker, CQ_WORKER_PROCESS_ENDS);
}
