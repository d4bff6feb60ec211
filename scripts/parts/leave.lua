-- A job leaves its place for another one, or for good: out of its queue's list and of every registry, whatever its status says.
-- An id may be on a list of millions: LREM of it costs 10 ms for each.
-- Source: rq/job.py Job._remove_from_registries.
local function leave_started(id, queue)
    for _, execution in ipairs(redis.pcall('ZRANGE', 'rq:executions:' .. id, 0, -1)) do
        redis.call('ZREM', 'rq:wip:' .. queue, id .. ':' .. execution)
    end
    redis.call('ZREM', 'rq:wip:' .. queue, id) -- of RQ 1.x
end

local function leave_places(id, queue)
    redis.call('LREM', 'rq:queue:' .. queue, 1, id)
    redis.call('LREM', 'rq:queue:' .. queue .. ':intermediate', 1, id)
    leave_started(id, queue)
    for _, registry in ipairs({'finished', 'failed', 'deferred', 'scheduled', 'canceled', 'ready'}) do
        redis.call('ZREM', 'rq:' .. registry .. ':' .. queue, id)
    end
end
