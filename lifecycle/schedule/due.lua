-- One pass of a scheduler. It takes or renews the lock of each of its queues. Where the lock is ours it puts
-- due jobs on their list, the longest due first. A scheduler without the lock moves nothing: it may have been
-- stopped for an hour after it sent this. RQ's scheduler looks, reads and moves in three steps; an id of ours
-- leaves rq:scheduled in the step that pushes it.
-- The clock of this Redis, which also ends locks, decides what is due. It is one for all schedulers, and no
-- jump of a worker's clock queues a job early, late or twice.
-- Source: rq/scheduler.py acquire_locks, heartbeat, enqueue_scheduled_jobs; rq/scripts.py
-- ACQUIRE_OR_REFRESH_LOCK_SCRIPT; rq/job.py should_enqueue_at_front.
-- Returns {milliseconds until the next job of these queues is due (0: at once, there is more; -1: none is
-- scheduled), moved, dropped, put off, then of each queue: 0 another scheduler has the lock, 1 taken, 2
-- renewed, 3 a key of it holds something else}.
-- Errors: none of its own.
local scheduler = unpack(KEYS) -- rq:scheduler:<name>; then rq:scheduler-lock:<queue> of each queue
-- name, lock_ttl      of the scheduler; seconds
-- limit               jobs looked at in this call
-- now_iso             by the worker's clock, as all times in hashes
-- then                field, value ... of the scheduler's hash
local name, lock_ttl, limit, now_iso = unpack(ARGV)
local lock_prefix = #key_scheduler_lock('')
-- include seconds.lua
-- include push.lua
local seconds, micros = unpack(redis.call('TIME'))
local now_s = tonumber(seconds)
local now = now_s + tonumber(micros) / 1000000
local TAKEN, ACQUIRED, RENEWED, BROKEN = 0, 1, 2, 3
local counts = {moved = 0, dropped = 0, kept = 0}

local function hold(lock)
    local owner = redis.pcall('GET', lock)
    if type(owner) == 'table' then return BROKEN end
    if not owner then
        redis.call('SET', lock, name, 'EX', lock_ttl)
        return ACQUIRED
    end
    if owner ~= name then return TAKEN end
    redis.call('EXPIRE', lock, lock_ttl)
    return RENEWED
end

-- When an entry that cannot be judged now is looked at again.
local function look_again(registry, id, at)
    redis.call('ZADD', registry, at, id)
    return 'kept'
end

-- RQ's registry.schedule writes the entry before the pipeline with the job is sent: one without a job is
-- looked at once more, and its score has half a second then, which no score of RQ's has.
local function without_job(registry, id, score)
    if score % 1 == 0 then return look_again(registry, id, now_s + 5.5) end
    redis.call('ZREM', registry, id)
    redis.call('DEL', key_results(id), key_output(id)) -- of earlier attempts: nobody else would look for them
    return 'dropped'
end

-- As RQ, without asking for dependencies, and whatever its status, but: canceled stays canceled; queued is on
-- its list already, which RQ's enqueue_job of a scheduled job leads to; and started runs, so that it is asked
-- again when it ended.
local function move(queue, registry, id, score)
    local job = key_job(id)
    local found = redis.pcall('HMGET', job, 'status', 'ttl', 'enqueue_at_front', 'enqueue_at_front_on_retry',
        'ended_at', 'rate_limit_key', 'rate_limit_concurrency')
    if found.err then return without_job(registry, id, score) end
    local status, ttl, front, front_on_retry, ended_at, limit_key, concurrency = unpack(found)
    if not status and redis.call('EXISTS', job) == 0 then return without_job(registry, id, score) end
    if status == 'started' then return look_again(registry, id, now_s + 1) end
    if status == 'canceled' or status == 'queued' then
        redis.call('ZREM', registry, id)
        return 'dropped'
    end
    if status ~= 'scheduled' then -- RQ would leave it there as well
        for _, kind in ipairs({'finished', 'failed', 'deferred'}) do
            redis.call('ZREM', key_registry(kind, queue), id)
        end
    end
    local retried = (tonumber(front_on_retry) or 0) ~= 0 and ended_at and ended_at ~= ''
    push_job(id, queue, retried or (tonumber(front) or 0) ~= 0, ttl, now_iso, limit_key, concurrency)
    redis.call('ZREM', registry, id)
    return 'moved'
end

-- Those of one queue, at most so many. Returns how many they were.
local function move_due(queue, registry, most)
    local due = redis.call('ZRANGEBYSCORE', registry, 0, string.format('%.6f', now), 'WITHSCORES', 'LIMIT', 0,
        most)
    for at = 1, #due, 2 do
        local moved, verdict = pcall(move, queue, registry, due[at], tonumber(due[at + 1]))
        if not moved then
            -- One of its keys holds something else. It waits for a repair, and the others do not wait for it.
            redis.pcall('HSET', key_job(due[at]), 'status', 'scheduled')
            verdict = look_again(registry, due[at], now_s + 60)
        end
        counts[verdict] = counts[verdict] + 1
    end
    return #due / 2
end

-- Seconds until its first job is due, 0 or less: it is. Negative scores are never due, in RQ either.
local function wait_of(registry)
    local first = redis.call('ZRANGEBYSCORE', registry, 0, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2]
    return first and tonumber(first) - now or math.huge
end

-- A delete first: after it Redis takes the rest even when its memory is full, which what waits here may be
-- the reason for.
redis.call('DEL', scheduler)
local states, owned, wait = {}, 0, math.huge
local ready = {} -- queues with due jobs
for at = after_keys, #KEYS do
    local queue = string.sub(KEYS[at], lock_prefix + 1)
    local registry = key_registry('scheduled', queue)
    local state = hold(KEYS[at])
    if state == ACQUIRED or state == RENEWED then
        owned = owned + 1
        local readable, queue_wait = pcall(wait_of, registry)
        if not readable then state = BROKEN
        elseif queue_wait <= 0 then ready[#ready + 1] = {queue, registry}
        else wait = math.min(wait, queue_wait) end
    end
    states[#states + 1] = state
end

-- Each queue has its share, so that the backlog of one does not hold up the jobs of another.
local left = tonumber(limit)
for at, found in ipairs(ready) do
    left = left - move_due(found[1], found[2], math.max(1, math.floor(left / (#ready - at + 1))))
    wait = math.min(wait, wait_of(found[2]))
end
if owned > 0 then
    redis.call('HSET', scheduler, unpack(ARGV, after_args))
    redis.call('EXPIRE', scheduler, lock_ttl)
end
local wait_ms = -1
if wait < math.huge then wait_ms = math.max(0, math.ceil(wait * 1000)) end
return {wait_ms, counts.moved, counts.dropped, counts.kept, unpack(states)}
