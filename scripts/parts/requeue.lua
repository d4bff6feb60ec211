-- needs: now_iso, push_job
-- gives: requeue_job
-- Put a job that ended on its queue again, as if it had never run. The caller takes it out of its registry.
-- Source: rq/registry.py BaseRegistry.requeue.
-- limit_key, concurrency: as in push_job; of the job's hash.
local function requeue_job(id, queue, ttl, at_front, limit_key, concurrency)
    local job = key_job(id)
    redis.call('HSET', job, 'started_at', '', 'ended_at', '')
    redis.call('HDEL', job, 'exc_info', 'result')
    redis.call('DEL', key_output(id))
    push_job(id, queue, at_front, ttl, now_iso, limit_key, concurrency)
end
