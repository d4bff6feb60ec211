-- Put a job that its worker ended at the deadline of a shutdown back to the front of its queue, as if it had
-- not been started: retries are untouched, nothing is recorded. Jobs given back at about the same time keep
-- the order in which they were started, also those of several workers. Fenced as finish.lua is: an execution
-- that is not in rq:wip:<queue> any more was given to another worker. Sent again it changes nothing.
-- RQ has no such transition: its cold stop fails the job, or leaves it to be found abandoned.
-- Returns the verdict: requeued fenced canceled deleted. Errors: none of its own.
-- rq:worker:<name>, rq:worker:<name>:executions, rq:wip:<queue>, rq:queue:<queue>, rq:cq:given_back:<queue>
local worker, worker_executions, wip, list, given_back = unpack(KEYS)
local id, queue, execution, worker_ttl, now_iso, now, now_s = unpack(ARGV)
-- include seconds.lua
-- include push.lua
-- include idle.lua
local look_back = 16        -- jobs started before it that may still be found on the list
local front = 1000          -- how far from the head they are looked for
local remember_s = 600      -- the order in which jobs were started is known for so long

local job = key_job(id)
local member = id .. ':' .. execution

-- Does another execution of the job live?
local function runs_elsewhere()
    for _, other in ipairs(redis.call('ZRANGE', key_executions(id), 0, 99)) do
        local score = other ~= execution and redis.call('ZSCORE', wip, id .. ':' .. other)
        if score and tonumber(score) > tonumber(now_s) then return true end
    end
    return false
end

-- Behind the job that was started right before it, when that waits again already.
local function push_in_order(started, ttl)
    push_job(id, queue, true, ttl, now_iso)
    redis.call('ZADD', given_back, started, id)
    redis.call('EXPIRE', given_back, remember_s)
    for _, earlier in ipairs(redis.call('ZREVRANGEBYSCORE', given_back, started, '-inf', 'LIMIT', 0,
        look_back)) do
        if earlier ~= id and redis.call('LPOS', list, earlier, 'MAXLEN', front) then
            redis.call('LREM', list, 1, id)
            redis.call('LINSERT', list, 'AFTER', earlier, id)
            return
        end
    end
end

local function give_back(started)
    local fields = redis.pcall('HMGET', job, 'status', 'ttl')
    local status = fields[1]
    if fields.err or not status then return 'deleted' end
    if status == 'canceled' then return 'canceled' end
    -- Enqueued anew under its id while it ran, it waits already; any other status is of something that came
    -- since.
    local waits = status == 'queued' and redis.call('LPOS', list, id)
    if waits or status ~= 'started' and status ~= 'queued' or runs_elsewhere() then return 'fenced' end
    push_in_order(started, fields[2])
    redis.call('HSET', job, 'started_at', '', 'worker_name', '')
    return 'requeued'
end

local function fenced()
    local status = redis.pcall('HGET', job, 'status')
    if type(status) ~= 'string' then return 'deleted' end
    if status == 'queued' and redis.call('ZSCORE', given_back, id) then return 'requeued' end
    return status == 'canceled' and 'canceled' or 'fenced'
end

local mine = redis.call('ZSCORE', wip, member)
-- With microseconds: as it was when fetch.lua wrote it.
local started = tonumber(redis.call('HGET', key_execution(member), 'created_at') or now) or tonumber(now)
redis.call('DEL', key_execution(member))
redis.call('ZREM', key_executions(id), execution)
local verdict = mine and give_back(string.format('%.6f', started)) or fenced()
-- Last, so that a job whose keys are broken is found abandoned and not lost.
redis.call('ZREM', wip, member)
redis.call('SREM', worker_executions, member)
local runner = mine and redis.pcall('HMGET', worker, 'birth', 'current_job') or {}
if runner[1] and runner[2] == id then become_idle({}) end
return verdict
