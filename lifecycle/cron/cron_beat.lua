-- Write a cron scheduler's heartbeat and what it shows of itself, as RQ's do. The answer has the server's
-- time, which counts for all schedulers, and of each of its jobs the last tick and whether it is paused.
-- A job that was never seen is seen now: only later ticks can be missed. The same holds for a job whose
-- schedule is not that of its last tick, when the caller has just read its files.
-- Names of schedulers that ended without a death, and of cron jobs that were not enqueued for a year, are
-- removed. When the files have just been read, look for another scheduler that has a job of ours and takes no
-- ticks: RQ's. Ours show their version.
-- Source: rq/cron.py CronScheduler.save, heartbeat, rq/cron_scheduler_registry.py register, cleanup,
-- rq/cron_job_registry.py.
-- Returns {seconds, microseconds, what rq:cq:cron:tick:<job> holds or '' ..., '1' when paused, else '0' ...,
-- and, when there is one, that scheduler and the job's name}.
-- rq:cron_schedulers, rq:cron_scheduler:<name>, then rq:cq:cron:tick:<job> of each job
local schedulers, scheduler = unpack(KEYS)
-- name                of the scheduler; '': nobody's heartbeat, only the answer is wanted
-- ttl, state_ttl      seconds, of the scheduler's hash and of what is known of a job
-- first_seen          for each job '1' when its time begins to count now, else '0'
-- fresh               '1': the files have just been read
-- hash                how many field, value ... of the scheduler's hash follow
-- then                these, the name of each job, and the schedule of each, `<zone> <schedule>`
local name, ttl, state_ttl, first_seen, fresh, hash = unpack(ARGV)
local gone, history_ttl = 3600, 31536000 -- s; RQ looks after two minutes, by clocks that may differ
local most_rivals, most_shown = 10, 100000 -- bytes of JSON of each
local time = redis.call('TIME')
local answer = {time[1], time[2]}
if #KEYS >= after_keys then
    local states = redis.call('MGET', unpack(KEYS, after_keys))
    local names = after_args + tonumber(hash)
    for i, state in ipairs(states) do
        local schedule, now = ARGV[names + #states + i - 1], nil
        if schedule ~= '' then schedule = ' ' .. schedule end -- as it stands in the key
        if not state then
            if string.sub(first_seen, i, i) == '1' then now = time[1] .. ' ' .. schedule end
        elseif fresh == '1' then
            local last, of = string.match(state, '^%d+ (%S*)(.*)$')
            if of and of ~= '' and of ~= schedule then now = time[1] .. ' ' .. last .. schedule end
        end
        if now then redis.call('SET', KEYS[after_keys + i - 1], now, 'EX', state_ttl) end
        answer[#answer + 1] = now or state or ''
    end
    local paused = redis.pcall('SMISMEMBER', key_cron_paused(), unpack(ARGV, names, names + #states - 1))
    for i = 1, #states do answer[#answer + 1] = paused[i] == 1 and '1' or '0' end
end
local function rival()
    local mine, first = {}, after_args + tonumber(hash)
    for i = first, first + #KEYS - after_keys do mine[ARGV[i]] = true end
    for _, other in ipairs(redis.call('ZREVRANGEBYSCORE', schedulers, '+inf', time[1] - ttl, 'LIMIT', 0,
        most_rivals)) do
        local shown = redis.pcall('HMGET', key_cron_scheduler(other), 'version', 'cron_jobs')
        if not shown.err and not shown[1] and shown[2] and #shown[2] <= most_shown then
            local readable, jobs = pcall(cjson.decode, shown[2])
            for _, job in ipairs(readable and type(jobs) == 'table' and jobs or {}) do
                local its = type(job) == 'table' and (job.name or job.func_name)
                if its and mine[its] then return other, its end
            end
        end
    end
end

if name ~= '' then
    if fresh == '1' then
        local other, its = rival()
        if other then
            answer[#answer + 1] = other
            answer[#answer + 1] = its
        end
    end
    redis.call('ZADD', schedulers, time[1] .. string.format('.%06d', time[2]), name)
    redis.call('HSET', scheduler, unpack(ARGV, after_args, after_args + tonumber(hash) - 1))
    redis.call('EXPIRE', scheduler, ttl)
    redis.call('ZREMRANGEBYSCORE', schedulers, '-inf', '(' .. (time[1] - gone))
    redis.pcall('ZREMRANGEBYSCORE', key_cron_jobs(), '-inf', '(' .. (time[1] - history_ttl))
end
return answer
