"""Jobs in RQ's layout, as RQ's workers and cq's take them: put there quickly, and looked at when they are
done."""

import time
import uuid
from datetime import datetime

import redis
from rq import Queue

from link import encode

PLACEHOLDER = b"00000000-0000-4000-8000-000000000000"
QUEUE, STAGED, DONE = b"rq:queue:default", b"bench:staged", b"rq:finished:default"


def epoch(moment):
    return datetime.fromisoformat(moment.decode().replace("Z", "+00:00")).timestamp()


class RqJobs:
    def __init__(self, server, module):
        self.link, self.module = server.link, module
        self.client = redis.Redis(unix_socket_path=server.path)
        self.templates = {}
        self.base = 0  # jobs finished before those that were prepared last

    def hash_of(self, function):
        """The command that makes a job: RQ enqueues one itself, ours are its copies with another id."""
        if function not in self.templates:
            job = Queue("default", connection=self.client).enqueue(
                f"{self.module}.{function}", job_id=PLACEHOLDER.decode()
            )
            fields = [word for pair in self.client.hgetall(job.key).items() for word in pair]
            self.templates[function] = encode("HSET", b"rq:job:" + PLACEHOLDER, *fields)
            job.delete()
            self.client.srem("rq:queues", "rq:queue:default")
        return self.templates[function]

    def learn(self, functions):
        """Before a worker listens, or it would take the templates."""
        for function in functions:
            self.hash_of(function)
        self.client.close()

    def prepare(self, function, count):
        """Everything but the queue's list is there afterwards."""
        ids = [str(uuid.uuid4()).encode() for _ in range(count)]
        template = self.hash_of(function)
        self.link.ask("SADD", "rq:queues", QUEUE)
        self.link.ask_all([template.replace(PLACEHOLDER, job_id) for job_id in ids])
        self.link.ask("RPUSH", STAGED, *ids)
        self.base = self.link.ask("ZCARD", DONE)
        return ids

    def release(self):
        """All prepared jobs are on the queue at one instant."""
        self.link.ask("RENAME", STAGED, QUEUE)

    def finished(self):
        return self.link.ask("ZCARD", DONE) - self.base

    def ends(self, ids):
        """When each job ended, in epoch seconds; fails unless each is finished and has a stored
        result."""
        asked = [encode("HMGET", b"rq:job:" + job_id, "status", "ended_at") for job_id in ids]
        asked += [encode("XLEN", b"rq:results:" + job_id) for job_id in ids]
        answers = self.link.ask_all(asked)
        hashes, results = answers[: len(ids)], answers[len(ids) :]
        if any(status != b"finished" for status, _ in hashes) or any(length != 1 for length in results):
            raise SystemExit("bench: a job is not finished, or has no result")
        return [epoch(ended) for _, ended in hashes]

    def probe(self, function):
        """Seconds from enqueueing a job to the news of its result."""
        job_id = str(uuid.uuid4()).encode()
        text = (
            self.hash_of(function).replace(PLACEHOLDER, job_id)
            + encode("RPUSH", QUEUE, job_id)
            + encode("XREAD", "BLOCK", 30000, "STREAMS", b"rq:results:" + job_id, "0-0")
        )
        start = time.perf_counter()
        self.link.send(text, 3)
        *_, news = [self.link.answer() for _ in range(3)]
        if news is None:
            raise SystemExit("bench: no result within 30 s")
        return time.perf_counter() - start
