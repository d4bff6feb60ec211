-- Commit the outcome of one execution, and hand back the worker's next job, started. Fenced: when the
-- execution is not in rq:wip:<queue> any more, its job was judged abandoned, or deleted. Then nothing of its
-- outcome is written. A call that is sent again gives the verdict it gave before, where that can be told.
-- Source: rq/worker/base.py handle_job_success, handle_job_failure, handle_job_retry; rq/job.py
-- _handle_success, _handle_failure, _handle_retry_result; rq/repeat.py Repeat.schedule.
-- Returns {verdict, what fetch.lua returns}.
--   verdict: fenced finished failed stopped requeued scheduled canceled deleted
-- Errors: none of its own.
-- KEYS as in fetch.lua; no queues when nothing is to be fetched.
local worker, worker_executions, suspended, paused = unpack(KEYS)
-- outcome             how the execution ended: success failed stopped retry
-- id, queue, execution, worker_name
-- started, ended      epoch, with microseconds
-- ended_iso           the same as ended, for hashes
-- worked_s            their difference
-- value               what the function returned, as the result stream has it; '' none
-- exc                 the exception text, as the result stream has it; '' none
-- meta                the job's meta, serialized; '' leave it
-- output              the last lines of a failed or stopped job
-- default_result_ttl  seconds, for jobs without their own
-- registered          '0': failed and stopped jobs go into no registry (--disable-default-exception-handler)
-- retry_max           Retry.max, where the outcome is retry
-- retry_intervals     its intervals, a JSON list of seconds
-- worker_ttl          seconds that an idle worker's hash stays, and 60 more
-- next_execution      the id for the execution of the next job; '' fetch nothing
-- resume, monitoring_s, lasting, targets, now_iso, now, now_s: as in fetch.lua
local outcome, id, queue, execution, worker_name, started, ended, ended_iso, worked_s, value, exc, meta,
    output, default_result_ttl, registered, retry_max, retry_intervals, worker_ttl, next_execution, resume,
    monitoring_s, lasting, targets, now_iso, now, now_s = unpack(ARGV)
-- include seconds.lua
-- include result.lua
-- include start.lua
-- include idle.lua

local job = key_job(id)
local member = id .. ':' .. execution
local limit_key -- the job's rate_limit_key, when it has one

local function save_result(kind, ttl)
    local entry = {'type', kind, 'worker_name', worker_name}
    local function add(field, text)
        if text ~= '' then
            entry[#entry + 1] = field
            entry[#entry + 1] = text
        end
    end
    add('exc_string', exc)
    add('return_value', value)
    add('execution_id', execution)
    add('execution_started_at', started)
    add('execution_ended_at', ended)
    add_result(id, ttl, entry)
end

local function save_outcome(...)
    redis.call('HSET', job, 'ended_at', ended_iso, 'last_heartbeat', ended_iso, ...)
    if meta ~= '' then redis.call('HSET', job, 'meta', meta) end
end

-- include rarely delete.lua push.lua release.lua output.lua fail.lua outcomes.lua next_rarely.lua
-- include next.lua

-- A result_ttl of 0 leaves nothing, unless the job repeats; below 0 it stays for ever.
local function succeed()
    local status, own_ttl, ttl, repeats_left, intervals, group, dependency, dependencies, retries_left, count,
        key = unpack( redis.call('HMGET', job, 'status', 'result_ttl', 'ttl', 'repeats_left',
        'repeat_intervals', 'group_id', 'dependency_id', 'dependency_ids', 'retries_left',
        'number_of_retries', 'rate_limit_key'))
    limit_key = key
    if not status then return 'deleted' end
    if status == 'canceled' then return rare.canceled(1) end
    -- only who may have failed before has one
    if retries_left or count then redis.call('DEL', key_output(id)) end
    local dependents = redis.call('SCARD', key_dependents(id))
    if dependents > 0 then rare.release_dependents(id, queue, 'finished') end
    local result_ttl = seconds_of(own_ttl, tonumber(default_result_ttl))
    local repeats = seconds_of(repeats_left, 0)
    if result_ttl == 0 and repeats <= 0 then
        rare.delete_job(id, queue, group, (limit_key or '') ~= '')
        return 'deleted'
    end
    if result_ttl ~= 0 then save_result('1', result_ttl) end
    if repeats > 0 then
        -- RQ leaves such a job in rq:finished as well as on its list; one place is enough.
        save_outcome('repeats_left', repeats - 1)
        return rare.run_again(id, queue, rare.interval_at(intervals, repeats - 1), false, ttl)
    end
    save_outcome('status', 'finished')
    if result_ttl < 0 then
        redis.call('ZADD', key_registry('finished', queue), '+inf', id)
    else
        redis.call('ZADD', key_registry('finished', queue), now_s + result_ttl, id)
        redis.call('EXPIRE', job, result_ttl)
        if dependents > 0 then redis.call('EXPIRE', key_dependents(id), result_ttl) end
        if dependency or dependencies then redis.call('EXPIRE', key_dependencies(id), result_ttl) end
    end
    return 'finished'
end

local lives, succeeded, failed, working_time = unpack(redis.call('HMGET', worker, 'birth',
    'successful_job_count', 'failed_job_count', 'total_working_time'))
local mine = redis.call('ZSCORE', key_registry('wip', queue), member)
-- A delete first: after it Redis takes the rest even when its memory is full.
local was_there = redis.call('DEL', key_execution(member))
redis.call('ZREM', key_executions(id), execution)
local verdict
local counts = {}
if mine then
    verdict = outcome == 'success' and succeed() or rare.fail()
    -- Last, so that a job whose keys are broken is found abandoned and not lost.
    redis.call('ZREM', key_registry('wip', queue), member)
else
    verdict = rare.canceled(was_there)
end
-- A job that goes onto its queue at once keeps its slot, as in RQ.
if limit_key and limit_key ~= '' and verdict and verdict ~= 'requeued' then
    rare.release_slot(limit_key, id, now_iso)
end
if not verdict then
    verdict = rare.fenced()
else
    local field, count = 'failed_job_count', failed
    if outcome == 'success' then field, count = 'successful_job_count', succeeded end
    counts = {field, (tonumber(count) or 0) + 1, 'total_working_time',
        string.format('%.6f', (tonumber(working_time) or 0) + worked_s)}
end
local following = {'empty', 0}
if next_execution ~= '' then
    local found, result = pcall(next_job, KEYS, after_keys, next_execution, lives, counts)
    -- A job that cannot start is not this outcome's concern: the worker's next fetch tells what is wrong with
    -- it.
    following = found and result or {'again'}
end
-- After the next one is in it: the set that stays keeps its expiry.
redis.call('SREM', worker_executions, member)
if lives and following[1] ~= 'started' then become_idle(counts) end
return {verdict, following}
