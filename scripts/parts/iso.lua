-- gives: epoch_of
-- RQ's `2026-11-20T22:11:51.000123Z` as seconds since 1970, with their fraction; nil when the text is not
-- such a time.
local function epoch_of(iso)
    local year, month, day, hour, minute, second = string.match(iso or '',
        '^(%d%d%d%d)-(%d%d)-(%d%d)[T ](%d%d):(%d%d):(%d%d%.?%d*)')
    if not year then return nil end
    local y, m = tonumber(year), tonumber(month)
    if m <= 2 then y, m = y - 1, m + 12 end -- years that end with February: leap days come last
    local leap_days = math.floor(y / 4) - math.floor(y / 100) + math.floor(y / 400)
    local days = 365 * y + leap_days + math.floor((153 * (m - 3) + 2) / 5) + tonumber(day) - 719469
    return ((days * 24 + tonumber(hour)) * 60 + tonumber(minute)) * 60 + tonumber(second)
end
