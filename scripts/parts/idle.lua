-- needs: now_iso, worker, worker_ttl
-- gives: become_idle
-- The worker runs nothing now; counts: further fields of its hash, {field, value, ...}.
-- Source: rq/worker/base.py dequeue_job_and_maintain_ttl, set_current_job_id.
local function become_idle(counts)
    redis.call('HSET', worker, 'state', 'idle', 'last_heartbeat', now_iso, unpack(counts))
    redis.call('HDEL', worker, 'current_job')
    redis.call('EXPIRE', worker, worker_ttl + 60)
end
