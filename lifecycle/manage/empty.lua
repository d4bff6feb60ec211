-- Take at most limit jobs off a queue and delete them with all that belongs to them. Deferred dependents,
-- which could never run now, go too, as RQ's docstring promises; a job that runs at this moment keeps running
-- and loses its place only. One call deletes at most so many dependents: a job that has more goes back to the
-- front of the queue until they are gone. It ends early where jobs have many dependencies, whose sets they
-- leave.
-- A key of an id that is not a hash stays as it is. A key that should be a set and is not has no members.
-- Source: rq/queue.py Queue.empty.
-- Returns {taken off, left}. Errors: none of its own.
local list = unpack(KEYS) -- rq:queue:<name>
local queue, limit = unpack(ARGV)
-- include delete.lua
local dependents_left = 500

local function size_of(set)
    local size = redis.pcall('SCARD', set)
    return type(size) == 'number' and size or 0
end

-- Those that wait for a job, and those that wait for them, which become its own: so a chain, however long, is
-- always begun at its first link. False: there are more than this call may delete.
local function delete_waiting(first)
    local waiting = key_dependents(first)
    while size_of(waiting) > 0 do
        if dependents_left <= 0 or dependencies_left <= 0 then return false end
        local id = redis.call('SPOP', waiting)
        local status, origin, group = unpack(redis.pcall('HMGET', key_job(id), 'status', 'origin',
            'group_id'))
        dependents_left = dependents_left - 1
        if status == 'deferred' then
            local inherited = redis.pcall('SPOP', key_dependents(id), dependents_left)
            dependents_left = dependents_left - #inherited
            if #inherited > 0 then redis.call('SADD', waiting, unpack(inherited)) end
            if size_of(key_dependents(id)) > 0 then
                redis.call('SADD', waiting, id)
                return false
            end
            redis.call('ZREM', key_registry('deferred', origin or queue), id)
            delete_job(id, origin or queue, group)
        end
    end
    return true
end

local taken = 0
limit = tonumber(limit)
while taken < limit and dependencies_left > 0 do
    local id = redis.call('LPOP', list)
    if not id then break end
    local fields = redis.pcall('HMGET', key_job(id), 'status', 'group_id')
    local status, group = unpack(fields)
    if status ~= 'started' and not fields.err then
        if not delete_waiting(id) then
            redis.call('LPUSH', list, id)
            break
        end
        if status and status ~= 'queued' then
            for _, registry in ipairs({'finished', 'failed', 'deferred', 'scheduled', 'canceled'}) do
                redis.call('ZREM', key_registry(registry, queue), id)
            end
        end
        delete_job(id, queue, group)
    end
    taken = taken + 1
end
return {taken, redis.call('LLEN', list)}
