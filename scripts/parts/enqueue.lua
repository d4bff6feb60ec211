-- needs: enter_limit, epoch_of, keep_waiting, leave_dependencies, leave_executions, leave_limit,
--       leave_places, look_later, open_dependency, register_dependency, register_most, slots_of,
--       wait_for_slot
-- gives: enqueue_job
-- include keep.lua
-- include register.lua
-- include slots.lua
--
-- Save a job, and put it where it is to wait: on its queue (queued), in rq:deferred while a dependency is
-- open, or in rq:scheduled until it is due.
--
-- An id that exists already becomes another job, as in RQ. It keeps its dependents and leaves the place where
-- it waited. The outcome of an execution that still runs is refused. Sent twice, the call acts once: by the
-- same enqueued_at, or by created_at where the job does not go to its queue at once.
--
-- A dependency is open when it exists and has not finished. With allow_failures a failed one is not open (so
-- does RQ's enqueue_many; its enqueue would leave the job deferred for ever). A job with many dependencies is
-- deferred before they are looked at (register.lua).
-- Source: rq/queue.py enqueue_job, setup_dependencies, schedule_job, _enqueue_async_job; rq/job.py
-- dependencies_are_met; rq/group.py _add_jobs.

-- Returns whether the job has to wait, and which dependencies do not exist: they count as finished. A job
-- that has to wait is in rq:deferred, and registered, or will be.
local function await_dependencies(id, queue, ids, allow_failures, now_s)
    local own, rest = key_dependencies(id), key_unregistered(id)
    if #ids > register_most then
        redis.call('ZADD', key_registry('deferred', queue), now_s, id)
        for at = 1, #ids, 1000 do redis.call('SADD', own, unpack(ids, at, math.min(at + 999, #ids))) end
        redis.call('SUNIONSTORE', rest, rest, own)
        look_later(id, queue)
        return true, {}
    end
    local open, missing, waits = {}, {}, false
    for _, other in ipairs(ids) do
        local status, may_expire, gone = open_dependency(other)
        if gone then missing[#missing + 1] = other end
        if status then open[#open + 1] = {other, may_expire} end
        waits = waits or status and (status ~= 'failed' or not allow_failures)
    end
    if not waits then return false, missing end
    redis.call('ZADD', key_registry('deferred', queue), now_s, id)
    for _, one in ipairs(open) do
        register_dependency(id, one[1], one[2])
        redis.call('SADD', own, one[1])
    end
    return true, missing
end

-- The limit of how many jobs of its key may run, by the job's fields values[first] ... Returns key and
-- number, or nil.
local function limit_in(values, first, last)
    local key, concurrency
    for at = first, last, 2 do
        if values[at] == 'rate_limit_key' then key = values[at + 1] end
        if values[at] == 'rate_limit_concurrency' then concurrency = values[at + 1] end
    end
    if key and key ~= '' then return key, slots_of(key, concurrency) end
end

-- with: a table of
--   id, queue, at_front, unique, enqueued_at, created_at, now_s, allow_failures
--   ttl                  seconds, -1: none
--   group, dependencies  '': none
--   due                  epoch, '': now
--   values, first, last  a table, and which part of it has field, value ... of the job's hash. status and
--                        enqueued_at are among them, unless there are dependencies or the job is due later
-- Returns the queue's length after the push, or one of
--   deferred, scheduled
--   rate_limited         its key has no slot for it
--   duplicate            unique, and the id exists; nothing changed
-- Then the dependencies that do not exist, of those that were looked at; nil: none were.
local function enqueue_job(with)
    local id, queue_name = with.id, with.queue
    local job, queue = key_job(id), key_queue(queue_name)
    local plain = with.due == '' and with.dependencies == ''
    local existed = redis.call('EXISTS', job) == 1
    local limit_key, slots = limit_in(with.values, with.first, with.last)
    if existed then
        if with.unique then return 'duplicate' end
        local before, created, status, origin, group = unpack(redis.call('HMGET', job, 'enqueued_at',
            'created_at', 'status', 'origin', 'group_id'))
        if slots and created == with.created_at then
            return status ~= 'queued' and status ~= 'started' and status or redis.call('LLEN', queue)
        end
        if plain and before == with.enqueued_at then return redis.call('LLEN', queue) end
        if not plain and created == with.created_at then
            return (status == 'deferred' or status == 'scheduled') and status or redis.call('LLEN', queue)
        end
        leave_places(id, queue_name)
        if origin and origin ~= queue_name then leave_places(id, origin) end
        leave_executions(id)
        leave_dependencies(id, queue_name)
        redis.call('DEL', key_dependencies(id))
        leave_limit(id)
        if group and group ~= '' and group ~= with.group then redis.call('SREM', key_group(group), id) end
    end
    -- Calls that can fail come first: when a key holds something else, no job is left without a place.
    local function save(...)
        if existed then redis.call('DEL', job, key_output(id)) end
        redis.call('HSET', job, unpack(with.values, with.first, with.last))
        if select('#', ...) > 0 then redis.call('HSET', job, ...) end
        if with.group ~= '' then
            redis.call('SADD', key_group(with.group), id)
            redis.call('SADD', key_groups(), with.group)
        end
        if existed or tonumber(with.ttl) > 0 then keep_waiting(id, with.ttl) end
    end
    redis.call('SADD', key_queues(), queue)
    if with.due ~= '' then
        redis.call('ZADD', key_registry('scheduled', queue_name), with.due, id)
        save('status', 'scheduled')
        return 'scheduled'
    end
    local missing
    if with.dependencies ~= '' then
        local waits
        waits, missing = await_dependencies(id, queue_name, cjson.decode(with.dependencies),
            with.allow_failures, with.now_s)
        if waits then
            save('status', 'deferred')
            return 'deferred', missing
        end
    end
    if slots then
        redis.call('LLEN', queue)
        enter_limit(id, epoch_of(with.enqueued_at), limit_key, slots)
        if plain then save() else save('status', 'queued', 'enqueued_at', with.enqueued_at) end
        wait_for_slot(id, queue_name, with.at_front, with.enqueued_at, limit_key, slots)
        return redis.call('HGET', job, 'status') == 'queued' and redis.call('LLEN', queue) or 'rate_limited',
            missing
    end
    local len = redis.call(with.at_front and 'LPUSH' or 'RPUSH', queue, id)
    if plain then save() else save('status', 'queued', 'enqueued_at', with.enqueued_at) end
    return len, missing
end
