-- One entry of a job's result stream, which keeps about ten; fields is {field, value, ...}. ttl: below 0 for ever; nil: as it
-- is, which is what RQ does for a failure without a failure_ttl (clean.lua removes such a stream after its job).
-- Source: rq/results.py Result.save.
local function add_result(id, ttl, fields)
    local results = 'rq:results:' .. id
    redis.call('XADD', results, 'MAXLEN', '~', '10', '*', unpack(fields))
    if not ttl then return end
    if ttl < 0 then redis.call('PERSIST', results) else redis.call('EXPIRE', results, ttl) end
end
