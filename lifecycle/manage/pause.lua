-- Pause queues, or end their pause, and take away every pause that is over.
-- rq:cq:paused is a hash of ours: queue name -> '' (until it is resumed) or the epoch at which the pause
-- ends. fetch.lua and finish.lua look at it only when it exists.
-- Returns for each queue 1 when it was paused before, else 0. Errors: INVALIDOPERATION when rq:cq:paused is
-- not a hash.
local paused = unpack(KEYS) -- rq:cq:paused
-- ends: '' or an epoch to pause; 'resume' to end. Then the names of the queues.
local ends, now_s = unpack(ARGV)
if redis.call('TYPE', paused).ok ~= 'hash' and redis.call('EXISTS', paused) == 1 then
    return redis.error_reply('INVALIDOPERATION ' .. paused .. ' is not a hash; delete it to pause queues')
end
local all = redis.call('HGETALL', paused)
for at = 1, #all, 2 do
    local over = tonumber(all[at + 1])
    if over and over <= tonumber(now_s) then redis.call('HDEL', paused, all[at]) end
end
local before = {}
for at = after_args, #ARGV do
    before[#before + 1] = redis.call('HEXISTS', paused, ARGV[at])
    if ends == 'resume' then
        redis.call('HDEL', paused, ARGV[at])
    else
        redis.call('HSET', paused, ARGV[at], ends)
    end
end
return before
