-- One round of a queue's recovery, in four steps:
--   parts/judge.lua    judges executions whose heartbeat stopped
--   parts/release.lua  releases dependents that an earlier call left deferred
--   parts/repair.lua   gives back slots of limits that no worker would give back
--   parts/windows.lua  brings back jobs that waited for their rate
-- Returns {{job id, execution id, verdict, calls, ...}, 1 when there is more to do}.
--   verdict: retried failed requeued dropped
--   calls: 1 when the attempt failed and the job has a failure callback, which the caller then runs. RQ runs
--       it before it decides; here the job has its new place first.
-- Errors: none of its own.
-- rq:wip:<queue>, rq:queue:<queue>, rq:queue:<queue>:intermediate
local wip, list, intermediate = unpack(KEYS)
-- queue               its name
-- requeue             '1': put the jobs back to the front of it
-- limit               executions of a call
-- exc                 base64 of zlib of the text for jobs that fail
-- now_iso, now, now_s the time as hashes, executions and scores have it
local queue, requeue, limit, exc, now_iso, now, now_s = unpack(ARGV)
-- include seconds.lua
-- include delete.lua
-- include push.lua
-- include release.lua
-- include result.lua
-- include fail.lua
-- include repair.lua
-- include windows.lua
-- include judge.lua
local judged, more = judge_overdue()
release_some(queue)
repair_slots(now_iso, now_s)
wake_waiting()
more = more or redis.call('EXISTS', key_releasing(queue)) == 1
return {judged, more and 1 or 0}
