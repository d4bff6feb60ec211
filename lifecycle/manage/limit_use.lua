-- What is set for a key, and what is used of it.
-- Returns {concurrency, jobs that have a slot, jobs that wait for one, rate, window, starts in the window
-- that ends now, jobs that wait for the rate}; numbers as texts, '' where nothing is set, -1 for what a key
-- of another type does not tell. Errors: none of its own.
local key, now = unpack(ARGV)
local function count(command, name)
    local size = redis.pcall(command, name)
    return type(size) == 'number' and size or -1
end
local settings = redis.pcall('HMGET', key_limit(key), 'concurrency', 'rate', 'window')
local own = redis.pcall('HGET', key_rate_limit(key), 'concurrency')
local concurrency = settings[1] or type(own) == 'string' and own or ''
local since = now - (tonumber(settings[3] or '') or 0)
local used = 0
for _, at in ipairs(redis.pcall('LRANGE', key_starts(key), 0, -1)) do
    if (tonumber(at) or 0) <= since then break end
    used = used + 1
end
return {concurrency, count('ZCARD', key_allowed(key)), count('ZCARD', key_rate_limited(key)), settings[2] or
    '', settings[3] or '', used, count('ZCARD', key_waiting_of(key))}
