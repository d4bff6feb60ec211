-- Take the next job over several queues, in the order given, and start it; with none, the worker is idle. A job is on its
-- list or in rq:wip, never in neither.
-- Keys of jobs are built here, from the ids that come out of the lists.
-- Source: rq/queue.py dequeue_any, rq/executions.py prepare_execution, rq/worker/base.py prepare_job_execution.
-- Returns {'started', index of the queue, job id, {field, value, ...}}, {'empty', milliseconds until a job that waits for a rate may
-- start (0: none does), index of a queue that has jobs and is paused, ...},
-- {'suspended'}, or {'again'} when many dead ids were dropped, or dependents released. Errors: none of its own.
-- rq:worker:<name>, ...:executions, rq:suspended, rq:cq:paused; then rq:queue:<name> ...
local worker, worker_executions, suspended, paused = unpack(KEYS)
-- resume '1': sent before, answer lost. lasting: as in start.lua. targets: as in latency.lua. now: in the forms of hashes, executions, scores.
local worker_name, execution, resume, worker_ttl, monitoring_s, lasting, targets, now_iso, now, now_s = unpack(ARGV)
-- include seconds.lua
-- include start.lua
-- include idle.lua
-- include rarely push.lua release.lua next_rarely.lua
-- include next.lua
local lives, state = unpack(redis.call('HMGET', worker, 'birth', 'state'))
local found = next_job(KEYS, after_keys, execution, lives)
if lives and state ~= 'idle' and found[1] == 'empty' then become_idle({}) end
return found
