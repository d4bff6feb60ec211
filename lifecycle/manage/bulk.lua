-- Cancel, delete or requeue many jobs of one place: the next ones in order, as far as until, or those that
-- are named. Entries without a job, and those of jobs that are elsewhere by their status, are taken out:
-- `gone`.
-- limit bounds the work of a call. removed_left, release_left and dependencies_left bound it for dependents
-- and dependencies of the jobs. A job that has more of them stays, and the call ends before it.
-- A named job is only worked on while it is there. A requeue passes over jobs that were enqueued since: they
-- have failed again meanwhile.
-- Source: rq/job.py Job.cancel, Job.delete; rq/registry.py BaseRegistry.requeue; rq/cli/cli.py requeue.
-- Returns {done, gone, passed over, left alone as their keys hold something else, entries seen, 1 when the
-- end was reached, score and member of the last one seen, the last text of an error}.
-- Errors: none of its own.
local source = unpack(KEYS) -- rq:queue:<queue>, rq:failed:<queue> ...
-- verb                cancel delete requeue
-- place               queued started deferred scheduled finished failed canceled
-- queue, limit        name of the queue, jobs of a call
-- dependents          '1': cancel enqueues those that wait for nothing else; delete deletes them, too
-- detach              '1': cancel takes the job out of the dependents sets of what it waits for
-- at_front            '1': requeue puts it to the front
-- since               iso: when the whole undertaking began
-- last_score, last_member    where the call before ended, '' at first; of a list with named ids last_score is
--                     the rank of the first of them
-- until_score, until_member  the last entry when the undertaking began, '' none
-- now_iso, now, now_s
-- then                the ids that are named; none: the next ones
local verb, place, queue, limit, dependents, detach, at_front, since, last_score, last_member, until_score,
    until_member, now_iso, now, now_s = unpack(ARGV)
-- include seconds.lua
-- include delete.lua
-- include push.lua
-- include release.lua
-- include leave.lua
-- include cursor.lua
-- include cancel.lua
-- include remove.lua
-- include requeue.lua
limit = tonumber(limit)
local done, gone, passed, broken, seen, ended, fault = 0, 0, 0, 0, 0, 0, ''
local belongs = {[place] = true}
if place == 'failed' then belongs.stopped = true end

-- Returns what became of it: done, gone, passed, again.
local function do_one(id)
    local job = key_job(id)
    local fields = redis.pcall('HMGET', job, 'status', 'origin', 'group_id', 'ttl', 'enqueued_at',
        'rate_limit_key', 'rate_limit_concurrency')
    local status, origin, group, ttl, enqueued, limit_key, concurrency = unpack(fields)
    if fields.err or status and not belongs[status] or not status and redis.call('EXISTS', job) == 0 then
        return 'gone'
    end
    if verb == 'requeue' then
        if enqueued and not is_behind(0, since, 0, enqueued) then return 'passed' end
        if place == 'canceled' then -- as in requeue.lua
            leave_started(id, origin or queue)
            leave_executions(id)
        end
        requeue_job(id, origin or queue, ttl, at_front == '1', limit_key, concurrency)
    elseif verb == 'cancel' then
        if place == 'started' then leave_started(id, queue) end
        cancel_job(id, origin or queue, dependents, detach)
    else
        if dependents == '1' and not remove_dependents(id) then return 'again' end
        delete_job(id, origin or queue, group)
    end
    return 'done'
end

-- Returns whether its entry is to go, and false as a second value when the call has to end before it.
local function count(id)
    local worked, what = pcall(do_one, id)
    if what == 'again' and worked then return false, false end
    seen = seen + 1
    if not worked then
        broken, fault = broken + 1, type(what) == 'table' and what.err or tostring(what)
        return false, true
    end
    if what == 'done' then
        done = done + 1
    elseif what == 'gone' then
        gone = gone + 1
    else
        passed = passed + 1
    end
    return what ~= 'passed', true
end

local function is_spent()
    return seen >= limit or removed_left <= 0 or release_left <= 0 or dependencies_left <= 0
end

local function next_of_registry()
    local entries = entries_behind(source, last_score, last_member, limit, until_score, until_member)
    for at = 1, #entries, 2 do
        local member, score = entries[at], entries[at + 1]
        local goes, goes_on = count(member)
        if goes then redis.call('ZREM', source, member) end
        if not goes_on then return end
        last_score, last_member = score, member
        if is_spent() then return end
    end
    ended = 1
end

-- The head of the list: all that is there goes, so the next call begins at its head again. Dependents that
-- are released may come before it, and those that are deleted leave it: then each is taken off by its id.
local function next_of_list()
    local ids = redis.call('LRANGE', source, 0, limit - 1)
    for _, id in ipairs(ids) do
        local goes = count(id)
        if not goes then
            if broken > 0 then ended = 1 end -- it would be at the head for ever
            break
        end
        if dependents == '1' then redis.call('LREM', source, 1, id) end
        if is_spent() then break end
    end
    if dependents ~= '1' then redis.call('LTRIM', source, done + gone, -1) end
    if redis.call('LLEN', source) == 0 then ended = 1 end
end

local function named_of_registry()
    for at = after_args, #ARGV do
        local id = ARGV[at]
        -- Those of rq:wip are known by their job's status: their members have execution ids.
        if place ~= 'started' and not redis.call('ZSCORE', source, id) then
            seen, passed = seen + 1, passed + 1
        else
            local goes, goes_on = count(id)
            if goes and place ~= 'started' then redis.call('ZREM', source, id) end
            if not goes_on or is_spent() then break end
        end
    end
end

-- On a list an id has no place of its own: it is looked for around the one where it was, and taken off
-- together with the others, in one pass over the list, which costs 10 ms for a million.
local function named_of_list()
    local around, mark = 1000, '\0cq:taken'
    local from = math.max(0, tonumber(last_score) - around)
    local where, length
    local function look()
        where, length = {}, redis.call('LLEN', source)
        for at, id in ipairs(redis.call('LRANGE', source, from, from + 2 * around + limit)) do
            where[id] = where[id] or from + at - 1
        end
    end
    look()
    if not where[ARGV[after_args]] then
        local moved = redis.call('LPOS', source, ARGV[after_args])
        if moved then
            from = math.max(0, moved - around)
            look()
        end
    end
    local taken, first, last = 0, nil, nil
    for at = after_args, #ARGV do
        local index = where[ARGV[at]]
        if not index then
            seen, passed = seen + 1, passed + 1
        else
            local goes, goes_on = count(ARGV[at])
            -- they came before it, or left
            if dependents == '1' and redis.call('LLEN', source) ~= length then look() end
            index = where[ARGV[at]]
            if goes and index then
                redis.call('LSET', source, index, mark)
                taken, first, last = taken + 1, math.min(first or index, index),
                    math.max(last or index, index)
            end
            if not goes_on or is_spent() then break end
        end
    end
    if taken == 0 then return end
    local from_tail = redis.call('LLEN', source) - first < last
    redis.call('LREM', source, from_tail and -taken or taken, mark)
end

if #ARGV >= after_args then
    if place == 'queued' then named_of_list() else named_of_registry() end
elseif place == 'queued' then
    next_of_list()
else
    next_of_registry()
end
return {done, gone, passed, broken, seen, ended, last_score, last_member, fault}
