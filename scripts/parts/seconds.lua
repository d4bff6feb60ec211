-- gives: seconds_of
-- A number of seconds out of a hash or a JSON list, whole and small enough for EXPIRE; what is not a number
-- gives the default.
local function seconds_of(text, default)
    local seconds = (type(text) == 'string' or type(text) == 'number') and tonumber(text) or default
    if not seconds or seconds ~= seconds then return default end
    return math.floor(math.max(-1, math.min(seconds, 100000000000)))
end
