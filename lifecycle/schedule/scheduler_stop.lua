-- A scheduler ends: delete its hash, and the locks that are still its own.
-- Source: rq/scheduler.py stop, release_locks, register_death; rq/scripts.py RELEASE_LOCK_SCRIPT.
-- Returns how many locks it gave back. Errors: none of its own.
local scheduler = unpack(KEYS) -- rq:scheduler:<name>; then rq:scheduler-lock:<queue> of each queue
local name = unpack(ARGV)
local released = 0
for at = after_keys, #KEYS do
    if redis.pcall('GET', KEYS[at]) == name then released = released + redis.call('DEL', KEYS[at]) end
end
redis.call('DEL', scheduler)
return released
