-- Set the limits of a key, or take them away, as `cq limit` asks for. Jobs that wait are looked at again at
-- once. A limit that is not named stays as it is.
-- Returns 1 when something was set for the key before, else 0. Errors: none of its own.
-- No keys: they are of the job's key.
-- rate: a number, window: seconds; both '': as they are; 'none': no rate. concurrency: a number, '' or 'none'
-- alike. verb 'remove': all.
local verb, key, rate, window, concurrency, now_iso, now = unpack(ARGV)
-- include slots.lua
local limit, waiting = key_limit(key), key_waiting_of(key)
local before = redis.call('EXISTS', limit)

-- The jobs' own number counts again: that of the one that came last. One that had none keeps the number that
-- was set when it came.
local function use_their_own()
    local last = redis.pcall('ZRANGE', key_rate_limited(key), -1, -1)[1] or redis.pcall('ZRANGE',
        key_allowed(key), -1, -1)[1]
    local own = last and redis.pcall('HGET', key_job(last), 'rate_limit_concurrency')
    if slots_of(key, type(own) == 'string' and own or nil) then
        redis.pcall('HSET', key_rate_limit(key), 'concurrency', own)
    end
end

local limited = redis.call('HEXISTS', limit, 'concurrency') == 1
if verb == 'remove' then redis.call('DEL', limit) end
if rate == 'none' then
    redis.call('HDEL', limit, 'rate', 'window')
elseif rate ~= '' then
    redis.call('HSET', limit, 'rate', rate, 'window', window)
end
if concurrency == 'none' then
    redis.call('HDEL', limit, 'concurrency')
elseif concurrency ~= '' then
    redis.call('HSET', limit, 'concurrency', concurrency)
    -- Workers of RQ 3 read it from here.
    if redis.call('EXISTS', key_rate_limit(key)) == 1 then
        redis.call('HSET', key_rate_limit(key), 'concurrency', concurrency)
    end
end
if limited and redis.call('HEXISTS', limit, 'concurrency') == 0 then use_their_own() end
if redis.call('EXISTS', limit) == 1 then
    redis.call('SADD', key_limits(), key)
else
    redis.call('SREM', key_limits(), key)
end
if redis.call('HEXISTS', limit, 'rate') == 0 then redis.call('DEL', key_starts(key)) end
if redis.call('EXISTS', waiting) == 1 then redis.call('ZADD', key_waiting(), now, key) end
pcall(fill_slots, key, now_iso)
return before
