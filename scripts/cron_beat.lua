-- A cron scheduler lives: its heartbeat and what it shows of itself, as RQ writes them, and back comes what it needs to know:
-- the server's time, by which all schedulers go, and of each of its jobs the last tick and whether it is paused.
-- A job that was never seen is seen now: only what it misses from here on counts as missed.
-- Source: rq/cron.py CronScheduler.save, heartbeat, rq/cron_scheduler_registry.py register.
-- Returns {seconds, microseconds, `<tick> <id of the job>` or '' ..., '1' when paused, else '0' ...}.
local schedulers, scheduler = unpack(KEYS) -- rq:cron_schedulers, rq:cron_scheduler:<name>, then cq:cron:tick:<job> of each job
-- first_seen: for each job '1' when its time begins to count now, '0' when not. hash: how many field, value ... follow, then the name of each job
local name, ttl, state_ttl, first_seen, hash = unpack(ARGV)
local fields = 6
local time = redis.call('TIME')
local answer = {time[1], time[2]}
if #KEYS > 2 then
    local states = redis.call('MGET', unpack(KEYS, 3))
    for i, state in ipairs(states) do
        if not state and string.sub(first_seen, i, i) == '1' then
            state = time[1] .. ' '
            redis.call('SET', KEYS[i + 2], state, 'EX', state_ttl)
        end
        answer[#answer + 1] = state or ''
    end
    local paused = redis.pcall('SMISMEMBER', 'cq:cron:paused', unpack(ARGV, fields + tonumber(hash)))
    for i = 1, #states do answer[#answer + 1] = paused[i] == 1 and '1' or '0' end
end
if name ~= '' then
    redis.call('ZADD', schedulers, time[1] .. string.format('.%06d', time[2]), name)
    redis.call('HSET', scheduler, unpack(ARGV, fields, fields + tonumber(hash) - 1))
    redis.call('EXPIRE', scheduler, ttl)
end
return answer
