-- needs: epoch_of
-- gives: slots_of, fill_slots, enter_limit, wait_for_slot, may_start, release_slot, leave_limit, pass_slot_on
-- include iso.lua
--
-- Limit how many jobs of a key may be queued or run at a time, as RQ 3.0 does.
--   rq:rl:<key>               the number (concurrency)
--   rq:rl:<key>:allowed       the jobs that have a slot
--   rq:rl:<key>:rate_limited  those that wait for one: status rate_limited, on no list
--   rq:rl-keys                all keys
-- A job takes part by its fields rate_limit_key and rate_limit_concurrency. When `cq limit` has set a number
-- (rq:cq:limit:<key>), the first field is enough, and that number goes before all others. Every such job
-- waits first and is then let through, so that no job overtakes one that waits.
-- Source: rq/rate_limit.py of RQ 3.0's development, RateLimitRegistry; rq/queue.py,
-- _enqueue_rate_limited_job.

-- Jobs that a call lets through, and entries without a job that it drops; abandon.lua continues with the
-- rest.
local slots_most, stale_most = 100, 1000

-- How many; nil: no limit. concurrency: the job's own, may be nil.
local function slots_of(key, concurrency)
    local set = redis.pcall('HGET', key_limit(key), 'concurrency')
    local slots = type(set) == 'string' and tonumber(set) or tonumber(concurrency or '')
    return slots and slots >= 1 and slots or nil
end

-- Put the jobs that waited longest on their queues while there are slots. iso: now, their enqueued_at.
-- Returns how many were looked at.
local function fill_slots(key, iso)
    local allowed, limited = key_allowed(key), key_rate_limited(key)
    local slots = slots_of(key, redis.call('HGET', key_rate_limit(key), 'concurrency') or nil) or 0
    local free = math.min(slots - redis.call('ZCARD', allowed), slots_most)
    local stale, behind, looked = 0, {}, 0
    while free > 0 and stale < stale_most do
        local id = redis.call('ZPOPMIN', limited)[1]
        if not id then break end
        looked = looked + 1
        local job = key_job(id)
        local status, origin, front = unpack(redis.pcall('HMGET', job, 'status', 'origin',
            'enqueue_at_front'))
        if status == 'rate_limited' and origin then
            local pushed = redis.pcall((tonumber(front) or 0) ~= 0 and 'LPUSH' or 'RPUSH', key_queue(origin),
                id)
            if type(pushed) == 'number' then
                redis.call('HSET', job, 'status', 'queued', 'enqueued_at', iso)
                redis.call('ZADD', allowed, epoch_of(iso), id)
                free = free - 1
            else -- its list is something else: it waits on, and keeps no others
                behind[#behind + 1] = id
                stale = stale + 1
            end
        else
            -- Its ttl ended while it waited: nobody else would look for the results of earlier attempts.
            if status == false and redis.call('EXISTS', job) == 0 then
                redis.call('DEL', key_results(id), key_output(id))
            end
            stale = stale + 1
        end
    end
    for _, id in ipairs(behind) do redis.call('ZADD', limited, epoch_of(iso), id) end
    return looked
end

-- What can fail of waiting, because a key holds something else. The score comes last: before it nothing has
-- happened.
local function enter_limit(id, since, key, slots)
    redis.call('HSET', key_rate_limit(key), 'concurrency', slots)
    redis.call('SADD', key_rate_limit_keys(), key)
    redis.call('ZREM', key_allowed(key), id)
    redis.call('ZADD', key_rate_limited(key), since, id)
end

-- RQ 3 takes a job for a limited one only when it has a number of its own, and reads that of its key where a
-- job ends.
local function add_limited(id, queue, since, key, slots)
    enter_limit(id, since, key, slots)
    redis.call('HSET', key_job(id), 'status', 'rate_limited', 'origin', queue)
    redis.call('HSETNX', key_job(id), 'rate_limit_concurrency', slots)
end

-- A job that is to be queued waits for a slot of its key; it may get one at once. Its hash has all but status
-- and origin.
local function wait_for_slot(id, queue, at_front, iso, key, slots)
    add_limited(id, queue, epoch_of(iso), key, slots)
    redis.call('SADD', key_queues(), key_queue(queue))
    if at_front then redis.call('HSET', key_job(id), 'enqueue_at_front', 1) end
    fill_slots(key, iso)
end

-- A job that is about to start. It may have come onto its list without a slot: by the hand of RQ 2.12, whose
-- requeue, scheduler and dependents know of no limits, or before there was one for its key. It takes a slot
-- that is free, or waits for one, in the order of since (epoch). Returns whether it may start.
local function may_start(id, queue, since, key, concurrency)
    local slots = slots_of(key, concurrency)
    -- an error: not a set, no concern of this job's
    if not slots or redis.pcall('ZSCORE', key_allowed(key), id) then return true end
    if redis.call('ZCARD', key_allowed(key)) >= slots then
        add_limited(id, queue, since, key, slots)
        return false
    end
    redis.call('ZADD', key_allowed(key), since, id)
    redis.call('SADD', key_rate_limit_keys(), key)
    redis.call('HSET', key_rate_limit(key), 'concurrency', slots)
    return true
end

-- A job's end, or its way into rq:scheduled: the slot is the next one's. key: nil or '' for most jobs.
-- Keys that hold something else do not matter to the job that ends.
local function release_slot(key, id, iso)
    if not key or key == '' then return end
    pcall(function()
        redis.call('ZREM', key_allowed(key), id)
        fill_slots(key, iso)
    end)
end

-- A job that is canceled, deleted or enqueued anew does not wait any more. One that runs keeps its slot until
-- it ends. pass_slot_on, the next one that ends, or abandon.lua lets the next job through: a script that
-- takes out many jobs must not push as many meanwhile.
local function leave_limit(id, runs)
    local key = redis.pcall('HGET', key_job(id), 'rate_limit_key')
    if type(key) ~= 'string' or key == '' then return end
    redis.pcall('ZREM', key_rate_limited(key), id)
    redis.pcall('ZREM', key_waiting_of(key), id)
    if not runs then redis.pcall('ZREM', key_allowed(key), id) end
end

-- Behind leave_limit, of one job alone. key: as in release_slot.
local function pass_slot_on(key, iso)
    if key and key ~= '' then pcall(fill_slots, key, iso) end
end
