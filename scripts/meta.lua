-- Save a job's meta, unless the job is gone. Source: rq/job.py save_meta.
-- Returns 1, or 0 when there is no such job.
local job = unpack(KEYS)  -- rq:job:<id>
local meta = unpack(ARGV) -- serialized
if redis.call('EXISTS', job) == 0 then
    return 0
end
redis.call('HSET', job, 'meta', meta)
return 1
