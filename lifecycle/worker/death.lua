-- A worker ends: it leaves the sets of live workers, and its hash says so for a minute more. A worker that
-- was refused at its birth ends too. Keys of another worker of that name, in another process, are left alone.
-- Source: rq/worker/base.py register_death, rq/worker_registration.py unregister.
-- Returns OK. Errors: none of its own.
-- rq:worker:<name>, rq:worker:<name>:executions, rq:workers; then rq:workers:<queue> of each queue
local worker, worker_executions, workers = unpack(KEYS)
local now_iso, pid, hostname, birth = unpack(ARGV) -- birth '': not compared
local old_pid, old_hostname, old_birth = unpack(redis.call('HMGET', worker, 'pid', 'hostname', 'birth'))
local other = old_pid ~= pid or old_hostname ~= hostname or birth ~= '' and old_birth ~= birth
if old_pid and other then return redis.status_reply('OK') end
redis.call('SREM', workers, worker)
for at = after_keys, #KEYS do redis.call('SREM', KEYS[at], worker) end
redis.call('DEL', worker_executions)
if redis.call('EXISTS', worker) == 1 then
    redis.call('HSET', worker, 'death', now_iso)
    redis.call('EXPIRE', worker, 60)
end
return redis.status_reply('OK')
