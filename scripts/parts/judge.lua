-- needs: add_result, bury_job, exc, failure_fields, intermediate, limit, list, now_iso, now_s, push_job,
--       queue, release_slot, requeue, retry_job, wip
-- gives: judge_overdue
-- Judge the executions of a queue whose heartbeat stopped: their score in rq:wip has passed. Each job is
-- retried when retries are left, else failed; with requeue '1' it goes to the front of its queue instead,
-- retries untouched. A job that is elsewhere by now (finished by another execution, canceled, on its list
-- again) only loses the stale entry. RQ's horse may die between rq:wip and status started: such a job is
-- still queued, but on no list. Members are <job id>:<execution id>. RQ 1.x wrote the bare id, and an older
-- producer's id with `:` looks like both.
-- Source: rq/registry.py StartedJobRegistry.cleanup.

local function split(member)
    local id, execution = string.match(member, '^(.*):([^:]*)$')
    if id and redis.call('EXISTS', key_job(id)) == 1 then return id, execution end
    if not id or redis.call('EXISTS', key_job(member)) == 1 then return member, '' end
    return id, execution
end

-- Does another execution of the job live? On this queue, or on that where it was enqueued since.
local function runs_elsewhere(id, origin)
    for _, execution in ipairs(redis.call('ZRANGE', key_executions(id), 0, -1)) do
        for _, registry in ipairs({wip, origin and key_registry('wip', origin)}) do
            local score = redis.call('ZSCORE', registry, id .. ':' .. execution)
            if score and tonumber(score) > tonumber(now_s) then return true end
        end
    end
    return false
end

-- Entries of lists that this call has searched for ids, and at which number it ends: after some 10 ms.
local searched, search_most = 0, 300000

local function waits(id, origin)
    for _, one in ipairs({list, origin and origin ~= queue and key_queue(origin) or nil}) do
        searched = searched + redis.call('LLEN', one)
        if redis.call('LPOS', one, id) then return true end
    end
    return false
end

local function clear_execution(id, execution)
    local key = key_execution(id .. ':' .. execution)
    local worker = redis.call('HGET', key, 'worker_name') or redis.call('HGET', key_job(id), 'worker_name')
    if worker then redis.call('SREM', key_worker_executions(worker), id .. ':' .. execution) end
    redis.call('DEL', key)
    redis.call('ZREM', key_executions(id), execution)
end

-- Returns the verdict, and whether its failure callback is to be called.
local function judge(id)
    local status, origin, ttl, failure_ttl, group, left, intervals, front, _, limit_key =
        unpack(redis.call('HMGET', key_job(id), unpack(failure_fields)))
    if status ~= 'started' and status ~= 'queued' or runs_elsewhere(id, origin) then return 'dropped' end
    if status == 'queued' and waits(id, origin) then return 'dropped' end
    redis.call('LREM', intermediate, 0, id)
    redis.call('DEL', key_output(id)) -- of an attempt before the one that was lost
    if requeue == '1' then
        push_job(id, queue, true, ttl, now_iso)
        return 'requeued'
    end
    local callback = redis.call('HGET', key_job(id), 'failure_callback_name')
    local calls = callback and callback ~= '' and 1 or 0
    local again = retry_job(id, queue, ttl, left, intervals, front)
    if again then
        if again == 'scheduled' then release_slot(limit_key, id, now_iso) end
        return 'retried', calls
    end
    bury_job(id, origin or queue, 'failed', failure_ttl, group, function(result_ttl)
        add_result(id, result_ttl, {'type', '2', 'worker_name', '', 'exc_string', exc})
    end, limit_key)
    release_slot(limit_key, id, now_iso)
    return 'failed', calls
end

-- RQ's worker reads what is overdue, runs failure callbacks, and then ends all of it in one step: a job that
-- is retried in between would run twice, or fail while it runs. It holds this lock for so long, but keeps it
-- for all of its 899 s when it dies.
local function rq_cleans() return redis.call('TTL', key_clean_lock(queue)) > 899 - 60 end

-- Returns {id, execution, verdict, calls, ...}, and whether there may be more.
local function judge_overdue()
    local judged = {}
    local members = rq_cleans() and {} or redis.call('ZRANGEBYSCORE', wip, 0, now_s, 'LIMIT', 0, limit)
    for _, member in ipairs(members) do
        if searched > search_most then return judged, true end
        local id, execution = split(member)
        redis.call('ZREM', wip, member)
        -- A job whose keys hold something else must not keep the others from being found.
        local cleared, verdict, calls = pcall(function()
            clear_execution(id, execution)
            return judge(id)
        end)
        judged[#judged + 1] = id
        judged[#judged + 1] = execution
        judged[#judged + 1] = cleared and verdict or 'dropped'
        judged[#judged + 1] = cleared and calls or 0
    end
    return judged, #members == tonumber(limit)
end
