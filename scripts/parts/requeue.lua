-- A failed job waits on its queue again, as if it had never run; its place in rq:failed was the caller's to take.
-- Source: rq/registry.py BaseRegistry.requeue.
local function requeue_job(id, queue, ttl)
    local job = 'rq:job:' .. id
    redis.call('HSET', job, 'started_at', '', 'ended_at', '')
    redis.call('HDEL', job, 'exc_info', 'result')
    redis.call('DEL', 'cq:output:' .. id)
    push_job(id, queue, false, ttl, now_iso)
end
