-- Save a job, and put it where it is to wait: on its queue (queued), in rq:deferred while a dependency is open, or in
-- rq:scheduled until it is due. An id that exists already is enqueued again, as RQ does, and leaves the place where it
-- waited; an execution of it that still runs has nothing to say any more. Sent twice (the same enqueued_at, or created_at
-- where the job does not go to its queue at once), the call acts once. unique '1': refuse any id that exists, changing nothing.
-- A dependency is open when it exists and has not finished; failed ones are not with allow_failures '1' (RQ's enqueue_many
-- judges so; its enqueue would leave the job deferred for ever). A deferred job is registered with those that exist
-- and have not finished: the others would never look into their dependents again, and keep the set for ever.
-- Source: rq/queue.py enqueue_job, setup_dependencies, schedule_job, _enqueue_async_job; rq/job.py register_dependency,
-- dependencies_are_met; rq/group.py _add_jobs; rq/scripts.py UNIQUE_ENQUEUE_SCRIPT, UNIQUE_SCHEDULE_SCRIPT.
-- Returns the queue's length after the push, or the status deferred or scheduled. Errors: DUPLICATEJOB.
local queues, queue, job = unpack(KEYS) -- rq:queues, rq:queue:<name>, rq:job:<id>
-- dependencies: JSON list of ids, '' for none. due: epoch, '' for now. group: '' for none. Then field, value ... of the
-- job's hash; status and enqueued_at are among them unless there are dependencies, or it is due later.
local id, queue_name, at_front, unique, ttl, enqueued_at, created_at, now_s, group, due, dependencies, allow_failures = unpack(ARGV)
local fields = 13
-- include seconds.lua
-- include push.lua
-- include leave.lua

-- Of an earlier life: what it waited for then is not what it waits for now.
local function leave_dependencies()
    local own = 'rq:job::' .. id .. ':dependencies'
    for _, other in ipairs(redis.pcall('SMEMBERS', own)) do redis.call('SREM', 'rq:job:' .. other .. ':dependents', id) end
    redis.call('DEL', own)
end

-- Those that have not finished, and whether one of them is to be waited for.
local function open_dependencies()
    local open, waits = {}, false
    for _, other in ipairs(cjson.decode(dependencies)) do
        local status, other_ttl = unpack(redis.pcall('HMGET', 'rq:job:' .. other, 'status', 'ttl')) -- what is no hash: nil
        if status and status ~= 'finished' then
            open[#open + 1] = {other, other_ttl or status == 'failed' or status == 'stopped'}
            if status ~= 'failed' or allow_failures ~= '1' then waits = true end
        end
    end
    return open, waits
end

-- A dependency that will expire takes its dependents set with it.
local function register(open)
    local own = 'rq:job::' .. id .. ':dependencies'
    for _, dependency in ipairs(open) do
        local other, expires = unpack(dependency)
        local dependents = 'rq:job:' .. other .. ':dependents'
        redis.call('SADD', dependents, id)
        redis.call('SADD', own, other)
        local left = expires and redis.call('TTL', 'rq:job:' .. other) or -1
        if left > 0 then redis.call('EXPIRE', dependents, left) end
    end
end

local plain = due == '' and dependencies == ''
local existed = redis.call('EXISTS', job) == 1
if existed then
    if unique == '1' then return redis.error_reply("DUPLICATEJOB Job with ID '" .. id .. "' already exists") end
    local before, created, status, origin, old_group = unpack(redis.call('HMGET', job, 'enqueued_at', 'created_at', 'status',
        'origin', 'group_id'))
    if plain and before == enqueued_at then return redis.call('LLEN', queue) end
    if not plain and created == created_at then
        if status == 'deferred' or status == 'scheduled' then return redis.status_reply(status) end
        return redis.call('LLEN', queue)
    end
    leave_places(id, queue_name)
    if origin and origin ~= queue_name then leave_places(id, origin) end
    leave_dependencies()
    redis.call('DEL', 'cq:output:' .. id)
    if old_group and old_group ~= '' and old_group ~= group then redis.call('SREM', 'rq:group:' .. old_group, id) end
    if not plain then redis.call('HDEL', job, 'enqueued_at') end
end

-- What can fail comes first: where a key holds something else, there is no job without a place.
local function save(...)
    redis.call('HSET', job, unpack(ARGV, fields))
    if select('#', ...) > 0 then redis.call('HSET', job, ...) end
    if group ~= '' then
        redis.call('SADD', 'rq:group:' .. group, id)
        redis.call('SADD', 'rq:groups', group)
    end
    if existed or tonumber(ttl) > 0 then keep_waiting(id, ttl) end
end

redis.call('SADD', queues, queue)
if due ~= '' then
    redis.call('ZADD', 'rq:scheduled:' .. queue_name, due, id)
    save('status', 'scheduled')
    return redis.status_reply('scheduled')
end
if dependencies ~= '' then
    local open, waits = open_dependencies()
    if waits then
        redis.call('ZADD', 'rq:deferred:' .. queue_name, now_s, id)
        register(open)
        save('status', 'deferred')
        return redis.status_reply('deferred')
    end
end
local len = redis.call(at_front == '1' and 'LPUSH' or 'RPUSH', queue, id)
if plain then save() else save('status', 'queued', 'enqueued_at', enqueued_at) end
return len
