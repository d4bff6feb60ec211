"""A Python that has neither rq nor redis: plain jobs run, and `cq` tells them who they are."""

import json
import subprocess
import sys
import zlib

import pytest
from rq import Queue, Retry
from rq.job import JobStatus
from rq.results import Result
from rq.serializers import JSONSerializer

from plain_names import name_of

pytestmark = pytest.mark.cq_only


@pytest.fixture(scope="module")
def bare(session_folder):
    """An interpreter with nothing installed."""
    folder = session_folder / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder / "bin" / "python"


@pytest.fixture
def run(stage, bare):
    """Run a worker with that interpreter until all is done; its log."""

    def run(*options):
        return stage.burst(options=options, python=bare).log()

    return run


def test_functions_run_and_nothing_is_imported_for_them(run, queue):
    jobs = [
        queue.enqueue("plain.work.add", 1, 2),
        queue.enqueue("plain.work.later", "soon"),
        queue.enqueue("plain.work.outside"),
        queue.enqueue("plain.work.installed"),
        queue.enqueue("len", [1, 2]),
    ]
    run()
    assert [job.return_value() for job in jobs[:2]] == [3, "soon"]
    assert "rq" not in jobs[2].return_value() and "redis" not in jobs[2].return_value()
    assert jobs[3].return_value() == [False, False]
    assert jobs[4].return_value() == 2


@pytest.mark.parametrize("serializer", [None, JSONSerializer], ids=["pickle", "json"])
def test_the_current_job_tells_all_of_itself(run, redis, serializer):
    queue = Queue("default", connection=redis, serializer=serializer)
    job = queue.enqueue(
        "plain.work.about", job_timeout=33, meta={"n": 1}, description="mine", job_id="bare-1"
    )
    run()
    value = job.return_value()
    assert value.pop("worker")
    assert value == {
        "id": "bare-1",
        "queue": "default",
        "name": "plain.work.about",
        "args": [],
        "kwargs": {},
        "meta": {"n": 1},
        "timeout": 33,
        "description": "mine",
    }


def test_progress_and_meta_are_stored(run, queue):
    job, unsaved = (
        queue.enqueue("plain.work.progress", 4, meta={"from": "producer"}),
        queue.enqueue("plain.work.unsaved", "kept"),
    )
    run()
    assert job.return_value() == 1
    assert job.get_meta() == {"from": "producer", "progress": 1, "progress_text": "step 4", "own": [1, 2]}
    assert unsaved.get_meta() == {"key": "kept"}  # cq's own meta is stored with the outcome


def test_classes_of_the_application_travel(run, queue, monkeypatch):
    thing = name_of("plain.work", "Thing", monkeypatch)("a loaf")
    jobs = [queue.enqueue(thing.say), queue.enqueue("copy.copy", thing)]
    run()
    assert jobs[0].return_value() == "I am a loaf"
    assert jobs[1].return_value() == thing


def test_failures_timeouts_and_retries(run, queue):
    failing, unknown = queue.enqueue("plain.work.fail", "no flour"), queue.enqueue("plain.work.no_such")
    slow, too_slow = (
        queue.enqueue("plain.work.slow", job_timeout=300),
        queue.enqueue("plain.work.too_slow", job_timeout=1),
    )
    again, retried = (
        queue.enqueue("plain.work.again", 2),
        queue.enqueue("plain.work.fail", "twice", retry=Retry(max=1)),
    )
    run()
    assert failing.latest_result().exc_string.startswith("Traceback (most recent call last):")
    assert failing.latest_result().exc_string.endswith("LookupError: no flour\n")
    assert "Invalid attribute name: plain.work.no_such" in unknown.latest_result().exc_string
    assert slow.return_value() == "in time: Task exceeded maximum timeout value (300 seconds)"
    assert (
        "JobTimeoutException: Task exceeded maximum timeout value (1 seconds)"
        in too_slow.latest_result().exc_string
    )
    assert (again.get_status(), again.number_of_retries) == (JobStatus.FAILED, None)
    again.refresh()
    assert again.number_of_retries == 2
    assert (retried.get_status(), queue.fetch_job(retried.id).retries_left) == (JobStatus.FAILED, 0)


def test_lines_for_the_log(run, queue):
    job = queue.enqueue("plain.work.say", "good morning")
    lines = run().splitlines()
    assert [line for line in lines if "said: good morning" in line and job.id in line]
    assert [line for line in lines if "warned: good morning" in line and "WARNING" in line]


def test_what_needs_rq_fails_and_says_so(run, queue):
    jobs = [
        queue.enqueue("plain.work.uses_rq"),
        queue.enqueue("plain.work.add", 1, 2, on_success="plain.work.add"),
        queue.enqueue("bakery.current.about"),
    ]
    good = queue.enqueue("plain.work.add", 1, 2)
    run()
    assert "ModuleNotFoundError: No module named 'rq'" in jobs[0].latest_result().exc_string
    assert [job.get_status() for job in jobs] == [JobStatus.FAILED] * 3
    assert "rq" in jobs[2].latest_result().exc_string.splitlines()[-1]
    assert good.return_value() == 3


def test_a_producer_that_has_never_heard_of_rq_either(run, redis):
    """What any program in any language can write."""
    redis.hset(
        "rq:job:foreign",
        mapping={
            "created_at": "2026-01-01T00:00:00.000000Z",
            "enqueued_at": "2026-01-01T00:00:00.000000Z",
            "origin": "default",
            "status": "queued",
            "timeout": "30",
            "data": zlib.compress(json.dumps(["plain.work.add", None, [1], {"b": 2}]).encode()),
        },
    )
    redis.rpush("rq:queue:default", "foreign")
    run()
    ((_, entry),) = redis.xrange("rq:results:foreign")
    assert (
        Result.restore("foreign", "1-0", entry, connection=redis, serializer=JSONSerializer).return_value == 3
    )
