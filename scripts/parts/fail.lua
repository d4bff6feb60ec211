-- needs: delete_job, interval_at, now_s, release_dependents, run_again, seconds_of
-- gives: failure_fields, failure_seconds, retry_job, bury_job
-- include again.lua
-- What becomes of a job whose execution failed. Fields of the job that both need:
local failure_fields = {'status', 'origin', 'ttl', 'failure_ttl', 'group_id', 'retries_left',
    'retry_intervals', 'enqueue_at_front_on_retry', 'number_of_retries', 'rate_limit_key'}

-- How long a failed job stays, and what it leaves: RQ's default is a year.
local function failure_seconds(failure_ttl) return seconds_of(failure_ttl, 31536000) end

-- Retry after an exception, when retries are left; returns 'requeued' or 'scheduled', else nil. RQ keeps no
-- result of the failed attempt. Source: rq/job.py Job.retry, get_retry_interval.
local function retry_job(id, queue, ttl, retries_left, intervals, front)
    local left = tonumber(retries_left)
    if not left or left <= 0 then return nil end
    local readable, list = pcall(cjson.decode, intervals or '')
    local count = readable and type(list) == 'table' and #list or 0
    redis.call('HSET', key_job(id), 'retries_left', left - 1)
    return run_again(id, queue, interval_at(intervals, math.max(count - left, 0)),
        (tonumber(front) or 0) ~= 0, ttl)
end

-- The end of a failed or stopped job: the registry, its dependents, its result by save(ttl), ttl as
-- add_result takes it. With a failure_ttl of 0 nothing of it stays; -1 keeps it for ever and scores -1, as in
-- RQ. Returns the status, or 'deleted'. Source: rq/registry.py FailedJobRegistry.add, rq/job.py
-- _handle_failure.
local function bury_job(id, queue, status, failure_ttl, group, save, limit_key)
    local job = key_job(id)
    local ttl = failure_seconds(failure_ttl)
    redis.call('HSET', job, 'status', status)
    if ttl > 0 then
        redis.call('EXPIRE', job, ttl)
        redis.call('EXPIRE', key_dependents(id), ttl)
        redis.call('EXPIRE', key_dependencies(id), ttl)
    end
    redis.call('ZADD', key_registry('failed', queue), ttl < 0 and -1 or now_s + ttl, id)
    if status == 'failed' then release_dependents(id, queue, 'failed') end
    if ttl == 0 then
        redis.call('ZREM', key_registry('failed', queue), id)
        delete_job(id, queue, group, (limit_key or '') ~= '')
        return 'deleted'
    end
    save(ttl)
    return status
end
