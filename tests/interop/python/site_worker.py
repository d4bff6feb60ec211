"""The standing worker of a module of tests, and what a test asks of it: run this function, give me its value,
its failure."""

import itertools
from pathlib import Path

from rq import Queue
from rq.job import JobStatus

import stage as staging
from stage import wait_until

APPS = staging.HERE / "apps"
numbers = itertools.count(1)
OVER = {JobStatus.FINISHED, JobStatus.FAILED, JobStatus.STOPPED, JobStatus.CANCELED}
EVENT_TIMEOUT_S = int(staging.TIMEOUT_S)


class Site:
    """A worker, its database and its queues. A test sees the log from its own beginning on."""

    def __init__(self, stage, queues, options):
        self.stage = stage
        self.queues = queues
        self.options = options
        self.redis = stage.server.connect(db=stage.database)
        self.queue = Queue(queues[0], connection=self.redis)
        self.worker = None
        self.log_start = 0

    # --- Life

    def begin(self):
        if self.worker is None:
            self.redis.flushdb()
            # A name that no other worker has: channels of commands are one for all databases.
            self.worker = self.stage.worker(*self.queues, options=self.options, name=f"site-{next(numbers)}")
        self.log_start = len(self.worker.log())

    def leave(self):
        """After a test: what a sanitizer found. A worker that is gone, busy or has jobs left is ended."""
        if self.worker is not None and not self._is_idle():
            self.restart_next()
        return [finding for worker in self.stage.workers for finding in worker.findings()]

    def _is_idle(self):
        if not self.worker.running() or any(Queue(name, connection=self.redis).count for name in self.queues):
            return False
        try:
            wait_until(
                lambda: self.redis.hget(f"rq:worker:{self.worker.name}", "state") == b"idle",
                "idle",
                timeout_s=2,
            )
        except AssertionError:
            return False
        return True

    def restart_next(self):
        self.worker.end()
        self.worker = None

    def end(self):
        self.stage.end()
        self.redis.close()

    def log(self):
        """What the worker logged since the test began."""
        return self.worker.log()[self.log_start :]

    def lines(self, text):
        """The lines of the log with that text, as soon as there is one."""
        return wait_until(
            lambda: [line for line in self.log().splitlines() if text in line], f"{text!r} is in the log"
        )

    # --- Jobs

    def wait(self, *jobs):
        """Wait until they are over, whatever their end; the last one."""
        for job in jobs:
            wait_until(lambda job=job: job.get_status(refresh=True) in OVER, f"{job.description} is over")
            job.refresh()
        return jobs[-1]

    def run(self, function, *args, queue=None, **kwargs):
        """Enqueue and wait until it is over."""
        return self.wait((queue or self.queue).enqueue(function, *args, **kwargs))

    def value(self, function, *args, **kwargs):
        """What the function returned, run by the worker."""
        return self.value_of(self.run(function, *args, **kwargs))

    def value_of(self, job):
        assert job.get_status() == JobStatus.FINISHED, self.why(job)
        return job.return_value(refresh=True)

    def failure(self, function, *args, **kwargs):
        """The text that is stored with its failure."""
        return self.failure_of(self.run(function, *args, **kwargs))

    def failure_of(self, job):
        assert job.get_status() == JobStatus.FAILED, (job.get_status(), job.return_value())
        return job.latest_result().exc_string

    @staticmethod
    def why(job):
        result = job.latest_result()
        return f"{job.description} is {job.get_status()}: {result and result.exc_string}"

    # --- Events: jobs and tests tell each other what happened through lists in Redis (bakery/bell.py).

    def heard(self, name):
        """Wait until a job rings that bell; what it said."""
        answer = self.redis.blpop([f"bell:{name}"], timeout=EVENT_TIMEOUT_S)
        assert answer, f"nobody rang {name!r}; the worker's log:\n{self.log()[-4000:]}"
        return answer[1].decode()

    def ring(self, name, text=""):
        self.redis.rpush(f"bell:{name}", text)

    def noted(self, job):
        """What was noted under the job's id, in order."""
        return [note.decode() for note in self.redis.lrange(f"notes:{job.id}", 0, -1)]

    def path(self, name):
        return str(Path(self.stage.folder) / name)
