-- needs: seconds_of
-- gives: save_output
-- The last lines that a failed or stopped job wrote: a string of cq's own, for as long as the failed job
-- stays, a year at most. '' takes away what an earlier attempt has left.

local function save_output(id, text, failure_ttl)
    local ttl = seconds_of(failure_ttl, 31536000)
    if ttl < 0 or ttl > 31536000 then ttl = 31536000 end
    if text == '' or ttl == 0 then
        redis.call('DEL', key_output(id))
    else
        redis.call('SET', key_output(id), text, 'EX', ttl)
    end
end
