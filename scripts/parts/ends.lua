-- gives: end_results
-- RQ's results of a failed job never expire when the job has no failure_ttl of its own, and are forgotten
-- with it. Here they expire with the job. Redis may keep the job for a moment after its entry's score, which
-- has whole seconds by a worker's clock.
-- Source: rq/results.py Result.create_failure.
local function end_results(id)
    local job, results = key_job(id), key_results(id)
    local left = redis.call('TTL', job)
    if left == -2 then
        redis.call('DEL', results)
    elseif left >= 0 and redis.call('TTL', results) == -1 then
        local status = redis.pcall('HGET', job, 'status')
        if status == 'failed' or status == 'stopped' then redis.call('EXPIRE', results, left + 1) end
    end
end
