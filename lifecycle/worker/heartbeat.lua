-- A worker lives, and with it the execution that it runs. A job that was deleted and an execution that was
-- given away are not brought back. Source: rq/worker/base.py heartbeat, maintain_heartbeats; rq/executions.py
-- Execution.heartbeat.
-- Returns {1 when the execution is still ours or there is none, 1 when the worker's hash is gone}. Errors:
-- none of its own.
local worker, worker_executions = unpack(KEYS) -- rq:worker:<name>, ...:executions
-- id '': idle. ttl: of the worker's hash; heartbeat_s: of the execution. now: iso, epoch, whole seconds.
local worker_name, id, queue, execution, ttl, heartbeat_s, working_s, now_iso, now, now_s = unpack(ARGV)
-- First what Redis takes when its memory is full; after it, it takes the rest of the script too.
local lives = redis.call('EXPIRE', worker, ttl) == 1
if lives then redis.call('HSET', worker, 'last_heartbeat', now_iso) end
if id == '' then return {1, lives and 0 or 1} end

local member = id .. ':' .. execution
local wip = key_registry('wip', queue)
if not redis.call('ZSCORE', wip, member) then return {0, lives and 0 or 1} end
local key = key_execution(member)
if redis.call('EXISTS', key) == 0 then
    redis.call('HSET', key, 'id', execution, 'job_id', id, 'created_at', now, 'worker_name', worker_name)
end
redis.call('HSET', key, 'last_heartbeat', now)
redis.call('EXPIRE', key, heartbeat_s)
redis.call('ZADD', wip, now_s + heartbeat_s, member)
redis.call('ZADD', key_executions(id), now_s + heartbeat_s + 60, execution)
redis.call('EXPIRE', key_executions(id), heartbeat_s + 60)
if redis.call('EXISTS', key_job(id)) == 1 then redis.call('HSET', key_job(id), 'last_heartbeat', now_iso) end
if lives then
    redis.call('HSET', worker, 'state', 'busy', 'current_job', id, 'current_job_working_time', working_s)
    redis.call('SADD', worker_executions, member)
    redis.call('EXPIRE', worker_executions, ttl)
end
return {1, lives and 0 or 1}
