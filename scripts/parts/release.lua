-- needs: now, now_iso, push_job, register_some
-- gives: release_left, release_looks, release_one, release_some, release_dependents
-- include register.lua
--
-- Release the dependents of a job that wait for nothing else: put them on the lists of their own queues. A
-- dependency that is gone counts as met, a failed one only with allow_dependency_failures, a canceled or
-- stopped one never. RQ asks whether the dependent is canceled. We ask whether it is deferred, so that a job
-- that another dependency has released does not run twice.
-- Source: rq/queue.py enqueue_dependents, rq/job.py dependencies_are_met.
--
-- One call looks at release_left of them, and at release_looks of their other dependencies, so that Redis is
-- not held for long. A larger set is set aside, as rq:cq:dependents:<id>:<time>. <0 or 1><id>:<time> is then
-- put at the end of the list rq:cq:releasing:<queue>, 1 for a parent that failed. Later calls continue with
-- it (release_some): fetches that find no job on the queue, and abandon.lua. So it outlives the process that
-- began, and the parent too.

-- What is left of this call's work. All scripts that include this part share it, and bulk.lua ends its chunk
-- when it is spent. release_left counts dependents, release_looks other dependencies of theirs; a call stops
-- after the dependent that uses these up.
local release_left, release_looks = 500, 5000

-- In pieces, because there may be many. What has finished, or is gone, leaves the set of one that waits on,
-- so that it is looked at once: a job with 10,000 dependencies costs each of them the same. RQ reads the set
-- for this very question, and takes what is not there for finished. One that failed stays, allowed or not:
-- requeued, it is to be waited for again. One that is gone may have left its set of dependents behind: RQ's
-- requeue lets a job expire that has no ttl.
local function dependencies_met(id, parent, ended, failures_allowed)
    local dependencies = key_dependencies(id)
    local cursor, count = '0', 10
    repeat
        local found = redis.call('SSCAN', dependencies, cursor, 'COUNT', count)
        local past, open = {ended == 'finished' and parent or nil}, false
        cursor, count = found[1], 100
        for _, other in ipairs(found[2]) do
            if other ~= parent then
                local status = redis.pcall('HGET', key_job(other), 'status')
                release_looks = release_looks - 1
                if type(status) ~= 'string' or status == 'finished' then
                    past[#past + 1] = other
                    if not status then redis.pcall('SREM', key_dependents(other), id) end
                elseif not (failures_allowed and status == 'failed') then
                    open = true
                    break
                end
            end
        end
        if #past > 0 and (open or cursor ~= '0') then redis.call('SREM', dependencies, unpack(past)) end
        if open then return false end
    until cursor == '0'
    return true
end

-- parent, ended: whose end it is, as in release_dependents; nil for a look at all that it waits for. Returns
-- whether it still belongs into the dependents set.
local function release_one(id, parent, ended)
    -- all nil where the key is not a hash: there is no such job
    local status, queue, failures, front, ttl, limit_key, concurrency = unpack(redis.pcall('HMGET',
        key_job(id), 'status', 'origin', 'allow_dependency_failures', 'enqueue_at_front', 'ttl',
        'rate_limit_key', 'rate_limit_concurrency'))
    if status ~= 'deferred' then return status == 'canceled' end
    local failures_allowed = (tonumber(failures) or 0) ~= 0
    if not queue or ended == 'failed' and not failures_allowed or
        not dependencies_met(id, parent, ended, failures_allowed) then return true end
    redis.call('ZREM', key_registry('deferred', queue), id)
    push_job(id, queue, (tonumber(front) or 0) ~= 0, ttl, now_iso, limit_key, concurrency)
    return false
end

-- Go on with what was set aside first for this queue, unless this call has done enough. Returns false when
-- there is nothing. Dependents that were not let go come back to their parent.
local function release_some(queue)
    local releasing = key_releasing(queue)
    local entry = redis.call('LINDEX', releasing, 0)
    if not entry or release_left <= 0 or release_looks <= 0 then return entry ~= false end
    local parent = string.match(entry, '^.(.*):[^:]*$')
    if string.sub(entry, 1, 1) == '+' then
        local looked, all = register_some(parent, queue)
        release_left = release_left - looked
        if all then release_one(parent) end
        return true
    end
    local aside = key_aside(string.sub(entry, 2))
    local status = redis.pcall('HGET', key_job(parent), 'status')
    local failed = string.sub(entry, 1, 1) == '1' and status ~= 'finished'
    local ended = failed and 'failed' or status == 'canceled' and 'canceled' or 'finished'
    local dependents = key_dependents(parent)
    local back, rest = {}, {}
    for _, id in ipairs(redis.call('SPOP', aside, release_left)) do
        if release_looks <= 0 then
            rest[#rest + 1] = id
        else
            release_left = release_left - 1
            if release_one(id, parent, ended) then back[#back + 1] = id end
        end
    end
    if #rest > 0 then redis.call('SADD', aside, unpack(rest)) end
    if type(status) == 'string' and #back > 0 then
        local ttl = redis.call('TTL', key_job(parent))
        redis.call('SADD', dependents, unpack(back))
        if ttl > 0 then redis.call('EXPIRE', dependents, ttl) end
    end
    if redis.call('EXISTS', aside) == 0 then redis.call('LPOP', releasing) end
    return true
end

-- What was set aside when the parent failed is to be judged by its success.
local function forgive(parent, releasing)
    for at, entry in ipairs(redis.call('LRANGE', releasing, 0, -1)) do
        if string.match(entry, '^1(.*):[^:]*$') == parent then
            redis.call('LSET', releasing, at - 1, '0' .. string.sub(entry, 2))
        end
    end
end

-- queue: the parent's. ended: finished, failed or canceled. One that was canceled is passed over for now and
-- stays among what they wait for, as in RQ's cancel with enqueue_dependents. Returns how many there were.
local function release_dependents(parent, queue, ended)
    local dependents, releasing = key_dependents(parent), key_releasing(queue)
    local count = redis.call('SCARD', dependents)
    if count == 0 then return 0 end
    if ended ~= 'failed' then forgive(parent, releasing) end
    if count <= release_left then
        release_left = release_left - count
        local spent = false
        for _, id in ipairs(redis.call('SMEMBERS', dependents)) do
            spent = release_looks <= 0
            if spent then break end
            if not release_one(id, parent, ended) then redis.call('SREM', dependents, id) end
        end
        if not spent then return count end
    end
    local name = parent .. ':' .. now
    redis.call('RENAME', dependents, key_aside(name))
    redis.call('PERSIST', key_aside(name))
    redis.call('RPUSH', releasing, (ended == 'failed' and '1' or '0') .. name)
    release_some(queue)
    return count
end
