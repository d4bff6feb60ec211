-- Take the next job over several queues, in the order given, and start it; with none, the worker is idle. A
-- job is on its list or in rq:wip, never in neither. Keys of jobs are built here, from the ids on the lists.
-- Source: rq/queue.py dequeue_any, rq/executions.py prepare_execution, rq/worker/base.py
-- prepare_job_execution.
-- Returns one of
--   {'started', index of the queue, job id, {field, value, ...}}
--   {'empty', milliseconds until a job that waits for a rate may start (0: none does), index of a queue that
--       has jobs and is paused, ...}
--   {'suspended'}
--   {'again'}: many dead ids were dropped, or dependents released
-- Errors: none of its own.
-- rq:worker:<name>, its :executions, rq:suspended, rq:cq:paused; then rq:queue:<name> ...
local worker, worker_executions, suspended, paused = unpack(KEYS)
-- worker_name         its name
-- execution           the id for the execution of the job that will be started
-- resume              '1': this call was sent before and its answer was lost; '2': and take no other job
-- worker_ttl          seconds that an idle worker's hash stays, and 60 more
-- monitoring_s        seconds between heartbeats
-- lasting             '1': reused horses, as in start.lua
-- targets             seconds for each queue, as in latency.lua; '' for all other strategies
-- now_iso, now, now_s the time as hashes, executions and scores have it
local worker_name, execution, resume, worker_ttl, monitoring_s, lasting, targets, now_iso, now,
    now_s = unpack(ARGV)
-- include seconds.lua
-- include start.lua
-- include idle.lua
-- include rarely push.lua release.lua next_rarely.lua
-- include next.lua
local lives, state = unpack(redis.call('HMGET', worker, 'birth', 'state'))
local found = next_job(KEYS, after_keys, execution, lives)
if lives and state ~= 'idle' and found[1] == 'empty' then become_idle({}) end
return found
