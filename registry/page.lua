-- A page of one place: its next jobs, with what a choice among them needs. Changes nothing. A sorted set is
-- read behind (score, member). A list is read behind the id that was the last one to stay, wherever it is by
-- now; when that is gone, from the head again, as a worker took it and all before it. rq:wip, whose scores
-- move, is read by ZSCAN.
-- Returns {1 when the end was reached, score and member of the last one, rank of the first one (lists), 1
-- when it began at the head again, {{member, status, origin, created_at, enqueued_at, started_at, ended_at,
-- score, the beginning of data, exc_info, the latest result}, ...}}.
-- Errors: none of its own.
local source = unpack(KEYS) -- rq:queue:<queue>, rq:failed:<queue> ...
-- place, limit        as in bulk.lua
-- last_score          the score; of a list the rank where last_member was, of rq:wip the cursor
-- last_member         the last one that was read
-- until_score, until_member  as in bulk.lua
-- data_most           bytes of data, 0: none
-- errors              '1': with exc_info and the latest result
local place, limit, last_score, last_member, until_score, until_member, data_most, errors = unpack(ARGV)
-- include cursor.lua
limit, data_most = tonumber(limit), tonumber(data_most)
local bytes_most = 1048576 -- of a page: texts of failures may be long
local bytes = 0
local items = {}
local ended = 0

local function add(member, id, score)
    local job = key_job(id)
    local fields = redis.pcall('HMGET', job, 'status', 'origin', 'created_at', 'enqueued_at', 'started_at',
        'ended_at')
    local item = {member, false, false, false, false, false, false, score, false, false, false}
    if not fields.err then
        for at = 1, 6 do item[at + 1] = fields[at] end
        if data_most > 0 then
            local data = redis.call('HGET', job, 'data')
            bytes = bytes + (data and #data / 32 or 0) -- it is read as a whole
            item[9] = data and string.sub(data, 1, data_most)
        end
        if errors == '1' then
            item[10] = redis.call('HGET', job, 'exc_info')
            local found = redis.pcall('XREVRANGE', key_results(id), '+', '-', 'COUNT', 1)
            local latest = not found.err and found[1]
            if latest then
                item[11] = latest
                for _, text in ipairs(latest[2]) do bytes = bytes + #text end
            end
            if item[10] then bytes = bytes + #item[10] end
        end
    end
    if item[9] then bytes = bytes + #item[9] end
    items[#items + 1] = item
    return bytes < bytes_most
end

local function read_registry()
    local entries, all = entries_behind(source, last_score, last_member, limit, until_score, until_member)
    for at = 1, #entries, 2 do
        last_member, last_score = entries[at], entries[at + 1]
        if not add(last_member, last_member, last_score) then return end
    end
    if all then ended = 1 end
end

-- Which rank has the first one behind the last that stayed? Returns it, and 1 when that is the head again.
local function find(hint)
    if last_member == '' then return 0, 0 end
    if redis.call('LINDEX', source, hint) == last_member then return hint + 1, 0 end
    local around = 500
    local from = math.max(0, hint - around)
    for at, id in ipairs(redis.call('LRANGE', source, from, hint + around)) do
        if id == last_member then return from + at, 0 end
    end
    local moved = redis.call('LPOS', source, last_member)
    if moved then return moved + 1, 0 end
    return 0, 1
end

local function read_list()
    local first, again = find(tonumber(last_score) or 0)
    local ids = redis.call('LRANGE', source, first, first + limit - 1)
    local all = true
    for _, id in ipairs(ids) do
        if not add(id, id, false) then
            all = false
            break
        end
    end
    if all and #ids < limit then ended = 1 end
    return first, again
end

local function read_started()
    local found = redis.call('ZSCAN', source, last_score == '' and '0' or last_score, 'COUNT', limit)
    last_score = found[1]
    if last_score == '0' then ended = 1 end
    for at = 1, #found[2], 2 do
        local member = found[2][at]
        local id = string.match(member, '^(.*):[^:]*$')
        if not id or redis.call('EXISTS', key_job(id)) == 0 and redis.call('EXISTS',
            key_job(member)) == 1 then
            id = member
        end
        add(member, id, found[2][at + 1])
    end
end

local first, again = 0, 0
if place == 'queued' then
    first, again = read_list()
elseif place == 'started' then
    read_started()
else
    read_registry()
end
return {ended, last_score, last_member, first, again, items}
