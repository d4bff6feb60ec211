-- needs: keep_waiting, slots_of, wait_for_slot
-- gives: push_job
-- include keep.lua
-- include slots.lua
-- A job waits on its queue's list, as after RQ's Queue._persist_job. Source: rq/queue.py _enqueue_async_job.
-- limit_key, concurrency: of the job's hash; a job that has them waits for a slot of its key. Left out for
-- one that has a slot already.
local function push_job(id, queue, at_front, ttl, enqueued_at, limit_key, concurrency)
    local slots = limit_key and limit_key ~= '' and slots_of(limit_key, concurrency)
    if slots then
        keep_waiting(id, ttl)
        wait_for_slot(id, queue, at_front, enqueued_at, limit_key, slots)
        return
    end
    redis.call('SADD', key_queues(), key_queue(queue))
    redis.call('HSET', key_job(id), 'status', 'queued', 'origin', queue, 'enqueued_at', enqueued_at)
    keep_waiting(id, ttl)
    redis.call(at_front and 'LPUSH' or 'RPUSH', key_queue(queue), id)
end
