-- Write one field of a worker's hash, if there is one: a hash that expired is not brought back with one
-- field.
-- Source: rq/worker/base.py set_state, set_shutdown_requested_date.
-- Returns 1, or 0 when the hash is gone. Errors: none of its own.
local worker = unpack(KEYS) -- rq:worker:<name>
local field, value = unpack(ARGV)
if redis.call('EXISTS', worker) == 0 then return 0 end
redis.call('HSET', worker, field, value)
return 1
