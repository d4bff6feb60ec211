-- Remove a job: everything that belongs to it, from its queue's list and from every registry. Its dependents
-- stay deferred, as in RQ, unless dependents is '1'. Source: rq/job.py Job.delete.
-- Returns OK, or AGAIN when it has more dependents than one call deletes; it stays until they are gone.
-- Errors: NOSUCHJOB (leftovers without a hash are removed all the same).
-- No keys: an id may be longer than the names that C holds in a key.
local id, dependents, now_iso, now, now_s = unpack(ARGV)
-- include delete.lua
-- include leave.lua
-- include remove.lua
local job = key_job(id)
local existed = redis.call('EXISTS', job) == 1
local queue, group, limit_key = unpack(redis.pcall('HMGET', job, 'origin', 'group_id', 'rate_limit_key'))
if dependents == '1' and not remove_dependents(id) then return redis.status_reply('AGAIN') end
delete_job(id, queue or '', group)
if queue then leave_places(id, queue) end
pass_slot_on(limit_key, now_iso)
if not existed then return redis.error_reply('NOSUCHJOB no such job: ' .. id) end
return redis.status_reply('OK')
