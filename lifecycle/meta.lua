-- Save a job's meta, unless the job is gone. Source: rq/job.py save_meta.
-- No keys: an id may be longer than the names that C holds in a key.
-- Returns 1, or 0 when there is no such job. Errors: none of its own.
local id, meta = unpack(ARGV) -- meta: serialized
local job = key_job(id)
if redis.call('EXISTS', job) == 0 then return 0 end
redis.call('HSET', job, 'meta', meta)
return 1
