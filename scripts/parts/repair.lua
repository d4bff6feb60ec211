-- needs: fill_slots
-- gives: repair_slots
-- include slots.lua
--
-- Give back slots of keys that no worker would give back. Their jobs are gone (expired, deleted), were ended
-- by a worker without limits (RQ 2.12), or left in another way. Each call picks some keys, and some jobs of
-- each, by chance. A leak is found within seconds while there are few, and large ones shrink in each call. A
-- key without jobs is forgotten.
-- Source: rq/rate_limit.py of RQ 3.0's development, RateLimitRegistry.cleanup.
local repair_keys, repair_jobs = 50, 100
-- How many more jobs this call may look at or let through. It ends behind the key that uses them up: 4 ms.
local repair_left = 500

-- Not queued, not running, and with no execution that lives: deleted or canceled while it ran. One that waits
-- for its rate's window keeps its slot.
local function holds_slot(key, id, now_s)
    local status = redis.pcall('HGET', key_job(id), 'status')
    if status == 'queued' or status == 'started' then return true end
    if status == 'scheduled' then return redis.call('ZSCORE', key_waiting_of(key), id) ~= false end
    local lives = redis.pcall('ZCOUNT', key_executions(id), '(' .. now_s, '+inf')
    return type(lives) == 'number' and lives > 0
end

local function repair_slots(iso, now_s)
    for _, key in ipairs(redis.pcall('SRANDMEMBER', key_rate_limit_keys(), repair_keys)) do
        if repair_left <= 0 then return end
        pcall(function()
            local allowed = key_allowed(key)
            local ids = redis.call('ZRANDMEMBER', allowed, repair_jobs)
            repair_left = repair_left - #ids
            for _, id in ipairs(ids) do
                if not holds_slot(key, id, now_s) then redis.call('ZREM', allowed, id) end
            end
            repair_left = repair_left - fill_slots(key, iso)
            if redis.call('EXISTS', allowed, key_rate_limited(key)) == 0 then
                redis.call('SREM', key_rate_limit_keys(), key)
                redis.call('DEL', key_rate_limit(key))
            end
        end)
    end
end
