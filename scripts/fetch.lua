-- Take the next job over several queues, in the order given, and start it. A job is on its list or in rq:wip, never in
-- neither; sent twice with one execution id, the call starts one job and gives it back twice.
-- Keys of jobs are built here, from the ids that come out of the lists.
-- Source: rq/queue.py dequeue_any, rq/executions.py prepare_execution, rq/worker/base.py prepare_job_execution.
-- Returns {'started', index of the queue, job id, {field, value, ...}}, {'empty'}, {'suspended'}, or {'again'} when many
-- dead ids were dropped. Errors: none of its own.
local worker, worker_executions, suspended = unpack(KEYS) -- rq:worker:<name>, ...:executions, rq:suspended; then rq:queue:<name> ...
local worker_name, execution, monitoring_s, now_iso, now, now_s = unpack(ARGV) -- now in the forms of hashes, executions, scores
-- include seconds.lua
-- include start.lua
-- include next.lua
local lives, current_job = unpack(redis.call('HMGET', worker, 'birth', 'current_job'))
return next_job(KEYS, 4, execution, lives, current_job)
