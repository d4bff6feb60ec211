-- Put the failed jobs of one queue back on their queues, lowest score first, at most limit of them; entries whose job is
-- gone are removed. Source: rq/registry.py BaseRegistry.requeue, rq/cli/cli.py requeue.
-- Returns {requeued, gone, left}. Errors: none of its own.
local failed = unpack(KEYS) -- rq:failed:<queue>
local queue, limit, now_iso = unpack(ARGV)
-- include seconds.lua
-- include push.lua
-- include requeue.lua
local requeued, gone = 0, 0
for _, id in ipairs(redis.call('ZRANGE', failed, 0, limit - 1)) do
    redis.call('ZREM', failed, id)
    local fields = redis.pcall('HMGET', 'rq:job:' .. id, 'status', 'origin', 'ttl', 'rate_limit_key',
        'rate_limit_concurrency') -- an error: no hash, so no job
    local status, origin, ttl, limit_key, concurrency = unpack(fields)
    if not fields.err and (status or redis.call('EXISTS', 'rq:job:' .. id) == 1) then
        requeue_job(id, origin or queue, ttl, false, limit_key, concurrency)
        requeued = requeued + 1
    else
        gone = gone + 1
    end
end
return {requeued, gone, redis.call('ZCARD', failed)}
