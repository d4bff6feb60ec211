"""RQ 3.0's concurrency limits, for a Redis that cq works on too: 3.0 is not released, so its keys, statuses
and steps are written down here after its development sources (rq/rate_limit.py; rq/queue.py,
_enqueue_rate_limited_job), over the classes of RQ 2.12.
"""

import time

from rq.job import Job
from rq.utils import now, utcformat

# While fewer than so many are let through, the next one of those that wait goes onto its queue; what waits no
# more is dropped.
LET_THROUGH = """
local allowed, limited = unpack(KEYS)
local concurrency, score, iso = unpack(ARGV)
if redis.call('ZCARD', allowed) >= tonumber(concurrency) then return nil end
while true do
    local id = redis.call('ZPOPMIN', limited)[1]
    if not id then return nil end
    local job = 'rq:job:' .. id
    local origin, status, front = unpack(redis.call('HMGET', job, 'origin', 'status', 'enqueue_at_front'))
    if origin and status == 'rate_limited' then
        redis.call('ZADD', allowed, score, id)
        redis.call(front == '1' and 'LPUSH' or 'RPUSH', 'rq:queue:' .. origin, id)
        redis.call('HSET', job, 'status', 'queued', 'enqueued_at', iso)
        return id
    end
end
"""


class Limit:
    """RQ 3.0's RateLimit and its registry, for one key."""

    def __init__(self, redis, key, concurrency):
        self.redis = redis
        self.key = key
        self.concurrency = concurrency
        self.config = f"rq:rl:{key}"
        self.allowed = f"rq:rl:{key}:allowed"
        self.limited = f"rq:rl:{key}:rate_limited"

    def enqueue(self, queue, function, *args, job_id=None, at_front=False, **options):
        """Queue.enqueue(..., rate_limit=RateLimit(key, concurrency))."""
        job = queue.create_job(function, args=args, job_id=job_id, **options)
        job.enqueue_at_front = at_front or None
        with self.redis.pipeline() as pipeline:
            pipeline.sadd("rq:queues", queue.key)
            pipeline.sadd("rq:rl-keys", self.key)
            pipeline.hset(self.config, "concurrency", self.concurrency)
            job.save(pipeline=pipeline)
            pipeline.hset(
                job.key,
                mapping={
                    "status": "rate_limited",
                    "rate_limit_key": self.key,
                    "rate_limit_concurrency": self.concurrency,
                },
            )
            job.cleanup(ttl=job.ttl, pipeline=pipeline)
            pipeline.zadd(self.limited, {job.id: time.time()})
            pipeline.execute()
        self.let_through(self.concurrency)
        return job

    def let_through(self, concurrency):
        return self.redis.eval(
            LET_THROUGH, 2, self.allowed, self.limited, concurrency, time.time(), utcformat(now())
        )

    def end(self, job_id):
        """What its worker does when a job ended: the number is the key's, not the job's."""
        self.redis.zrem(self.allowed, job_id)
        self.let_through(int(self.redis.hget(self.config, "concurrency") or 0))

    def clean(self):
        """Its maintenance. A job that is neither queued nor started has no claim to its slot."""
        for job_id in self.redis.zrange(self.allowed, 0, -1):
            if self.redis.hget(Job.key_for(job_id.decode()), "status") not in (b"queued", b"started"):
                self.end(job_id)
        if self.let_through(int(self.redis.hget(self.config, "concurrency") or 0)):
            return
        if not self.redis.exists(self.allowed, self.limited):
            self.redis.srem("rq:rl-keys", self.key)
            self.redis.delete(self.config)

    def held(self):
        return [job_id.decode() for job_id in self.redis.zrange(self.allowed, 0, -1)]

    def waiting(self):
        return [job_id.decode() for job_id in self.redis.zrange(self.limited, 0, -1)]
