-- needs: leave_dependencies, leave_limit
-- gives: delete_job
-- include slots.lua
-- include register.lua
-- Everything that belongs to one job: its hash, dependency sets, results, output, executions (out of rq:wip
-- and of their workers' sets), its place in its group and in the dependents sets of what it waits for. Lists
-- and registries are the caller's: it knows where the job is. A key of another type has no members, and goes
-- like the others.
-- Source: rq/job.py Job.delete, rq/executions.py ExecutionRegistry.delete.
-- limited false: it is known to have no rate_limit_key.
local function delete_job(id, queue, group, limited)
    if limited ~= false then leave_limit(id) end
    local job = key_job(id)
    local executions = key_executions(id)
    for _, execution in ipairs(redis.pcall('ZRANGE', executions, 0, -1)) do
        local member = id .. ':' .. execution
        local runner = redis.call('HGET', key_execution(member), 'worker_name')
        if runner then redis.call('SREM', key_worker_executions(runner), member) end
        redis.call('ZREM', key_registry('wip', queue), member)
        redis.call('DEL', key_execution(member))
    end
    leave_dependencies(id, queue)
    if group and group ~= '' then redis.call('SREM', key_group(group), id) end
    redis.call('DEL', job, key_dependents(id), key_dependencies(id), key_results(id), key_output(id),
        executions)
end
