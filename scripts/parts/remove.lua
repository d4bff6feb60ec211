-- needs: delete_job, dependencies_left, leave_places
-- gives: removed_left, remove_dependents
--
-- Delete a job's dependents with all that belongs to them, whatever their status, but not the dependents of
-- these, as in RQ. One call deletes at most removed_left, fewer where they have many dependencies themselves.
-- To take one off a long list costs more, and counts for more.
-- Returns false when there are more. Source: rq/job.py Job.delete_dependents.
-- How many more dependents this call may delete: shared, as bulk.lua and empty.lua delete those of many jobs.
local removed_left = 500

local function remove_dependents(id)
    local waiting = key_dependents(id)
    while removed_left > 0 and dependencies_left > 0 do
        local found = redis.pcall('SPOP', waiting, 1)
        local other = not found.err and found[1]
        if not other then return true end
        local fields = redis.pcall('HMGET', key_job(other), 'status', 'origin', 'group_id')
        local status, origin, group = unpack(fields)
        removed_left = removed_left - 1
        if other ~= id and origin then
            if status == 'queued' then
                removed_left = removed_left - redis.call('LLEN', key_queue(origin)) / 1000
                leave_places(other, origin)
            else
                for _, registry in ipairs({'finished', 'failed', 'deferred', 'scheduled', 'canceled',
                    'ready'}) do
                    redis.call('ZREM', key_registry(registry, origin), other)
                end
            end
            delete_job(other, origin, group)
        elseif other ~= id and not fields.err then
            delete_job(other, '', group)
        end
    end
    return redis.call('EXISTS', waiting) == 0
end
