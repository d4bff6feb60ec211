-- gives: leave_started, leave_executions, leave_places
--
-- Take a job out of its place, for another one or for good: off its queue's list and out of every registry,
-- whatever its status says. An id may be on a list of millions: LREM of it costs 10 ms for each.
-- Source: rq/job.py Job._remove_from_registries.

-- The list of a job's executions expires a minute after the last of them was overdue. Without the list, an
-- execution is among the first of rq:wip.
local overdue_most = 20

local function leave_started(id, queue)
    local wip = key_registry('wip', queue)
    local executions = redis.pcall('ZRANGE', key_executions(id), 0, -1)
    for _, execution in ipairs(executions) do redis.call('ZREM', wip, id .. ':' .. execution) end
    redis.call('ZREM', wip, id) -- of RQ 1.x
    if #executions > 0 then return end
    for _, member in ipairs(redis.call('ZRANGE', wip, 0, overdue_most - 1)) do
        if string.match(member, '^(.*):[^:]*$') == id then redis.call('ZREM', wip, member) end
    end
end

-- Forget the executions of an earlier life, which have left rq:wip: their outcomes are refused. RQ fails a
-- job at its end for an execution that is on its list and whose hash has expired. Source: rq/executions.py
-- ExecutionRegistry.get_executions.
local function leave_executions(id)
    local executions = key_executions(id)
    for _, execution in ipairs(redis.pcall('ZRANGE', executions, 0, -1)) do
        local member = id .. ':' .. execution
        local runner = redis.pcall('HGET', key_execution(member), 'worker_name')
        if type(runner) == 'string' then redis.pcall('SREM', key_worker_executions(runner), member) end
        redis.call('DEL', key_execution(member))
    end
    redis.call('DEL', executions)
end

local function leave_places(id, queue)
    redis.call('LREM', key_queue(queue), 1, id)
    redis.call('LREM', key_intermediate(queue), 1, id)
    leave_started(id, queue)
    for _, registry in ipairs({'finished', 'failed', 'deferred', 'scheduled', 'canceled', 'ready'}) do
        redis.call('ZREM', key_registry(registry, queue), id)
    end
end
