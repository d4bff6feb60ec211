-- A job that waits is registered with what it waits for: in the dependents set of each that exists and has not finished. The
-- others would never look into their dependents again, and keep the set for ever. Source: rq/job.py register_dependency.
--
-- A job with more than register_most dependencies is registered piece by piece, so that Redis is not held for long: its own set
-- has all of them from the beginning, so that nobody lets it go too early; cq:dependencies:<id> has those that are still to be
-- looked at, and the list cq:releasing:<queue> says +<id>:. Whoever enqueues it goes on at once (register.lua); where that one
-- dies, release_some of release.lua does.
local register_most = 500

-- The status of a dependency that is open: it exists and has not finished; of what is no hash, nil. And whether it may expire:
-- its dependents set has to go with it then.
local function open_dependency(other)
    local fields = redis.pcall('HMGET', 'rq:job:' .. other, 'status', 'ttl')
    local status = fields[1]
    if not status or status == 'finished' then return nil end
    return status, fields[2] or status == 'failed' or status == 'stopped' or status == 'canceled'
end

local function register_dependency(id, other, may_expire)
    local dependents = 'rq:job:' .. other .. ':dependents'
    redis.call('SADD', dependents, id)
    local left = may_expire and redis.call('TTL', 'rq:job:' .. other) or -1
    if left > 0 then redis.call('EXPIRE', dependents, left) end
end

-- The next piece. Returns how many were looked at, and whether that was all: then the caller is to look whether the job waits at all.
local function register_some(id, queue)
    local rest, own = 'cq:dependencies:' .. id, 'rq:job::' .. id .. ':dependencies'
    local some = {}
    if redis.pcall('HGET', 'rq:job:' .. id, 'status') == 'deferred' then
        some = redis.call('SPOP', rest, register_most)
    else
        redis.call('DEL', rest)
    end
    for _, other in ipairs(some) do
        if redis.pcall('SISMEMBER', own, other) == 1 then -- else it has let go already, or the id was enqueued anew
            local status, may_expire = open_dependency(other)
            if not status then
                redis.call('SREM', own, other)
            else
                pcall(register_dependency, id, other, may_expire) -- a key of another type must not keep workers from all else
            end
        end
    end
    if redis.call('EXISTS', rest) == 1 then return #some, false end
    redis.call('LREM', 'cq:releasing:' .. queue, 0, '+' .. id .. ':')
    return #some, true
end
