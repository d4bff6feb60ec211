"""What the soak enqueues by `cq enqueue`: jobs that wait for others, for their time, for a slot; some of the
commands are killed."""

import subprocess
import time
from dataclasses import dataclass, field

from soak_processes import CQ, QUEUES, kill

FUNCTIONS = {
    "jobs.trace": None,
    "soak_jobs.trace": "soak_jobs.called",
}  # native, Python; and who is called back
CANCELED_MOST = 12


@dataclass
class Job:
    retries: int = 0
    repeats: int = 0
    parents: list = field(default_factory=list)
    calls_back: bool = False
    is_sure: bool = True  # its enqueuer said so, and was not killed before


class Client:
    """One command after the other, as a user at a terminal."""

    def __init__(self, soak):
        self.soak, self.random, self.count = soak, soak.random, 0
        self.canceled = set()
        self.statuses = []

    def run(self, *words):
        """True: it said that it did it; None: it was killed, or Redis was away."""
        process = subprocess.Popen(
            [CQ, words[0], "--url", f"unix://{self.soak.server.path}?socket_timeout=1", *words[1:]],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
        )
        if self.random.random() < 0.2:
            time.sleep(self.random.random() * 0.02)
            kill(process.pid)
        said = process.communicate(timeout=60)[1].decode(errors="replace")
        if process.returncode not in (0, 1, 4, -9):
            self.statuses.append(f"cq {' '.join(map(str, words))} ended with {process.returncode}: {said}")
        return True if process.returncode == 0 else None

    def enqueue(self):
        chance = self.random
        job_id = f"told-{self.count}"
        self.count += 1
        job = Job()
        function = chance.choice(list(FUNCTIONS))
        words = [
            "--job-id",
            job_id,
            "-q",
            chance.choice(QUEUES),
            "-S",
            "json",
            "--result-ttl",
            "86400",
            "--timeout",
            "60",
            "--quiet",
        ]
        if chance.random() < 0.4:
            known = list(self.soak.jobs)[-20:]
            job.parents = chance.sample(known, min(len(known), chance.choice([1, 1, 2, 3])))
            words += [
                "--allow-failure",
                *[word for parent in job.parents for word in ("--depends-on", parent)],
            ]
        elif chance.random() < 0.3:
            words += ["--schedule-in", str(chance.choice([0, 1, 2]))]
        if chance.random() < 0.2:
            job.retries = 2
            words += [
                "--retry-max",
                "2",
                *chance.choice([[], ["--retry-interval", "1"], ["--retry-backoff", "1s..2s"]]),
            ]
        if chance.random() < 0.2:
            job.repeats = chance.choice([1, 2])
            words += ["--repeat", str(job.repeats), *chance.choice([[], ["--repeat-interval", "1"]])]
        if chance.random() < 0.3:
            words += [
                "--rate-limit-key",
                chance.choice(["one", "two"]),
                "--rate-limit-concurrency",
                chance.choice("12"),
            ]
        if FUNCTIONS[function] and chance.random() < 0.5:
            job.calls_back = True
            words += ["--on-success", FUNCTIONS[function]]
        job.is_sure = (
            self.run("enqueue", *words, function, self.soak.record, f":{chance.choice([0, 0, 1, 20])}")
            is True
        )
        self.soak.jobs[job_id] = job

    def cancel(self):
        """Cancel one of the newest; a job that waits for it alone is released."""
        if self.soak.jobs and len(self.canceled) < CANCELED_MOST:
            job_id = self.random.choice(list(self.soak.jobs)[-10:])
            self.canceled.add(job_id)
            self.run("cancel", "--enqueue-dependents", job_id)


def free_locks(soak):
    """A lock outlives its scheduler by a minute, for which nobody waits here."""
    for queue in QUEUES:
        lock = f"rq:scheduler-lock:{queue}"
        owner = soak.server.call("GET", lock)
        if owner and int(owner) % 10000000 not in [
            worker.process.pid for worker in soak.workers if worker.process and worker.alive()
        ]:
            soak.server.call("DEL", lock)


def waits_for_ever(soak, job_id, seen=()):
    """May it stay deferred: is something that it waits for canceled or stopped, or deferred for such a
    reason?"""
    for parent in soak.jobs[job_id].parents:
        status = (soak.server.call("HGET", f"rq:job:{parent}", "status") or b"").decode()
        if (
            status in ("canceled", "stopped")
            or status == "deferred"
            and parent not in seen
            and waits_for_ever(soak, parent, (*seen, job_id))
        ):
            return True
    return False


def is_done(soak):
    """Nothing waits that will ever come."""
    call = soak.server.call
    if any(call("ZCARD", f"rq:scheduled:{queue}") for queue in QUEUES) or call("EXISTS", "rq:rl-keys"):
        return False
    return all(
        waits_for_ever(soak, job_id.decode())
        for queue in QUEUES
        for job_id in call("ZRANGE", f"rq:deferred:{queue}", 0, -1)
    )
