-- needs: may_start, now_s, paused, set_aside, waiting_since, window_left, worker_executions
-- sets: window_left
-- gives: started_before, is_paused, keeps_limits, windows_spent
-- include latency.lua
-- include windows.lua
-- What next.lua needs for some jobs, queues and calls only.

local function started_before(queue_keys, first, execution)
    for _, member in ipairs(redis.call('SMEMBERS', worker_executions)) do
        if string.sub(member, -#execution - 1) == ':' .. execution then
            local id = string.sub(member, 1, -#execution - 2)
            local list = key_queue(redis.call('HGET', key_job(id), 'origin') or '')
            for at = first, #queue_keys do
                if queue_keys[at] == list then
                    return {'started', at - first, id, redis.call('HGETALL', key_job(id))}
                end
            end
        end
    end
    return nil
end

-- The first call that sees a pause that is over takes it away.
local function is_paused(queue)
    local ends = redis.pcall('HGET', paused, queue)
    if type(ends) ~= 'string' then return false end
    if tonumber(ends) and tonumber(ends) <= tonumber(now_s) then
        redis.call('HDEL', paused, queue)
        return false
    end
    return true
end

-- Whether a job of this key may start; else it waits now, for a slot or for its rate.
local function keeps_limits(id, queue, key)
    local enqueued_at, created_at, concurrency = unpack(redis.call('HMGET', key_job(id), 'enqueued_at',
        'created_at', 'rate_limit_concurrency'))
    if may_start(id, queue, waiting_since(enqueued_at, created_at), key, concurrency) then
        return not set_aside(key, id, queue, enqueued_at, created_at)
    end
    window_left = window_left - 1
    return false
end

local function windows_spent() return window_left <= 0 end
