-- Cancel a job, wherever it is: status canceled, into rq:canceled. Source: rq/job.py Job.cancel.
-- Returns OK. Errors: NOSUCHJOB, INVALIDOPERATION (canceled already).
-- No keys: an id may be longer than the names that C holds in a key.
local id, dependents, detach, now_iso, now, now_s = unpack(ARGV) -- dependents, detach: as in cancel_job
-- include seconds.lua
-- include push.lua
-- include release.lua
-- include leave.lua
-- include cancel.lua
-- an error: no hash, so no job
local fields = redis.pcall('HMGET', key_job(id), 'status', 'origin', 'rate_limit_key')
if fields.err or redis.call('EXISTS', key_job(id)) == 0 then
    return redis.error_reply('NOSUCHJOB no such job: ' .. id)
end
if fields[1] == 'canceled' then
    return redis.error_reply('INVALIDOPERATION Cannot cancel already canceled job: ' .. id)
end
local queue = fields[2] or ''
leave_places(id, queue)
cancel_job(id, queue, dependents, detach)
pass_slot_on(fields[3], now_iso)
return redis.status_reply('OK')
