-- needs: now_iso, push_job
-- gives: requeue_job
-- A job that ended waits on its queue again, as if it had never run; its place in a registry was the caller's
-- to take.
-- Source: rq/registry.py BaseRegistry.requeue.
-- limit_key, concurrency: as in push_job; of the job's hash.
local function requeue_job(id, queue, ttl, at_front, limit_key, concurrency)
    local job = key_job(id)
    redis.call('HSET', job, 'started_at', '', 'ended_at', '')
    redis.call('HDEL', job, 'exc_info', 'result')
    redis.call('DEL', key_output(id))
    push_job(id, queue, at_front, ttl, now_iso, limit_key, concurrency)
end
