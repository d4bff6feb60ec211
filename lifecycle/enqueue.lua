-- Enqueue one job: parts/enqueue.lua says how.
-- Source: rq/queue.py enqueue_job, schedule_job; rq/scripts.py UNIQUE_ENQUEUE_SCRIPT, UNIQUE_SCHEDULE_SCRIPT.
-- Returns the queue's length after the push, or one of these words: deferred, scheduled, rate_limited, or
-- registering: the job is deferred, and register.lua is to be called. Where some of its dependencies do not
-- exist: {that, how many, the first one}.
-- Errors: DUPLICATEJOB.
-- No keys: they are built here, from the ids of the dependencies.
-- id, queue           id of the job, name of its queue
-- at_front            '1': to the front of the list
-- unique              '1': refuse any id that exists, changing nothing
-- ttl                 seconds that the job may wait; -1: for ever
-- enqueued_at         iso: now
-- created_at          iso, '' none: tells a call that is sent again, where the job has to wait
-- now_s               whole seconds
-- group               the job's group, '' none
-- due                 epoch at which a scheduled job is due, '' now
-- dependencies        a JSON list of ids, '' none
-- allow_failures      '1': a dependency that failed counts as met
-- then                field, value ... of the job's hash
local id, queue, at_front, unique, ttl, enqueued_at, created_at, now_s, group, due, dependencies,
    allow_failures = unpack(ARGV)

-- Mostly it is a new job that is queued at once: that needs nothing of what follows, which would cost a fifth
-- more.
local job = key_job(id)
local limited = false
for at = after_args, #ARGV, 2 do limited = limited or ARGV[at] == 'rate_limit_key' end
if not limited and dependencies == '' and due == '' and group == '' and tonumber(ttl) <= 0 and
    redis.call('EXISTS', job) == 0 then
    redis.call('SADD', key_queues(), key_queue(queue))
    local len = redis.call(at_front == '1' and 'LPUSH' or 'RPUSH', key_queue(queue), id)
    redis.call('HSET', job, unpack(ARGV, after_args))
    return len
end
-- include seconds.lua
-- include leave.lua
-- include enqueue.lua
local done, missing = enqueue_job({id = id, queue = queue, at_front = at_front == '1', unique = unique == '1',
    ttl = ttl, enqueued_at = enqueued_at, created_at = created_at, now_s = now_s, group = group, due = due,
    dependencies = dependencies, allow_failures = allow_failures == '1', values = ARGV, first = after_args,
    last = #ARGV})
if done == 'duplicate' then
    return redis.error_reply("DUPLICATEJOB Job with ID '" .. id .. "' already exists")
end
if done == 'deferred' and redis.call('EXISTS', key_unregistered(id)) == 1 then done = 'registering' end
if type(done) == 'string' then done = redis.status_reply(done) end
return missing and #missing > 0 and {done, #missing, missing[1]} or done
