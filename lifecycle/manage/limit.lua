-- Set what `cq limit` says of a key, or take it away; jobs that wait are looked at again at once. What is not said stays as it is.
-- Returns 1 when something was set for the key before, else 0. Errors: none of its own.
-- No keys: they are of the job's key.
-- rate: a number, window: seconds; both '': as they are; 'none': no rate. concurrency: a number, '' or 'none' alike. verb 'remove': all.
local verb, key, rate, window, concurrency, now_iso, now = unpack(ARGV)
-- include slots.lua
local limit, waiting = 'rq:cq:limit:' .. key, 'rq:cq:waiting:' .. key
local before = redis.call('EXISTS', limit)

-- The jobs' own number counts again: that of the one that came last. One that had none keeps the number that was set when it came.
local function use_their_own()
    local last = redis.pcall('ZRANGE', limited_of(key), -1, -1)[1] or redis.pcall('ZRANGE', allowed_of(key), -1, -1)[1]
    local own = last and redis.pcall('HGET', 'rq:job:' .. last, 'rate_limit_concurrency')
    if slots_of(key, type(own) == 'string' and own or nil) then redis.pcall('HSET', 'rq:rl:' .. key, 'concurrency', own) end
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
    if redis.call('EXISTS', 'rq:rl:' .. key) == 1 then redis.call('HSET', 'rq:rl:' .. key, 'concurrency', concurrency) end
end
if limited and redis.call('HEXISTS', limit, 'concurrency') == 0 then use_their_own() end
if redis.call('EXISTS', limit) == 1 then
    redis.call('SADD', 'rq:cq:limits', key)
else
    redis.call('SREM', 'rq:cq:limits', key)
end
if redis.call('HEXISTS', limit, 'rate') == 0 then redis.call('DEL', 'rq:cq:starts:' .. key) end
if redis.call('EXISTS', waiting) == 1 then redis.call('ZADD', 'rq:cq:waiting', now, key) end
pcall(fill_slots, key, now_iso)
return before
