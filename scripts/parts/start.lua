-- needs: lasting, monitoring_s, now, now_iso, now_s, seconds_of, worker, worker_executions, worker_name,
--       worker_ttl
-- gives: start_job
-- Start one job: its hash, its execution, rq:wip, the worker's hash.
-- The execution counts as abandoned when no heartbeat has come for its heartbeat ttl: the monitoring
-- interval, or the job's timeout when that is shorter, and a minute.
-- counts: further fields of the worker's hash, {field, value, ...}, of the job that it has just finished;
-- nil: it was idle. Then its keys were given their expiry when it became busy, and heartbeats renew it.
-- lasting '1': reused horses, RQ's SimpleWorker; it sends no heartbeat while it works, so its key lasts as
-- long as the job may. Here heartbeats continue: it need not last longer than an idle worker's.
-- Source: rq/executions.py prepare_execution, rq/worker/base.py prepare_job_execution, get_heartbeat_ttl (of
-- SimpleWorker, too).
local function start_job(id, queue, execution, worker_lives, counts, origin, timeout, ttl)
    local job = key_job(id)
    local member = id .. ':' .. execution
    local timeout_s = seconds_of(timeout, -1)
    local heartbeat_s = monitoring_s + 60
    if timeout_s > 0 and timeout_s + 60 < heartbeat_s then heartbeat_s = timeout_s + 60 end
    local abandoned_at = now_s + heartbeat_s
    redis.call('HSET', job, 'last_heartbeat', now_iso, 'status', 'started', 'started_at', now_iso,
        'worker_name', worker_name)
    redis.call('PERSIST', job)
    if ttl then
        redis.call('PERSIST', key_dependents(id))
        redis.call('PERSIST', key_dependencies(id))
    end
    -- Every later step finds the job by its origin: it is the queue it came from, whatever a producer wrote.
    if origin ~= queue then redis.call('HSET', job, 'origin', queue) end
    redis.call('HSET', key_execution(member), 'id', execution, 'job_id', id, 'created_at', now,
        'last_heartbeat', now, 'worker_name', worker_name)
    redis.call('EXPIRE', key_execution(member), heartbeat_s)
    redis.call('ZADD', key_executions(id), abandoned_at + 60, execution)
    redis.call('EXPIRE', key_executions(id), heartbeat_s + 60)
    redis.call('ZADD', key_registry('wip', queue), abandoned_at, member)
    redis.call('SADD', worker_executions, member)
    if worker_lives then
        redis.call('HSET', worker, 'state', 'busy', 'current_job', id, 'current_job_working_time', '0',
            'last_heartbeat', now_iso, unpack(counts or {}))
    end
    if not (worker_lives and counts) then
        local longest = timeout_s > 0 and math.min(timeout_s, worker_ttl) or worker_ttl
        local busy_s = (lasting == '1' and math.max(monitoring_s, longest) or monitoring_s) + 60
        redis.call('EXPIRE', worker, busy_s)
        redis.call('EXPIRE', worker_executions, busy_s)
    end
    return redis.call('HGETALL', job)
end
