-- Clean one queue of entries that no transition would touch again, but not while a worker of RQ holds the
-- queue's lock. This is one script and needs no lock. Ids stuck between a worker's pop and its start go back
-- to the front of the queue after a minute, where RQ fails them.
-- Source: rq/registry.py clean_registries, rq/intermediate_queue.py cleanup, rq/worker_registration.py
-- clean_worker_registry, rq/group.py clean_registries.
-- Returns {entries touched, 1 when there may be more}. Errors: none of its own.
-- rq:clean_registries:<queue>, rq:finished:, rq:failed:, rq:wip:, rq:ready:<queue>, rq:queue:<queue>, its
-- :intermediate, rq:workers, rq:workers:<queue>, rq:groups
local lock, finished, failed, wip, ready, list, intermediate, workers, queue_workers, groups = unpack(KEYS)
local queue, limit, now_iso, now, now_s = unpack(ARGV)
-- include seconds.lua
-- include push.lua
-- include ends.lua
if redis.call('EXISTS', lock) == 1 then return {0, 0} end
limit = tonumber(limit)
local touched, more = 0, 0
-- entries of the list, which is searched for ids that were stuck: some 10 ms
local searched, search_most = 0, 300000

-- A delete first: after it Redis takes the rest even when its memory is full.
redis.pcall('SREM', workers, '')

-- Scores below 0 are for ever.
for _, registry in ipairs({finished, failed}) do
    local ids = redis.call('ZRANGEBYSCORE', registry, 0, now_s, 'LIMIT', 0, limit)
    for _, id in ipairs(ids) do
        redis.call('ZREM', registry, id)
        end_results(id)
    end
    touched = touched + #ids
    if #ids == limit then more = 1 end
end

local function runs(id)
    if redis.call('ZSCORE', wip, id) then return true end
    for _, execution in ipairs(redis.call('ZRANGE', key_executions(id), 0, -1)) do
        if redis.call('ZSCORE', wip, id .. ':' .. execution) then return true end
    end
    return false
end

-- RQ leaves an id here between pop and start; one that stays for a minute lost its worker.
-- The last first, so that they come back in their old order.
local stuck = redis.call('LRANGE', intermediate, 0, limit - 1)
for at = #stuck, 1, -1 do
    if searched > search_most then
        more = 1
        break
    end
    local id = stuck[at]
    local first_seen = key_seen(queue, id)
    -- an error, which is a table: no hash, so no job
    local status = redis.pcall('HGET', key_job(id), 'status')
    local gone = type(status) == 'table' or redis.call('EXISTS', key_job(id)) == 0
    if gone then
        redis.call('LREM', intermediate, 1, id)
        redis.call('DEL', first_seen)
        -- as in next.lua
        if type(status) ~= 'table' then redis.call('DEL', key_results(id), key_output(id)) end
        touched = touched + 1
    elseif not runs(id) and not redis.call('SET', first_seen, now, 'NX', 'EX', 86400) and
        now - (tonumber(redis.call('GET', first_seen)) or 0) > 60 then
        redis.call('LREM', intermediate, 0, id)
        redis.call('DEL', first_seen)
        searched = searched + redis.call('LLEN', list)
        if (status == 'queued' or not status) and not redis.call('LPOS', list, id) then
            redis.call('HSET', key_job(id), 'status', 'queued')
            redis.call('LPUSH', list, id)
        end
        touched = touched + 1
    end
end

-- Names of workers whose hash expired, and what they still held.
for _, worker in ipairs(redis.call('SMEMBERS', queue_workers)) do
    if redis.call('EXISTS', worker) == 0 then
        redis.call('SREM', queue_workers, worker)
        redis.call('SREM', workers, worker)
        redis.call('DEL', key_worker_executions(string.sub(worker, #key_worker('') + 1)))
        touched = touched + 1
    end
end

-- RQ 3.0 parks here what its worker was about to push.
local ids = redis.call('ZRANGE', ready, 0, limit - 1)
for _, id in ipairs(ids) do
    redis.call('ZREM', ready, id)
    local status, front, ttl, limit_key, concurrency = unpack(redis.pcall('HMGET', key_job(id), 'status',
        'enqueue_at_front', 'ttl', 'rate_limit_key', 'rate_limit_concurrency'))
    -- else it was canceled, or enqueued anew; an entry of an earlier time
    if status == 'ready_to_enqueue' then
        redis.call('ZREM', key_registry('deferred', queue), id)
        push_job(id, queue, (tonumber(front) or 0) ~= 0, ttl, now_iso, limit_key, concurrency)
    end
end
touched = touched + #ids
if #ids == limit then more = 1 end
-- Groups are of all queues and may be many and large: each call looks at some of each, picked by chance.
local sample = 100
for _, name in ipairs(redis.pcall('SRANDMEMBER', groups, sample)) do
    local group = key_group(name)
    for _, id in ipairs(redis.pcall('SRANDMEMBER', group, sample)) do -- an error: somebody else's key
        if redis.call('EXISTS', key_job(id)) == 0 then
            redis.call('SREM', group, id)
            touched = touched + 1
        end
    end
    if redis.call('EXISTS', group) == 0 then redis.call('SREM', groups, name) end
end
return {touched, more}
