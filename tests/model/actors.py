"""Who acts on the Redis of the model: cq's transitions through the driver, and RQ in this process, both by
the model's clock."""

import contextlib
import os
import pickle
import subprocess
import sys
import uuid
import zlib
from datetime import datetime, timezone

import redis
import rq
import rq.scheduler
import rq.worker
from rq import Queue, SimpleWorker
from rq.scheduler import RQScheduler

DATA = zlib.compress(pickle.dumps(("jobs.run", None, (), {}), protocol=5)).hex()


class Clock:
    """The time of everybody: RQ's modules ask here, and the driver is told."""

    def __init__(self):
        self.now = 0
        self.calls = 0  # of cq since: each is a microsecond later
        self.state = None  # of the model, which is to know the moment
        for name, module in list(sys.modules.items()):
            if name == "rq" or name.startswith("rq."):
                if hasattr(module, "now"):
                    module.now = lambda: datetime.fromtimestamp(self.now, timezone.utc)
                if hasattr(module, "current_timestamp"):
                    module.current_timestamp = lambda: self.now


class Driver:
    """cq's transitions: one line to the driver, its answer as words."""

    def __init__(self, program, socket, clock):
        self.clock = clock
        self.process = subprocess.Popen(
            [program, socket], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __call__(self, verb, **words):
        self.clock.calls += 1
        self.clock.state.stamp = self.clock.calls
        line = " ".join(
            [
                verb,
                f"now={self.clock.now * 1000000 + self.clock.calls}",
                *(
                    f"{name}={int(value) if isinstance(value, bool) else value}"
                    for name, value in words.items()
                    if value is not None
                ),
            ]
        )
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().split()
        if not answer:
            raise AssertionError(f"the driver died of: {line}")
        return answer

    def end(self):
        self.process.stdin.close()
        self.process.wait(10)


class Rq:
    """RQ's own steps, in this process."""

    def __init__(self, connection):
        self.connection = connection
        self.workers = 0

    def queue(self, name):
        return Queue(name, connection=self.connection)

    def job(self, job_id):
        return rq.job.Job.fetch(job_id, connection=self.connection)

    def run_one(self, queues, environment):
        """A worker that is born, runs one job in this process, and dies. Returns the job's id."""
        self.workers += 1
        worker = SimpleWorker(
            [self.queue(name) for name in queues], name=f"rq{self.workers}", connection=self.connection
        )
        worker.register_birth()
        worker.last_cleaned_at = rq.utils.now()  # its maintenance is a step of its own
        os.environ.update(environment)
        try:
            found = worker.dequeue_job_and_maintain_ttl(None)
            if found:
                worker.execute_job(*found)
        finally:
            for name in environment:
                del os.environ[name]
            worker.register_death()
        return found[0].id if found else None

    def schedule_due(self, queues):
        scheduler = RQScheduler([self.queue(name) for name in queues], connection=self.connection)
        scheduler.acquire_locks()
        scheduler.enqueue_scheduled_jobs()
        scheduler.release_locks()

    def clean(self, queue):
        rq.registry.clean_registries(self.queue(queue))


class Server:
    """A redis-server of our own, in a folder of our own."""

    def __init__(self, folder):
        self.socket = os.path.join(folder, "redis.sock")
        self.process = subprocess.Popen(
            [
                "redis-server",
                "--port",
                "0",
                "--unixsocket",
                self.socket,
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
                folder,
            ],
            stdout=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
        )
        self.connection = redis.Redis(unix_socket_path=self.socket)
        while True:
            with contextlib.suppress(redis.exceptions.ConnectionError):
                self.connection.ping()
                break
            if self.process.poll() is not None:
                raise AssertionError("redis-server ended at once")

    def end(self):
        self.process.terminate()
        self.process.wait(10)


def new_execution(chance):
    return uuid.UUID(int=chance.getrandbits(128), version=4).hex
