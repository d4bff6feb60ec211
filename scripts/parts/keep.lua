-- needs: seconds_of
-- gives: keep_waiting
-- A ttl of a waiting job's own starts again. Without one, no expiry from an earlier end may strike while it
-- waits: RQ forgets that. Source: rq/job.py Job.cleanup.
local function keep_waiting(id, ttl)
    local job = key_job(id)
    ttl = seconds_of(ttl, 0)
    for _, key in ipairs({job, key_dependents(id), key_dependencies(id)}) do
        if ttl > 0 then redis.call('EXPIRE', key, ttl) else redis.call('PERSIST', key) end
    end
end
