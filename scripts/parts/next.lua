-- needs: paused, rare, resume, start_job, suspended, targets
-- gives: next_job
--
-- Pop the next job over queue_keys[first], queue_keys[first + 1] ..., start it and return it with its hash.
-- resume '1': this call was sent before and its answer was lost. A job that it started then is found by the
--   execution id in the set of the worker's executions, and is returned again. '2': the same, and no other
--   job is taken.
-- counts: as in start.lua. targets: as in latency.lua.
-- An id whose hash is gone (expired, deleted, not a hash at all) or whose job was canceled is dropped, at
-- most dead_limit in a call, so that Redis is never held for long.
-- 'again': there is more to look at before the call can say that there is no job. With 'empty' come the
-- milliseconds until a job that was set aside may start (0: there is none). Then come the places of queues
-- that have jobs and are paused: a peek at them would return at once.
-- Source: rq/queue.py dequeue_any.
local dead_limit = 2000

-- Returns the job's hash, or nil: the limits of its key do not let it start now.
local function start_in_time(id, queue, execution, worker_lives, counts, fields)
    local key = fields[7]
    if key and key ~= '' and not rare.keeps_limits(id, queue, key) then return nil end
    return start_job(id, queue, execution, worker_lives, counts, fields[2], fields[3], fields[4])
end

local function next_job(queue_keys, first, execution, worker_lives, counts)
    local before = resume ~= '0' and rare.started_before(queue_keys, first, execution)
    if before then return before end
    if resume == '2' then return {'empty', 0} end
    local special = redis.call('EXISTS', suspended, paused, key_waiting()) > 0
    if special then
        if redis.call('EXISTS', suspended) == 1 then return {'suspended'} end
        rare.wake_waiting()
    end
    local dead, released, empty = 0, false, {'empty', 0}
    local order = targets ~= '' and rare.by_latency(queue_keys, first)
    for turn = first, #queue_keys do
        local at = order and order[turn - first + 1] or turn
        local queue = string.sub(queue_keys[at], #key_queue('') + 1)
        local closed = special and rare.is_paused(queue)
        if closed and redis.call('LLEN', queue_keys[at]) > 0 then empty[#empty + 1] = at - first end
        local id = not closed and redis.call('LPOP', queue_keys[at])
        while id do
            local fields = redis.pcall('HMGET', key_job(id), 'status', 'origin', 'timeout', 'ttl',
                'created_at', 'last_heartbeat', 'rate_limit_key')
            local status = fields[1]
            if not fields.err and status ~= 'canceled' and (status or fields[5] or fields[6] or
                redis.call('EXISTS', key_job(id)) == 1) then
                local started, result = pcall(start_in_time, id, queue, execution, worker_lives, counts,
                    fields)
                if started and result then return {'started', at - first, id, result} end
                if started then
                    special = true
                    if rare.windows_spent() then return {'again'} end
                else
                    -- One of its keys holds something else: it is not lost, and does not block the others.
                    redis.call('HSET', key_job(id), 'status', 'queued')
                    redis.call('RPUSH', queue_keys[at], id)
                    error(result)
                end
            else
                -- Its hash expired here, and with it who would end what earlier attempts have left.
                if not fields.err and status ~= 'canceled' then
                    redis.call('DEL', key_results(id), key_output(id))
                end
                dead = dead + 1
                if dead >= dead_limit then return {'again'} end
            end
            id = redis.call('LPOP', queue_keys[at])
        end
        -- Nothing to do is the time for what an earlier call had to leave: it may well be jobs of this queue.
        if not closed and redis.call('LINDEX', key_releasing(queue), 0) and rare.release_some(queue) then
            released = true
        end
    end
    if special then empty[2] = rare.next_wake() end
    return released and {'again'} or empty
end
