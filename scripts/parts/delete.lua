-- needs: leave_dependencies, leave_limit
-- gives: delete_job
-- include slots.lua
-- include register.lua
--
-- Delete everything that belongs to one job: its hash, dependency sets, results and output. Its executions
-- leave rq:wip and the sets of their workers. The job leaves its group and the dependents sets of its
-- dependencies. The caller takes it off lists and out of registries: it knows where the job is. A key of
-- another type counts as one without members, and is deleted like the others.
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
