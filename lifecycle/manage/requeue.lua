-- Put one failed job back on its queue, or one of another registry: canceled. Source: rq/registry.py
-- BaseRegistry.requeue. A stale entry, of a job that is gone, is removed.
-- Returns OK. Errors: NOSUCHJOB, INVALIDOPERATION (not in the registry).
-- No keys: an id may be longer than the names that C holds in a key.
local id, queue, registry, at_front, now_iso = unpack(ARGV) -- queue '': the job's own
-- include seconds.lua
-- include push.lua
-- include requeue.lua
-- include leave.lua
local job = key_job(id)
local origin, ttl, limit_key, concurrency = unpack(redis.pcall('HMGET', job, 'origin', 'ttl',
    'rate_limit_key', 'rate_limit_concurrency'))
if queue == '' then queue = origin or '' end
local place = key_registry(registry, queue)
if redis.call('EXISTS', job) == 0 then
    redis.call('ZREM', place, id)
    return redis.error_reply('NOSUCHJOB no such job: ' .. id)
end
if redis.call('ZREM', place, id) == 0 then
    return redis.error_reply('INVALIDOPERATION job ' .. id .. ' is not in the ' .. registry
        .. ' registry of queue ' .. queue)
end
if registry == 'canceled' then
    -- RQ's cancel forgets an execution that is long overdue, which may live
    leave_started(id, origin or queue)
    leave_executions(id)
end
requeue_job(id, origin or queue, ttl, at_front == '1', limit_key, concurrency)
return redis.status_reply('OK')
