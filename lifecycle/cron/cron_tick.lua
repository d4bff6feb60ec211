-- Take one tick of a cron job and enqueue its job, in one step: the first call wins, the others are told.
-- A call says what its scheduler has seen, as the key holds it: `<tick> <id of the job> <zone> <schedule>`.
-- Nothing is done when the key holds something else by now. Then another scheduler has taken the tick, or
-- the caller decided by old knowledge. Sent twice, the call acts once.
-- The tick of a paused job is taken and enqueues nothing, so that nothing is made up for later. The same
-- holds with no_overlap for a job whose last job still waits or runs.
-- Source: rq/cron.py CronJob.enqueue, rq/cron_job_registry.py add.
-- Returns {`enqueued`, `taken`, `paused` or `overlaps`, what the key holds now}.
-- rq:cq:cron:tick:<job>, rq:job:<id>, rq:cron_job:<name>:jobs, rq:cron_jobs
local state, job, history, names = unpack(KEYS)
-- seen                what the scheduler knows of the job, '' nothing
-- tick                whole seconds; '': out of turn, which takes none and looks at no pause or overlap
-- schedule            `<zone> <schedule>`, '' when it is not kept
-- state_ttl           seconds that what is known of the job stays
-- name                of the cron job
-- no_overlap          '1': not while its last job waits or runs
-- id, queue, at_front, ttl, group: of the job, as in enqueue.lua
-- enqueued_at, epoch  now
-- then                field, value ... of the job's hash, status and enqueued_at among them
local seen, tick, schedule, state_ttl, name, no_overlap, id, queue, at_front, ttl, group, enqueued_at,
    epoch = unpack(ARGV)
local history_max, history_ttl = 1000, 31536000
-- include seconds.lua
-- include leave.lua
-- include enqueue.lua

local held = redis.pcall('GET', state)
if type(held) == 'table' then -- not a string: somebody else's, under our name
    redis.call('DEL', state)
    held = ''
end
held = held or ''
local held_tick, last, held_schedule = string.match(held, '^(%d+) (%S*)(.*)$')
if schedule ~= '' then schedule = ' ' .. schedule end -- as it stands in the key
if tick == '' then schedule = held_schedule or '' end
local taken = (tick ~= '' and tick or held_tick or '') .. ' ' .. id .. schedule
if held == taken or redis.call('HGET', job, 'enqueued_at') == enqueued_at then return {'enqueued', held} end

local function keep(text) redis.call('SET', state, text, 'EX', state_ttl) end

if tick ~= '' then
    if held ~= seen then return {'taken', held} end
    last = last or ''
    local function take_only(why)
        local now = tick .. ' ' .. last .. schedule
        keep(now)
        return {why, now}
    end
    if redis.pcall('SISMEMBER', key_cron_paused(), name) == 1 then return take_only('paused') end
    if no_overlap == '1' and last ~= '' then
        local status = redis.pcall('HGET', key_job(last), 'status')
        for _, running in ipairs({'queued', 'started', 'scheduled', 'deferred', 'rate_limited',
            'ready_to_enqueue'}) do
            if status == running then return take_only('overlaps') end
        end
    end
end

-- It may wait for a slot of its limit; all else of it is queued at once.
enqueue_job({id = id, queue = queue, at_front = at_front == '1', unique = false, ttl = ttl,
    enqueued_at = enqueued_at, created_at = enqueued_at, now_s = string.match(epoch, '^%d+'), group = group,
    due = '', dependencies = '', allow_failures = false, values = ARGV, first = after_args, last = #ARGV})
if tick ~= '' or held ~= '' then keep(taken) else taken = held end
redis.pcall('ZADD', history, epoch, id)
redis.pcall('ZREMRANGEBYRANK', history, 0, -(history_max + 1))
redis.pcall('EXPIRE', history, history_ttl)
redis.pcall('ZADD', names, epoch, name)
return {'enqueued', taken}
