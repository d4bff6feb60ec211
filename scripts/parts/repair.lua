-- include slots.lua
-- Slots of keys that nobody would give back: their jobs are gone (expired, deleted), have ended in the hands of a worker that knows
-- no limits (RQ 2.12), or left in another way. A few keys, and a few jobs of each, picked by chance, in each call: a leak is
-- found within seconds while there are few, and large ones shrink in each call. A key that nobody uses is forgotten.
-- Source: rq/rate_limit.py of RQ 3.0's development, RateLimitRegistry.cleanup.
local repair_keys, repair_jobs = 5, 100

-- Not queued, not running, and with no execution that lives: deleted or canceled while it ran. One that waits for its
-- rate's window keeps its slot.
local function holds_slot(key, id, now_s)
    local status = redis.pcall('HGET', 'rq:job:' .. id, 'status')
    if status == 'queued' or status == 'started' then return true end
    if status == 'scheduled' then return redis.call('ZSCORE', 'cq:waiting:' .. key, id) ~= false end
    local lives = redis.pcall('ZCOUNT', 'rq:executions:' .. id, '(' .. now_s, '+inf')
    return type(lives) == 'number' and lives > 0
end

local function repair_slots(iso, now_s)
    for _, key in ipairs(redis.pcall('SRANDMEMBER', 'rq:rl-keys', repair_keys)) do
        pcall(function()
            local allowed = allowed_of(key)
            for _, id in ipairs(redis.call('ZRANDMEMBER', allowed, repair_jobs)) do
                if not holds_slot(key, id, now_s) then redis.call('ZREM', allowed, id) end
            end
            fill_slots(key, iso)
            if redis.call('EXISTS', allowed, limited_of(key)) == 0 then
                redis.call('SREM', 'rq:rl-keys', key)
                redis.call('DEL', 'rq:rl:' .. key)
            end
        end)
    end
end
