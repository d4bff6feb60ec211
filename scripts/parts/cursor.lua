-- gives: is_behind, rank_behind, entries_behind
-- Places in a sorted set that stay right while others add and remove: an entry is behind (score, member) or
-- it is not. Ranks move. By bytes, as Redis orders members of one score; Lua's own < goes by the server's
-- locale.
local function comes_before(one, other)
    for at = 1, math.min(#one, #other) do
        local a, b = string.byte(one, at), string.byte(other, at)
        if a ~= b then return a < b end
    end
    return #one < #other
end

local function is_behind(score, member, last_score, last_member)
    score, last_score = tonumber(score), tonumber(last_score)
    return score > last_score or score == last_score and comes_before(last_member, member)
end

-- The rank of the first entry behind (score, member), which need not be there any more; score '': of the
-- first of all.
local function rank_behind(registry, score, member)
    if score == '' then return 0 end
    if redis.call('ZSCORE', registry, member) == score then
        return redis.call('ZRANK', registry, member) + 1
    end
    local low, high = redis.call('ZCOUNT', registry, '-inf', '(' .. score),
        redis.call('ZCOUNT', registry, '-inf', score)
    while low < high do
        local middle = math.floor((low + high) / 2)
        if comes_before(member, redis.call('ZRANGE', registry, middle, middle)[1]) then
            high = middle
        else
            low = middle + 1
        end
    end
    return low
end

-- The next entries, {member, score, ...}: at most limit behind (score, member), and none behind until (score
-- '': as far as there are). The second value: there are no more.
local function entries_behind(registry, score, member, limit, until_score, until_member)
    local from = rank_behind(registry, score, member)
    local entries = redis.call('ZRANGE', registry, from, from + limit - 1, 'WITHSCORES')
    for at = 1, until_score ~= '' and #entries or 0, 2 do
        if is_behind(entries[at + 1], entries[at], until_score, until_member) then
            return {unpack(entries, 1, at - 1)}, true
        end
    end
    return entries, #entries < 2 * limit
end
