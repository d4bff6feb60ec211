-- Sweep the registries of one queue, a part in each call. Failed jobs beyond the bounds are deleted, results
-- of failed jobs that RQ's workers left without an expiry get one, and entries whose job is gone (its hash
-- expired, or was deleted alone) are removed. All workers together do one round: rq:cq:sweep:<queue> has the
-- position of the round, and when the next one is due.
-- RQ has no such rule: its deferred, scheduled and canceled registries keep entries of jobs that are gone for
-- ever. RQ adds a scheduled entry a moment before the hash, so such an entry is removed when it has been
-- without a hash for a minute.
-- A deferred job that waits for nothing is queued. RQ leaves it deferred for ever in three cases: a
-- dependency expired while it waited itself, a worker died between a failure and the release of the jobs that
-- allow it, or a dependency had failed before such a job was enqueued.
-- Returns {entries taken out, jobs deleted, 1 when there is more to do now}.
-- Errors: none of its own.
-- rq:cq:sweep:<queue>, rq:cq:sweep_gone:<queue>, rq:failed:<queue>, rq:deferred:, rq:canceled:,
-- rq:scheduled:<queue>
local state, suspects, failed, deferred, canceled, scheduled = unpack(KEYS)
-- queue, limit        name of the queue, entries of a call
-- interval_s          from one round to the next
-- most                failed jobs to keep, '' any number
-- oldest              iso: failed jobs that ended before go; '' none
-- now_iso, now, now_s
local queue, limit, interval_s, most, oldest, now_iso, now, now_s = unpack(ARGV)
-- include seconds.lua
-- include delete.lua
-- include cursor.lua
-- include ends.lua
-- include push.lua
-- include release.lua
limit, interval_s, now_s = tonumber(limit), tonumber(interval_s), tonumber(now_s)
local taken, deleted = 0, 0
-- a delete first: after it Redis takes the rest even when its memory is full, as it may be for want of this
redis.call('HDEL', state, '')

-- A job that is elsewhere by its status has only left its entry behind.
local function drop_failed(id)
    local fields = redis.pcall('HMGET', key_job(id), 'status', 'group_id')
    local status, group = unpack(fields)
    redis.call('ZREM', failed, id)
    taken = taken + 1
    if fields.err or status and status ~= 'failed' and status ~= 'stopped' then return end
    delete_job(id, queue, group)
    deleted = deleted + 1
end

-- Those that would expire first are the oldest; those to be kept for ever (scores below 0) go last.
local function drop_surplus()
    local surplus = most ~= '' and redis.call('ZCARD', failed) - most or 0
    if surplus <= 0 then return false end
    local some = math.min(surplus, limit)
    local ids = redis.call('ZRANGEBYSCORE', failed, 0, '+inf', 'LIMIT', 0, some)
    if #ids == 0 then ids = redis.call('ZRANGE', failed, 0, some - 1) end
    for _, id in ipairs(ids) do
        if dependencies_left <= 0 then return true end
        drop_failed(id)
    end
    return surplus > #ids
end

-- Such a job has no failure_ttl, so its score is the time of its failure and a year: what is new is behind
-- the last one that was seen, and each is looked at once. Those of the last minute are left for later: others
-- may come before them yet, by another worker's clock.
local function end_new_results()
    local score, member = unpack(redis.call('HMGET', state, 'ended_score', 'ended_member'))
    local from = score and rank_behind(failed, score, member) or redis.call('ZCOUNT', failed, '-inf', '(0')
    local entries = redis.call('ZRANGE', failed, from, from + limit - 1, 'WITHSCORES')
    local newest, seen = now_s + 31536000 - 60, 0
    while seen < #entries and tonumber(entries[seen + 2]) <= newest do
        end_results(entries[seen + 1])
        seen = seen + 2
    end
    if seen > 0 then
        redis.call('HSET', state, 'ended_score', entries[seen], 'ended_member', entries[seen - 1])
        redis.call('EXPIRE', state, 2 * interval_s + 60)
    end
    return seen == 2 * limit
end

local function is_gone(id) return redis.call('EXISTS', key_job(id)) == 0 end

local function check_entry(registry, id)
    if not is_gone(id) then return end
    redis.call('ZREM', registry, id)
    delete_job(id, queue, '') -- what else was the job's
    taken = taken + 1
end

-- One without a set of what it waits for was parked by somebody.
local function check_deferred(registry, id)
    if redis.call('EXISTS', key_job(id), key_dependencies(id)) < 2 then
        check_entry(registry, id)
    elseif release_looks > 0 then
        pcall(release_one, id)
    end
end

local function check_scheduled(registry, id)
    if not is_gone(id) then return end
    local since = tonumber(redis.call('HGET', suspects, id))
    if since and now_s - since > 60 then
        redis.call('HDEL', suspects, id)
        check_entry(registry, id)
    elseif not since and redis.call('HLEN', suspects) < 10000 then
        redis.call('HSET', suspects, id, now_s)
        redis.call('EXPIRE', suspects, 3 * interval_s + 3600)
    end
end

local function check_age(_, id)
    local fields = redis.pcall('HMGET', key_job(id), 'ended_at', 'started_at', 'enqueued_at', 'created_at')
    if fields.err then return end
    for at = 1, 4 do
        local time = fields[at]
        if time and time ~= '' then
            -- digits: the same in every locale
            if string.sub(time, 1, 19) < string.sub(oldest, 1, 19) then drop_failed(id) end
            return
        end
    end
end

local steps = {{canceled, check_entry}, {deferred, check_deferred}, {scheduled, check_scheduled}}
if oldest ~= '' then steps[4] = {failed, check_age} end

-- Returns whether the round has more to look at.
local function go_round()
    local step, cursor, due = unpack(redis.call('HMGET', state, 'step', 'cursor', 'due'))
    step, due = tonumber(step), tonumber(due)
    if due and now_s < due and due - now_s <= interval_s then return false end
    if not step or due then step, cursor = 1, '0' end
    local registry, check = steps[step][1], steps[step][2]
    local found = redis.call('ZSCAN', registry, cursor or '0', 'COUNT', limit)
    local spent = false
    for at = 1, #found[2], 2 do
        spent = dependencies_left <= 0
        if spent then break end
        check(registry, found[2][at])
    end
    -- Enough for this call: the same piece again, of which some have gone.
    if not spent then cursor = found[1] end
    if cursor == '0' and not spent then step = step + 1 end
    redis.call('HDEL', state, 'due')
    if step > #steps then
        redis.call('HSET', state, 'due', now_s + interval_s)
        redis.call('HDEL', state, 'step', 'cursor')
        redis.call('EXPIRE', state, 2 * interval_s + 60)
        return false
    end
    redis.call('HSET', state, 'step', step, 'cursor', cursor or '0')
    redis.call('EXPIRE', state, 2 * interval_s + 60)
    return true
end

local more = drop_surplus() or end_new_results() or go_round()
return {taken, deleted, more and 1 or 0}
