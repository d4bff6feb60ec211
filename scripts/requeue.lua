-- Put one failed job back on its queue. Source: rq/registry.py BaseRegistry.requeue.
-- A stale entry, of a job that is gone, is removed.
-- Returns OK. Errors: NOSUCHJOB, INVALIDOPERATION (not in the failed registry).
-- No keys: an id may be longer than the names that C holds in a key.
local id, queue, now_iso = unpack(ARGV) -- queue '': the job's own
-- include seconds.lua
-- include push.lua
-- include requeue.lua
local job = 'rq:job:' .. id
local origin, ttl = unpack(redis.call('HMGET', job, 'origin', 'ttl'))
if queue == '' then queue = origin or '' end
if redis.call('EXISTS', job) == 0 then
    redis.call('ZREM', 'rq:failed:' .. queue, id)
    return redis.error_reply('NOSUCHJOB no such job: ' .. id)
end
if redis.call('ZREM', 'rq:failed:' .. queue, id) == 0 then
    return redis.error_reply('INVALIDOPERATION job ' .. id .. ' is not in the failed registry of queue ' .. queue)
end
requeue_job(id, origin or queue, ttl)
return redis.status_reply('OK')
