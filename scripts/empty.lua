-- Take at most limit jobs off a queue and delete them with all that belongs to them. Deferred dependents, which could never
-- run now, go too, as RQ's docstring promises; a job that runs at this moment keeps running and loses its place only.
-- What is no hash is no job and stays as it is; what should be a set and is none has no members.
-- Source: rq/queue.py Queue.empty.
-- Returns {taken off, left}. Errors: none of its own.
local list = unpack(KEYS) -- rq:queue:<name>
local queue, limit = unpack(ARGV)
-- include delete.lua
local dependents_limit = 10000

-- Ids that wait for this one, and for those in turn; deeper than the limit they stay deferred.
local function delete_waiting(first)
    local waiting = redis.pcall('SMEMBERS', 'rq:job:' .. first .. ':dependents')
    local at = 1
    while at <= #waiting and at <= dependents_limit do
        local id = waiting[at]
        local status, origin, group = unpack(redis.pcall('HMGET', 'rq:job:' .. id, 'status', 'origin', 'group_id'))
        if status == 'deferred' then
            for _, other in ipairs(redis.pcall('SMEMBERS', 'rq:job:' .. id .. ':dependents')) do waiting[#waiting + 1] = other end
            redis.call('ZREM', 'rq:deferred:' .. (origin or queue), id)
            delete_job(id, origin or queue, group)
        end
        at = at + 1
    end
end

local taken = 0
limit = tonumber(limit)
while taken < limit do
    local id = redis.call('LPOP', list)
    if not id then break end
    taken = taken + 1
    local fields = redis.pcall('HMGET', 'rq:job:' .. id, 'status', 'group_id')
    local status, group = unpack(fields)
    if status ~= 'started' and not fields.err then
        if status and status ~= 'queued' then
            for _, registry in ipairs({'finished', 'failed', 'deferred', 'scheduled', 'canceled'}) do
                redis.call('ZREM', 'rq:' .. registry .. ':' .. queue, id)
            end
        end
        delete_waiting(id)
        delete_job(id, queue, group)
    end
end
return {taken, redis.call('LLEN', list)}
