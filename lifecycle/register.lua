-- Continue to register a job that has many dependencies (parts/register.lua). Each call looks at a part of
-- them. The last call queues the job when it has nothing left to wait for.
-- Returns 1 when there is more, else 0. Where dependencies that it looked at do not exist: {that, how many,
-- the first one}.
-- Errors: none of its own.
-- No keys: they are built here, from the ids of the dependencies.
local id, queue, now_iso, now, now_s = unpack(ARGV)
-- include seconds.lua
-- include push.lua
-- include release.lua
local _, all, missing = register_some(id, queue)
if all then release_one(id) end
local more = all and 0 or 1
return #missing > 0 and {more, #missing, missing[1]} or more
