-- needs: epoch_of, now, now_iso, slots_of, wait_for_slot
-- gives: window_left, waiting_since, set_aside, wake_waiting, next_wake
-- include iso.lua
-- include slots.lua
--
-- Limit how many jobs of a key may start in a window of time: rq:cq:limit:<key> has rate and window
-- (seconds), set by `cq limit`. In no window of that length, wherever it begins, more jobs start than that.
--
-- rq:cq:starts:<key> has the times of the newest starts, as many as may be in a window. So the rule is exact,
-- and allows bursts. The two numbers of a token bucket need less memory, but let nearly twice as many
-- through, or space all starts evenly.
--
-- A job whose start would be one too many leaves its list for rq:scheduled. Every tool sees it there, and any
-- scheduler, RQ's too, brings it back. Its score is about the time of its turn. cq's workers bring it back
-- before that, and in order. rq:cq:waiting:<key> has the ids by their time of enqueueing, rq:cq:waiting the
-- keys by when their next job may start. Every fetch, and abandon.lua, puts jobs whose time has come onto the
-- front of their lists. They are counted when they start.
-- Source: none; RQ has no such limit.

-- How many more jobs this call may set aside or bring back, shared with next_rarely.lua; how many keys it
-- looks at.
local window_left, window_keys = 200, 20

local function rate_of(key)
    local rate, window = unpack(redis.pcall('HMGET', key_limit(key), 'rate', 'window'))
    rate, window = tonumber(rate or ''), tonumber(window or '')
    if rate and window and rate >= 1 and window > 0 then return rate, window end
end

-- When the nth job from now may start; 0, or a time that has passed: now. Beyond the first window it is an
-- estimate: as if all started in time.
local function start_time(key, rate, window, nth)
    local turns = math.max(0, math.ceil((nth - rate) / rate))
    nth = nth - turns * rate
    local length = redis.pcall('LLEN', key_starts(key))
    if type(length) ~= 'number' then return 0 end -- not our list
    local oldest = length + nth - rate -- so many of the oldest have to have left the window
    local at = oldest > 0 and redis.call('LINDEX', key_starts(key), -oldest)
    at = at and (tonumber(at) or 0) + window or 0
    if turns > 0 then at = math.max(at, tonumber(now)) + turns * window end
    return at
end

local function waiting_since(enqueued_at, created_at)
    return epoch_of(enqueued_at or '') or epoch_of(created_at or '') or 0
end

-- A job that was taken off its list is about to start. False: it may, and is counted; true: it was set aside.
local function set_aside(key, id, queue, enqueued_at, created_at)
    local rate, window = rate_of(key)
    if not rate then return false end
    local starts, ids = key_starts(key), key_waiting_of(key)
    local free_at = start_time(key, rate, window, 1)
    if free_at <= tonumber(now) then
        if type(redis.pcall('LPUSH', starts, now)) == 'number' then
            redis.call('LTRIM', starts, 0, rate - 1)
            redis.call('EXPIRE', starts, math.ceil(window) + 60)
        end
        return false
    end
    local due = start_time(key, rate, window, redis.call('ZCARD', ids) + 1)
    redis.call('ZADD', ids, waiting_since(enqueued_at, created_at), id)
    redis.call('ZADD', key_waiting(), free_at, key)
    -- Last: a call that fails leaves the job on its list.
    redis.call('ZADD', key_registry('scheduled', queue), math.ceil(due) + 1, id)
    redis.call('SADD', key_queues(), key_queue(queue))
    redis.call('HSET', key_job(id), 'status', 'scheduled', 'origin', queue)
    window_left = window_left - 1
    return true
end

-- RQ's scheduler reads due jobs in one step and queues them in another. A job that is taken in between would
-- be on its list twice, so jobs that it may have read are left to it. cq's schedulers move a job in one step.
-- Their names are digits; RQ's are UUIDs.
local function is_for_rq(queue, id)
    local due = redis.pcall('ZSCORE', key_registry('scheduled', queue), id)
    if type(due) ~= 'string' or tonumber(due) > tonumber(now) then return false end
    local scheduler = redis.pcall('GET', key_scheduler_lock(queue))
    return type(scheduler) == 'string' and not string.match(scheduler, '^%d+$')
end

-- Drop an entry whose job is not set aside any more: it was canceled, deleted, brought back by a scheduler,
-- enqueued or scheduled anew. Returns nil then, and false for a job that is left to RQ's scheduler.
local function was_set_aside(key, id, since)
    local status, origin, enqueued_at, created_at, concurrency = unpack(redis.pcall('HMGET', key_job(id),
        'status', 'origin', 'enqueued_at', 'created_at', 'rate_limit_concurrency'))
    if status == 'scheduled' and origin and is_for_rq(origin, id) then return false end
    redis.call('ZREM', key_waiting_of(key), id)
    if status ~= 'scheduled' or not origin or waiting_since(enqueued_at, created_at) ~= tonumber(since) or
        redis.call('ZREM', key_registry('scheduled', origin), id) == 0 then return nil end
    return {id, origin, slots_of(key, concurrency)}
end

-- A job that RQ 3.0 took the slot from meanwhile waits for one again.
local function bring_back(key, job)
    local id, queue, slots = unpack(job, 1, 3)
    if slots and not redis.call('ZSCORE', key_allowed(key), id) then
        wait_for_slot(id, queue, false, now_iso, key, slots)
    else
        redis.call('HSET', key_job(id), 'status', 'queued')
        redis.call('LPUSH', key_queue(queue), id)
    end
end

local function wake_key(key)
    local rate, window = rate_of(key)
    local ids, jobs, left, next_at = key_waiting_of(key), {}, false, 0
    local entries = redis.call('ZRANGE', ids, 0, window_left - 1, 'WITHSCORES')
    for at = 1, #entries, 2 do
        if rate and start_time(key, rate, window, #jobs + 1) > tonumber(now) then break end
        local job = was_set_aside(key, entries[at], entries[at + 1])
        if job == false then left = true else jobs[#jobs + 1] = job end
        window_left = window_left - 1
    end
    for at = #jobs, 1, -1 do bring_back(key, jobs[at]) end
    if rate then next_at = start_time(key, rate, window, #jobs + 1) end
    if left and next_at <= tonumber(now) then next_at = now + 1 end -- the pause of RQ's scheduler
    next_at = math.max(next_at, rate and now + 0.01 or tonumber(now))
    if redis.call('EXISTS', ids) == 0 then
        redis.call('ZREM', key_waiting(), key)
    else
        redis.call('ZADD', key_waiting(), next_at, key)
    end
end

-- Bring back what may start now. One whose keys hold something else is looked at again in a minute.
local function wake_waiting()
    for _, key in ipairs(redis.pcall('ZRANGEBYSCORE', key_waiting(), '-inf', now, 'LIMIT', 0, window_keys)) do
        if window_left <= 0 then return end
        if not pcall(wake_key, key) then redis.call('ZADD', key_waiting(), now + 60, key) end
    end
end

-- Milliseconds until the next one may start, 0: nothing waits.
local function next_wake()
    local at = redis.pcall('ZRANGE', key_waiting(), 0, 0, 'WITHSCORES')[2]
    return at and math.max(1, math.ceil((tonumber(at) - now) * 1000)) or 0
end
