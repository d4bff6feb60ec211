"""Redis as the model sees it: everything that is there in one picture, and time that passes by making all of
it older."""

import json

LOOK = """
local out = {}
local function add(key, kind, value) out[#out + 1] = {key, kind, redis.call('TTL', key), value} end
for _, key in ipairs(redis.call('KEYS', '*')) do
    local kind = redis.call('TYPE', key).ok
    if kind == 'hash' then
        local fields, kept = redis.call('HGETALL', key), {}
        for at = 1, #fields, 2 do
            local name = fields[at]
            if name ~= 'data' and name ~= 'meta' and name ~= 'exc_info' and name ~= 'result' then
                kept[#kept + 1] = name
                kept[#kept + 1] = fields[at + 1]
            end
        end
        add(key, kind, kept)
    elseif kind == 'list' then add(key, kind, redis.call('LRANGE', key, 0, -1))
    elseif kind == 'set' then add(key, kind, redis.call('SMEMBERS', key))
    elseif kind == 'zset' then add(key, kind, redis.call('ZRANGE', key, 0, -1, 'WITHSCORES'))
    elseif kind == 'stream' then
        local types = {}
        for _, entry in ipairs(redis.call('XRANGE', key, '-', '+')) do
            for at = 1, #entry[2], 2 do
                if entry[2][at] == 'type' then types[#types + 1] = entry[2][at + 1] end
            end
        end
        add(key, kind, types)
    else add(key, kind, {}) end
end
return cjson.encode(out)
"""

# Every expiry and every moment that is kept as a score (or as the text of first_seen) moves this much closer.
OLDER = """
local by = tonumber(ARGV[1])
for _, key in ipairs(redis.call('KEYS', '*')) do
    local left, kind = redis.call('PTTL', key), redis.call('TYPE', key).ok
    if left >= 0 and left <= by * 1000 then
        redis.call('DEL', key)
    else
        if left >= 0 then redis.call('PEXPIRE', key, left - by * 1000) end
        if kind == 'zset' then
            local members = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
            for at = 1, #members, 2 do
                local score = tonumber(members[at + 1])
                if score and score > 1e9 and score < 1e15
                    and string.sub(key, 1, 17) ~= 'rq:cq:given_back:'
                    and string.sub(key, 1, 14) ~= 'rq:cq:waiting:'
                    and string.sub(key, 1, 6) ~= 'rq:rl:' then
                    redis.call('ZADD', key, score - by, members[at])
                end
            end
        elseif string.sub(key, 1, 13) == 'rq:cq:starts:' then
            for at, moment in ipairs(redis.call('LRANGE', key, 0, -1)) do
                redis.call('LSET', key, at - 1, string.format('%.6f', moment - by))
            end
        elseif string.sub(key, 1, 11) == 'rq:cq:sweep' or key == 'rq:cq:paused' then
            local fields = redis.call('HGETALL', key)
            for at = 1, #fields, 2 do
                if tonumber(fields[at + 1]) and tonumber(fields[at + 1]) > 1e9 then
                    redis.call('HSET', key, fields[at], fields[at + 1] - by)
                end
            end
        elseif string.find(key, ':first_seen:', 1, true) then
            redis.call('SET', key, string.format('%.6f', redis.call('GET', key) - by), 'KEEPTTL')
        end
    end
end
"""


class Picture:
    """All keys of one moment: the values by key, and what is left of them in seconds (-1: for ever)."""

    def __init__(self, connection):
        self.kinds, self.values, self.ttls = {}, {}, {}
        for key, kind, ttl, value in json.loads(connection.eval(LOOK, 0)):
            self.kinds[key] = kind
            self.ttls[key] = ttl
            value = value or []
            if kind in ("hash", "zset"):
                value = dict(zip(value[::2], value[1::2]))
            elif kind == "set":
                value = set(value)
            self.values[key] = value

    def under(self, prefix):
        """Values by what follows the prefix."""
        return {key[len(prefix) :]: value for key, value in self.values.items() if key.startswith(prefix)}

    def scores(self, key):
        return {
            member: score if score in ("inf", "-inf") else int(float(score))
            for member, score in self.values.get(key, {}).items()
        }


def let_pass(connection, seconds):
    connection.eval(OLDER, 0, seconds)
