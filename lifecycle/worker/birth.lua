-- Register a worker: its hash and the sets of live workers. A live worker of that name (no death) is refused,
-- unless it is this very one (same birth, pid and host: the call was sent again). With reborn '1' it is not
-- refused either, and what is missing is written: the hash may have expired while Redis was out of reach. A
-- name that the process `replaces` had on the same host is free: the caller has seen that process end.
-- Source: rq/worker/base.py register_birth, rq/worker_registration.py register.
-- Returns OK. Errors: INVALIDOPERATION.
local worker, workers = unpack(KEYS) -- rq:worker:<name>, rq:workers; then rq:workers:<queue> of each queue
-- then field, value ... of the worker's hash
local name, reborn, worker_ttl, birth, pid, hostname, replaces = unpack(ARGV)
local exists = redis.call('EXISTS', worker) == 1
local old_birth, old_pid, old_hostname, death = unpack(redis.call('HMGET', worker, 'birth', 'pid', 'hostname',
    'death'))
local same = old_birth == birth and old_pid == pid and old_hostname == hostname
if reborn ~= '1' and not same then
    if exists and not death and not (old_pid == replaces and old_hostname == hostname) then
        return redis.error_reply("INVALIDOPERATION There exists an active worker named '" .. name
            .. "' already")
    end
    redis.call('DEL', worker)
elseif exists then
    redis.call('HDEL', worker, 'death')
end
redis.call('HSET', worker, unpack(ARGV, after_args))
if reborn == '1' then redis.call('HSETNX', worker, 'state', 'idle') end
redis.call('SADD', workers, worker)
for at = after_keys, #KEYS do redis.call('SADD', KEYS[at], worker) end
redis.call('EXPIRE', worker, worker_ttl + 60)
return redis.status_reply('OK')
