-- Let the dependents of a job go that wait for nothing else: onto the list of their own queue.
-- A dependency that is gone counts as met; one that failed only with allow_dependency_failures; canceled and stopped never.
-- RQ asks whether the dependent is canceled; we ask whether it is deferred, so that one which another dependency
-- already released is not run twice. Source: rq/queue.py enqueue_dependents, rq/job.py dependencies_are_met.
local function dependencies_met(id, parent, failures_allowed)
    for _, other in ipairs(redis.call('SMEMBERS', 'rq:job::' .. id .. ':dependencies')) do
        if other ~= parent then
            local status = redis.pcall('HGET', 'rq:job:' .. other, 'status')
            if type(status) == 'string' and status ~= 'finished' and not (failures_allowed and status == 'failed') then return false end
        end
    end
    return true
end

local function release_dependents(parent, parent_failed)
    local dependents = 'rq:job:' .. parent .. ':dependents'
    local ids = redis.call('SMEMBERS', dependents)
    for _, id in ipairs(ids) do
        local status, queue, failures, front, ttl = unpack(redis.pcall('HMGET', 'rq:job:' .. id, 'status', 'origin',
            'allow_dependency_failures', 'enqueue_at_front', 'ttl')) -- what is no hash is no job: all nil
        local failures_allowed = (tonumber(failures) or 0) ~= 0
        if status == 'deferred' then
            if queue and (failures_allowed or not parent_failed) and dependencies_met(id, parent, failures_allowed) then
                redis.call('ZREM', 'rq:deferred:' .. queue, id)
                redis.call('SREM', dependents, id)
                push_job(id, queue, (tonumber(front) or 0) ~= 0, ttl, now_iso)
            end
        elseif status ~= 'canceled' then
            redis.call('SREM', dependents, id)
        end
    end
    return #ids
end
