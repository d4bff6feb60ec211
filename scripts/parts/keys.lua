-- Every key that scripts build, and the prefix of all of them. job/keys.c builds those of C, by the same
-- names. scripts/keys.awk writes these functions out where they are called, so that none of them costs a
-- script a call or a definition: each is one line, and takes names or plain expressions. The prefix stays one
-- line, the first of a script. Who writes a key and when it goes is in docs/REDIS.md.
-- Source: rq/job.py, rq/queue.py, rq/registry.py, rq/worker.
local prefix = 'rq:'

-- Queues and registries. kind: wip finished failed deferred scheduled canceled ready. key_seen: of clean.lua.
local function key_queues() return prefix .. 'queues' end
local function key_queue(queue) return prefix .. 'queue:' .. queue end
local function key_intermediate(queue) return prefix .. 'queue:' .. queue .. ':intermediate' end
local function key_seen(queue, id) return prefix .. 'queue:' .. queue .. ':intermediate:first_seen:' .. id end
local function key_registry(kind, queue) return prefix .. kind .. ':' .. queue end
local function key_clean_lock(queue) return prefix .. 'clean_registries:' .. queue end
local function key_scheduler_lock(queue) return prefix .. 'scheduler-lock:' .. queue end

-- Jobs. member: <job id>:<execution id>, as in rq:wip:<queue>. RQ adds a colon to a prefix that ends in one:
-- rq:job::.
local function key_job(id) return prefix .. 'job:' .. id end
local function key_dependents(id) return prefix .. 'job:' .. id .. ':dependents' end
local function key_dependencies(id) return prefix .. 'job::' .. id .. ':dependencies' end
local function key_results(id) return prefix .. 'results:' .. id end
local function key_execution(member) return prefix .. 'execution:' .. member end
local function key_executions(id) return prefix .. 'executions:' .. id end
local function key_groups() return prefix .. 'groups' end
local function key_group(name) return prefix .. 'group:' .. name end

-- Workers, and RQ's cron.
local function key_worker(name) return prefix .. 'worker:' .. name end
local function key_worker_executions(name) return prefix .. 'worker:' .. name .. ':executions' end
local function key_pubsub(worker) return prefix .. 'pubsub:' .. worker end
local function key_cron_scheduler(name) return prefix .. 'cron_scheduler:' .. name end
local function key_cron_jobs() return prefix .. 'cron_jobs' end

-- Limits of RQ 3: how many jobs of a rate_limit_key may be queued or running.
local function key_rate_limit_keys() return prefix .. 'rl-keys' end
local function key_rate_limit(key) return prefix .. 'rl:' .. key end
local function key_allowed(key) return prefix .. 'rl:' .. key .. ':allowed' end
local function key_rate_limited(key) return prefix .. 'rl:' .. key .. ':rate_limited' end

-- cq's own. key_limit: what `cq limit` has set; key_starts, key_waiting, key_waiting_of: windows.lua;
-- key_aside, key_releasing: release.lua; key_unregistered: register.lua.
local function key_output(id) return prefix .. 'cq:output:' .. id end
local function key_limits() return prefix .. 'cq:limits' end
local function key_limit(key) return prefix .. 'cq:limit:' .. key end
local function key_starts(key) return prefix .. 'cq:starts:' .. key end
local function key_waiting() return prefix .. 'cq:waiting' end
local function key_waiting_of(key) return prefix .. 'cq:waiting:' .. key end
local function key_releasing(queue) return prefix .. 'cq:releasing:' .. queue end
local function key_aside(name) return prefix .. 'cq:dependents:' .. name end
local function key_unregistered(id) return prefix .. 'cq:dependencies:' .. id end
local function key_cron_paused() return prefix .. 'cq:cron:paused' end
