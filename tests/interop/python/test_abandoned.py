"""Jobs whose worker was killed: the next worker finds them, with all that RQ does then (its documentation:
Results, "Dealing with Interruptions"; Exceptions, "AbandonedJobError")."""

import json
import os
import signal
import time

import pytest
from rq import Callback, Retry
from rq.job import Dependency, JobStatus

from bakery import current, events, flow
from stage import TIMEOUT_S, descendants, process_is_alive, wait_until


@pytest.fixture
def abandoned(stage, redis, queue):
    """Run a job until it is in its function, kill its worker, and let its heartbeat pass; the job."""

    def abandoned(function=current.hold, **options):
        job = queue.enqueue(function, **options)
        worker = stage.worker(ready=False)
        assert redis.blpop(["bell:running"], timeout=int(TIMEOUT_S))
        below = descendants(worker.pid)
        worker.kill()
        for pid in below if worker.kind == "rq" else ():  # RQ's horse runs on
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not any(map(process_is_alive, below)), "nothing of the worker is left")
        for member in redis.zrange("rq:wip:default", 0, -1):
            redis.zadd("rq:wip:default", {member: int(time.time()) - 1})
        return job

    return abandoned


def notes(redis, job):
    return [json.loads(note) for note in redis.lrange(f"notes:{job.id}", 0, -1)]


def test_it_fails_and_its_failure_callback_is_called(stage, redis, queue, abandoned):
    job = abandoned(on_failure=Callback(events.failure), on_success=events.success, on_stopped=events.stopped)
    stage.burst()
    assert job.get_status() == JobStatus.FAILED and job in queue.failed_job_registry
    assert "AbandonedJobError" in job.latest_result().exc_string
    (note,) = notes(redis, job)
    assert (note["what"], note["type"], note["ping"]) == ("failure", "AbandonedJobError", True)


def test_its_dependents_that_allow_failure_follow(stage, queue, abandoned):
    job = abandoned(job_id="abandoned")
    child = queue.enqueue("bakery.tasks.add", 1, 2, depends_on=Dependency(jobs=[job], allow_failure=True))
    stage.burst()
    assert child.get_status() == JobStatus.FINISHED


def test_it_is_run_again_when_retries_are_left(stage, redis, queue, abandoned):
    job = abandoned(retry=Retry(max=1), on_failure="bakery.events.failure")
    redis.rpush("bell:go", "on")
    stage.burst()
    assert (job.get_status(), job.return_value()) == (JobStatus.FINISHED, "on")
    assert [note["type"] for note in notes(redis, job)] == ["AbandonedJobError"]


@pytest.mark.cq_only
@pytest.mark.parametrize(
    "callback",
    [
        events.failure_raises,
        events.exits,
        "bakery.events.no_such",
        Callback(events.failure_sleeps, timeout=1),
    ],
)
def test_a_callback_that_fails_changes_nothing(stage, queue, abandoned, callback):
    # RQ's worker leaves such a job where it is, and tries again at each cleaning.
    job = abandoned(on_failure=callback)
    stage.burst()
    assert job.get_status() == JobStatus.FAILED and job in queue.failed_job_registry
    assert queue.started_job_registry.count == 0


@pytest.mark.cq_only
def test_a_running_worker_finds_it(stage, redis, queue):
    witness = stage.worker(name="witness")
    job = queue.create_job(flow.left, on_failure=Callback(events.failure))
    job.set_status(JobStatus.STARTED)
    job.save()
    redis.zadd("rq:wip:default", {f"{job.id}:{'0' * 32}": int(time.time()) - 1})
    wait_until(
        lambda: job.get_status(refresh=True) == JobStatus.FAILED, "the witness failed it", timeout_s=40
    )
    wait_until(
        lambda: [note["type"] for note in notes(redis, job)] == ["AbandonedJobError"],
        "its callback was called",
    )
    assert witness.running()
