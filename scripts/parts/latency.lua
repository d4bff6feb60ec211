-- needs: epoch_of, now, targets
-- gives: by_latency

-- Order the queues for the strategy `latency`: first the one whose head job has waited longest, measured by
-- the queue's own target. Of equal ones the first named comes first.
-- targets: seconds, one for each queue, with spaces between; '' for all other strategies, whose order is the
-- caller's.
-- A head without a known time of enqueueing counts as the latest of all. An id without a job is taken off the
-- list so, and a job hides the age of those behind it no longer than it runs.
local function by_latency(queue_keys, first)
    local order, late = {}, {}
    local at = first
    for target in string.gmatch(targets, '%S+') do
        if at > #queue_keys then break end
        local head = redis.call('LINDEX', queue_keys[at], 0)
        local since = head and redis.pcall('HGET', key_job(head), 'enqueued_at')
        since = type(since) == 'string' and epoch_of(since) or nil
        late[at] = not head and -math.huge or since and (now - since) / tonumber(target) or math.huge
        order[#order + 1] = at
        at = at + 1
    end
    table.sort(order, function(a, b)
        if late[a] ~= late[b] then return late[a] > late[b] end
        return a < b
    end)
    return order
end
