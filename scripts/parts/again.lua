-- needs: keep_waiting, now, now_iso, push_job, seconds_of
-- gives: interval_at, run_again
-- include push.lua
-- A job is to run again: at once, or after some seconds, in rq:scheduled. Source: rq/queue.py schedule_job.
local function schedule_job(id, queue, due_s, ttl)
    redis.call('SADD', key_queues(), key_queue(queue))
    redis.call('HSET', key_job(id), 'status', 'scheduled', 'origin', queue)
    keep_waiting(id, ttl)
    redis.call('ZADD', key_registry('scheduled', queue), due_s, id)
end

-- The number at a place of a JSON list of seconds, counted from 0; past its end the last one; 0 when there is
-- none.
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
