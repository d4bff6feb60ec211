-- Which of these queues have scheduled jobs and no scheduler? Nobody would ever queue them. Only reads.
-- Returns of each queue the number of its scheduled jobs, 0 when there is a scheduler. Errors: none of its
-- own. Keys: rq:scheduler-lock:<queue>, rq:scheduled:<queue> of each queue.
local counts = {}
for at = 1, #KEYS, 2 do
    local count = redis.call('EXISTS', KEYS[at]) == 0 and redis.pcall('ZCARD', KEYS[at + 1]) or 0
    counts[#counts + 1] = type(count) == 'number' and count or 0
end
return counts
