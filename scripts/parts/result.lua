-- gives: add_result
-- One entry of a job's result stream, which keeps about ten; fields is {field, value, ...}. ttl: below 0 for
-- ever. RQ leaves the results of a failure without a failure_ttl for ever; here they end with the job (of
-- RQ's: sweep.lua).
-- Source: rq/results.py Result.save.
local function add_result(id, ttl, fields)
    local results = key_results(id)
    redis.call('XADD', results, 'MAXLEN', '~', '10', '*', unpack(fields))
    if ttl < 0 then redis.call('PERSIST', results) else redis.call('EXPIRE', results, ttl) end
end
