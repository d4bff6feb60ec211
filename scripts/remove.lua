-- Remove a job: everything that belongs to it, from its queue's list and from every registry. Its dependents stay
-- deferred, as in RQ. Source: rq/job.py Job.delete.
-- Returns OK. Errors: NOSUCHJOB (leftovers without a hash are removed all the same).
-- No keys: an id may be longer than the names that C holds in a key.
local id = unpack(ARGV)
-- include delete.lua
local job = 'rq:job:' .. id
local existed = redis.call('EXISTS', job) == 1
local queue, group = unpack(redis.call('HMGET', job, 'origin', 'group_id'))
delete_job(id, queue or '', group)
if queue then
    redis.call('LREM', 'rq:queue:' .. queue, 0, id)
    redis.call('LREM', 'rq:queue:' .. queue .. ':intermediate', 0, id)
    redis.call('ZREM', 'rq:wip:' .. queue, id)
    for _, registry in ipairs({'finished', 'failed', 'deferred', 'scheduled', 'canceled', 'ready'}) do
        redis.call('ZREM', 'rq:' .. registry .. ':' .. queue, id)
    end
end
if not existed then return redis.error_reply('NOSUCHJOB no such job: ' .. id) end
return redis.status_reply('OK')
