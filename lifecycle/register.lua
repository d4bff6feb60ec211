-- Go on with registering a job that has many dependencies with them: parts/register.lua. Each call looks at a
-- part; the last one queues the job when there is nothing left to wait for.
-- Returns 1 when there is more, else 0; where some of those it looked at do not exist, {that, how many, the
-- first one}.
-- Errors: none of its own.
-- No keys: what a dependency's name makes of them is known here only.
local id, queue, now_iso, now, now_s = unpack(ARGV)
-- include seconds.lua
-- include push.lua
-- include release.lua
local _, all, missing = register_some(id, queue)
if all then release_one(id) end
local more = all and 0 or 1
return #missing > 0 and {more, #missing, missing[1]} or more
