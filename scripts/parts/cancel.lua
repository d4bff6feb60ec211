-- needs: leave_dependencies, leave_limit, now_s, release_dependents
-- gives: cancel_job
-- include slots.lua
-- What canceling does to a job that the caller takes out of its place. A running one runs on; its execution's
-- hash stays, by which finish.lua knows it, but it is in rq:wip no more. Nothing expires sooner or later than
-- before. dependents '1': those that wait for nothing else go onto their queues; RQ's enqueue_dependents.
-- detach '1': it leaves the dependents sets of what it waits for; RQ's remove_from_dependencies. Source:
-- rq/job.py Job.cancel.

local function cancel_job(id, queue, dependents, detach)
    -- First: dependents that wait for a slot of its key must not let it through itself.
    leave_limit(id, redis.pcall('EXISTS', key_executions(id)) == 1)
    if dependents == '1' then release_dependents(id, queue, 'canceled') end
    if detach == '1' then leave_dependencies(id, queue) end
    redis.call('HSET', key_job(id), 'status', 'canceled')
    redis.call('ZADD', key_registry('canceled', queue), now_s, id)
end
