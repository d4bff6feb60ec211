-- Tell the workers of started jobs to stop them: RQ's command on the worker's channel. A worker of cq's stops
-- that execution only; RQ's look at the job's id. When a job has stopped, its member has left rq:wip.
-- Source: rq/command.py send_stop_job_command.
-- Returns for each job {verdict, queue, member of rq:wip, worker, status}.
--   verdict: told, unheard (nobody listens on the worker's channel), not running, no job
-- Errors: none of its own.
-- No keys: an id may be longer than the names that C holds in a key.
local count = unpack(ARGV) -- then the ids
local answers = {}

local function execution_of(id, queue)
    local ids = redis.pcall('ZRANGE', key_executions(id), 0, -1)
    for at = ids.err and 0 or #ids, 1, -1 do
        local member = id .. ':' .. ids[at]
        if redis.call('ZSCORE', key_registry('wip', queue), member) then return ids[at], member end
    end
    return nil, redis.call('ZSCORE', key_registry('wip', queue), id) and id
end

local function stop(id)
    local fields = redis.pcall('HMGET', key_job(id), 'status', 'origin', 'worker_name')
    local status, queue, worker = unpack(fields)
    if fields.err or not status and redis.call('EXISTS', key_job(id)) == 0 then
        return {'no job', '', '', '', ''}
    end
    local execution, member = execution_of(id, queue or '')
    if status ~= 'started' or not member then return {'not running', queue or '', '', '', status or ''} end
    local runner = execution and redis.pcall('HGET', key_execution(member), 'worker_name')
    if type(runner) == 'string' then worker = runner end
    local command = {command = 'stop-job', job_id = id, execution_id = execution}
    local heard = worker and worker ~= '' and redis.call('PUBLISH', key_pubsub(worker),
        cjson.encode(command)) or 0
    return {heard > 0 and 'told' or 'unheard', queue or '', member, worker or '', status}
end

for at = after_args, after_args + tonumber(count) - 1 do answers[#answers + 1] = stop(ARGV[at]) end
return answers
