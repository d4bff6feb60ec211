-- Save a job and put it on its queue, with status queued. An id that exists already is enqueued again, as RQ does, and
-- leaves the registry that it was in; sent twice (same enqueued_at), the call pushes once. unique '1': refuse any id that
-- exists, changing nothing. Source: rq/queue.py enqueue_job, _enqueue_async_job; rq/scripts.py UNIQUE_ENQUEUE_SCRIPT.
-- Returns the queue's length after the push. Errors: DUPLICATEJOB.
local queues, queue, job = unpack(KEYS) -- rq:queues, rq:queue:<name>, rq:job:<id>
-- then field, value ... of the job's hash, status and enqueued_at among them
local id, queue_name, at_front, unique, ttl, enqueued_at = unpack(ARGV)
local fields = 7
if redis.call('EXISTS', job) == 1 then
    if unique == '1' then return redis.error_reply("DUPLICATEJOB Job with ID '" .. id .. "' already exists") end
    local before, origin = unpack(redis.call('HMGET', job, 'enqueued_at', 'origin'))
    if before == enqueued_at then return redis.call('LLEN', queue) end
    redis.call('DEL', 'cq:output:' .. id)
    for _, registry in ipairs({'finished', 'failed', 'deferred', 'scheduled', 'canceled'}) do
        redis.call('ZREM', 'rq:' .. registry .. ':' .. (origin or queue_name), id)
        redis.call('ZREM', 'rq:' .. registry .. ':' .. queue_name, id)
    end
end
redis.call('SADD', queues, queue)
redis.call('HSET', job, unpack(ARGV, fields))
if tonumber(ttl) > 0 then redis.call('EXPIRE', job, ttl) else redis.call('PERSIST', job) end
return redis.call(at_front == '1' and 'LPUSH' or 'RPUSH', queue, id)
