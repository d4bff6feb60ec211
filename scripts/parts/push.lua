-- Ways for a job to wait: on its queue's list, or in rq:scheduled. Both are RQ's Queue._persist_job: a ttl of the job's
-- own starts again; without one, no expiry from an earlier end may strike while it waits (RQ forgets that).
-- Source: rq/queue.py _enqueue_async_job, schedule_job; rq/job.py Job.cleanup.
-- include slots.lua
local function keep_waiting(id, ttl)
    local job = key_job(id)
    ttl = seconds_of(ttl, 0)
    for _, key in ipairs({job, key_dependents(id), key_dependencies(id)}) do
        if ttl > 0 then redis.call('EXPIRE', key, ttl) else redis.call('PERSIST', key) end
    end
end

-- limit_key, concurrency: of the job's hash; a job that has them waits for a slot of its key. Left out for one that has a slot already.
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

local function schedule_job(id, queue, due_s, ttl)
    redis.call('SADD', key_queues(), key_queue(queue))
    redis.call('HSET', key_job(id), 'status', 'scheduled', 'origin', queue)
    keep_waiting(id, ttl)
    redis.call('ZADD', key_registry('scheduled', queue), due_s, id)
end

-- The number at a place of a JSON list of seconds, counted from 0; past its end the last one; 0 when there is none.
local function interval_at(list, index)
    local readable, intervals = pcall(cjson.decode, list or '')
    if not readable then return 0 end
    if type(intervals) == 'table' then intervals = intervals[math.min(index + 1, #intervals)] end
    return seconds_of(intervals, 0)
end

-- Again, after so many seconds: 0 is now. Returns the verdict.
local function run_again(id, queue, interval, at_front, ttl)
    if interval > 0 then
        schedule_job(id, queue, math.floor(now + interval), ttl)
        return 'scheduled'
    end
    push_job(id, queue, at_front, ttl, now_iso)
    return 'requeued'
end
