-- needs: leave_dependencies, leave_limit, now_s, release_dependents
-- gives: cancel_job
-- include slots.lua
--
-- Cancel a job that the caller takes out of its place. A running job continues to run: it leaves rq:wip, and
-- its execution's hash stays, so that finish.lua knows it. Expiries stay as they were.
-- dependents '1': those that wait for nothing else go onto their queues; RQ's enqueue_dependents.
-- detach '1': the job leaves the dependents sets of its dependencies; RQ's remove_from_dependencies.
-- Source: rq/job.py Job.cancel.

local function cancel_job(id, queue, dependents, detach)
    -- First: dependents that wait for a slot of its key must not let it through itself.
    leave_limit(id, redis.pcall('EXISTS', key_executions(id)) == 1)
    if dependents == '1' then release_dependents(id, queue, 'canceled') end
    if detach == '1' then leave_dependencies(id, queue) end
    redis.call('HSET', key_job(id), 'status', 'canceled')
    redis.call('ZADD', key_registry('canceled', queue), now_s, id)
end
