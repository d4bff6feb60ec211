-- needs: bury_job, default_result_ttl, execution, failure_fields, failure_seconds, id, interval_at, job,
--       limit_key, outcome, output, queue, registered, release_dependents, retry_intervals, retry_job,
--       retry_max, run_again, save_outcome, save_output, save_result, seconds_of
-- sets: limit_key
-- gives: canceled, fail, fenced
-- A part of finish.lua: all outcomes of an execution but one, that its job has finished and stays for a
-- while.

-- RQ's cancel takes the execution of a running job out of rq:wip, and its horse stores the result all the
-- same (abandon takes the execution's own hash as well: there was_there is 0). The job stays canceled, and
-- its dependents wait. An execution that is overdue by a minute RQ does not find: such a job is canceled, and
-- in rq:wip all the same.
-- Source: rq/job.py Job.cancel, _remove_from_registries.
local function canceled(was_there)
    local status, own_ttl, failure_ttl, key = unpack(redis.call('HMGET', job, 'status', 'result_ttl',
        'failure_ttl', 'rate_limit_key'))
    limit_key = key
    if was_there == 0 or status ~= 'canceled' then return nil end
    save_outcome()
    local ttl = seconds_of(own_ttl, tonumber(default_result_ttl))
    if outcome == 'success' and ttl ~= 0 then save_result('1', ttl) end
    if outcome == 'failed' then
        save_result('2', failure_seconds(failure_ttl))
        save_output(id, output, failure_ttl)
    end
    return 'canceled'
end

-- Without RQ's default exception handler a job has failed and is nowhere: in no registry, with no result, and
-- for ever.
-- Source: rq/worker/base.py handle_job_failure, disable_default_exception_handler.
local function bury(status, kind, failure_ttl, group)
    if registered == '0' and kind == '2' then
        redis.call('HSET', job, 'status', status)
        if status == 'failed' then release_dependents(id, queue, 'failed') end
        return status
    end
    return bury_job(id, queue, status, failure_ttl, group, function(ttl) save_result(kind, ttl) end,
        limit_key)
end

local function fail()
    local status, _, ttl, failure_ttl, group, left, intervals, front, count,
        key = unpack(redis.call('HMGET', job, unpack(failure_fields)))
    limit_key = key
    if not status then return 'deleted' end
    if status == 'canceled' then return canceled(1) end
    save_outcome()
    save_output(id, output, failure_ttl)
    if outcome == 'stopped' then return bury('stopped', '2', failure_ttl, group) end
    if outcome == 'failed' then
        return retry_job(id, queue, ttl, left, intervals, front) or bury('failed', '2', failure_ttl, group)
    end
    count = tonumber(count) or 0
    if count > 0 and count >= tonumber(retry_max) then return bury('failed', '5', failure_ttl, group) end
    save_result('4', failure_seconds(failure_ttl))
    redis.call('HSET', job, 'number_of_retries', count + 1)
    return run_again(id, queue, interval_at(retry_intervals, count), false, ttl)
end

-- Not ours: what the last result says when it is this execution's, as this call was sent before; else
-- somebody else's.
local function fenced()
    local last = redis.call('XREVRANGE', key_results(id), '+', '-', 'COUNT', 1)[1]
    local fields = {}
    for at = 1, last and #last[2] or 0, 2 do fields[last[2][at]] = last[2][at + 1] end
    if fields.execution_id == execution then
        local status = redis.call('HGET', job, 'status')
        if status == 'canceled' then return 'canceled' end
        if fields.type == '1' and status == 'finished' then return 'finished' end
        if fields.type == '2' and (status == 'failed' or status == 'stopped') then return status end
        if fields.type == '5' and status == 'failed' then return 'failed' end
    end
    return redis.call('EXISTS', job) == 1 and 'fenced' or 'deleted'
end
