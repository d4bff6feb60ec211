-- gives: register_most, dependencies_left, open_dependency, register_dependency, look_later,
--       leave_dependencies, register_some
--
-- Register a waiting job with its dependencies: in the dependents set of each that exists and has not
-- finished. The others never look into their dependents again, and would keep the set for ever.
-- Source: rq/job.py register_dependency.
--
-- More than register_most dependencies are looked at piece by piece, so that Redis is not held for long. An
-- enqueued job is deferred with all of them in its own set, so that it is not released too early. A job that
-- is deleted, or enqueued anew, does not have that set any more. rq:cq:dependencies:<id> has those that are
-- still to be looked at, and the list rq:cq:releasing:<queue> says +<id>:. The process that enqueued
-- continues at once (register.lua). If it ends before, release_some of release.lua continues.
local register_most = 500
-- How many more dependencies the jobs of this call may leave: shared, for scripts that work on many jobs.
-- They end their call when it is spent (bulk.lua, sweep.lua, remove.lua).
local dependencies_left = 5000

-- Returns the status of a dependency that is open, else nil: it exists and has not finished. Then, whether it
-- may expire: its dependents set has to expire with it. Then, whether it does not exist; a key that is not a
-- hash does not.
local function open_dependency(other)
    local fields = redis.pcall('HMGET', key_job(other), 'status', 'ttl')
    local status = fields[1]
    if not status or status == 'finished' then return nil, nil, not status end
    return status, fields[2] or status == 'failed' or status == 'stopped' or status == 'canceled'
end

local function register_dependency(id, other, may_expire)
    local dependents = key_dependents(other)
    redis.call('SADD', dependents, id)
    local left = may_expire and redis.call('TTL', key_job(other)) or -1
    if left > 0 then redis.call('EXPIRE', dependents, left) end
end

local function look_later(id, queue)
    redis.call('LREM', key_releasing(queue), 0, '+' .. id .. ':')
    redis.call('RPUSH', key_releasing(queue), '+' .. id .. ':')
end

-- Whatever it waited for: that is over. It leaves their dependents sets. What is left of its own set is the
-- caller's to delete.
local function leave_dependencies(id, queue)
    local own, rest = key_dependencies(id), key_unregistered(id)
    local most = queue == '' and 100000000 or register_most -- without a queue nobody would continue
    local some = redis.pcall('SRANDMEMBER', own, most + 1)
    dependencies_left = dependencies_left - #some
    if #some <= most then
        for _, other in ipairs(some) do redis.call('SREM', key_dependents(other), id) end
        return
    end
    if redis.call('EXISTS', rest) == 1 then
        redis.call('SUNIONSTORE', rest, rest, own)
    else
        redis.call('RENAME', own, rest)
        redis.call('PERSIST', rest)
    end
    look_later(id, queue)
end

-- Returns whether it waits for one that does not exist.
local function look_at(id, other, waits)
    local own = key_dependencies(id)
    if not waits or redis.call('SISMEMBER', own, other) == 0 then
        redis.call('SREM', key_dependents(other), id)
        return false
    end
    local status, may_expire, missing = open_dependency(other)
    if status then register_dependency(id, other, may_expire) else redis.call('SREM', own, other) end
    return missing
end

-- The next piece. Returns how many were looked at, whether that was all (then the caller is to look whether
-- the job waits at all), and which of them do not exist.
local function register_some(id, queue)
    local rest = key_unregistered(id)
    local waits = redis.pcall('HGET', key_job(id), 'status') == 'deferred'
    local some = redis.call('SPOP', rest, register_most)
    local missing = {}
    for _, other in ipairs(some) do
        -- a key of another type must not keep workers from all else
        local done, gone = pcall(look_at, id, other, waits)
        if done and gone then missing[#missing + 1] = other end
    end
    if redis.call('EXISTS', rest) == 1 then return #some, false, missing end
    redis.call('LREM', key_releasing(queue), 0, '+' .. id .. ':')
    return #some, true, missing
end
